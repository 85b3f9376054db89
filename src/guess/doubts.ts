/** What a column nearly is, and what keeps it from that: people decide. */

import { count } from "../core/progress.ts";
import { nearlyIdOf, type Types, tieOf } from "./choices.ts";
import type { Few, GuessedColumn } from "./column-guess.ts";
import type { SeenTable } from "./look.ts";

/** Why a column is text: `because of 2 values that are no number, such as "env. 300"`. */
export const whyText = (column: GuessedColumn, types: Types): string | undefined => {
  if (types.get(column) !== "text") return undefined;
  const { noNumbers, noDates } = column;
  if (noNumbers) return because(noNumbers, "number");
  return noDates && because(noDates, "date");
};

const because = ({ count: others, first }: Few, what: "number" | "date"): string =>
  others === 1
    ? `because of one value that is no ${what}: ${shown(first)}`
    : `because of ${count(others)} values that are no ${what}, such as ${shown(first)}`;

/** A sentence or two for each column of a table that is not what it nearly is; `named` is its name. */
export const doubtsOf = (
  table: SeenTable,
  types: Types,
  named: (column: GuessedColumn) => string,
): string[] => [
  ...table.columns.flatMap((column) => {
    const why = whyText(column, types);
    return why === undefined ? [] : [`\`${named(column)}\` is text ${why}. ${remedy(column)}`];
  }),
  ...keyDoubt(table, named),
];

const remedy = ({ noNumbers, isDayFirst }: GuessedColumn): string => {
  const step = noNumbers ? "`parse_numbers`" : "`parse_dates`";
  const option = !noNumbers && isDayFirst ? " with `day_first: true`" : "";
  return `${step}${option} would read the others, and set such records aside.`;
};

/** A tie to the core that tells no records apart has a sentence of its own. */
const keyDoubt = (table: SeenTable, named: (column: GuessedColumn) => string): string[] => {
  const column = nearlyIdOf(table);
  if (column === undefined || column === tieOf(table)) return [];
  const empty = table.rows - column.filled;
  const reasons = [
    ...(column.repeated ? [again(column.repeated)] : []),
    ...(empty > 0 ? [`${count(empty)} ${empty === 1 ? "record has" : "records have"} none`] : []),
  ];
  return [`\`${named(column)}\` cannot be the \`primary_key\`: ${reasons.join(", and ")}.`];
};

const again = ({ count: times, first }: Few): string =>
  times === 1
    ? `${shown(first)} is there twice`
    : `${count(times)} values are there again, such as ${shown(first)}`;

const shown = (value: string): string =>
  JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);

/** Characters of a value that are shown. */
const LONGEST = 40;
