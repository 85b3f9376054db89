/** What a column nearly is, and what keeps it from that: people decide. */

import { count } from "../core/progress.ts";
import { commasOf, datesOf, isOfNames, nearlyIdOf, type Types, tieOf } from "./choices.ts";
import type { Few, GuessedColumn } from "./column-guess.ts";
import type { SeenTable } from "./look.ts";

/** Why a column is text: `because of 2 values that are no number, such as "env. 300"`. */
export const whyText = (column: GuessedColumn, types: Types): string | undefined => {
  const { noNumbers, hasDecimalComma } = column;
  if (noNumbers === undefined || hasDecimalComma || isOfNames(column)) return undefined;
  return types.get(column) === "text" ? `because of ${values(noNumbers, "number")}` : undefined;
};

/** Values of which a run sets the records aside, by the code of the reject. */
export const setAside = (table: SeenTable): ReadonlyMap<string, number> => {
  const numbers = commasOf(table).reduce((sum, { noNumbers }) => sum + (noNumbers?.count ?? 0), 0);
  return new Map([
    ["bad_date", datesOf(table)?.noDates?.count ?? 0],
    ["bad_number", numbers],
  ]);
};

const values = ({ count: others, first }: Few, what: "number" | "date"): string =>
  others === 1
    ? `one value that is no ${what}: ${shown(first)}`
    : `${count(others)} values that are no ${what}, such as ${shown(first)}`;

/** A sentence or two for each column of a table that is not what it nearly is; `named` is its name. */
export const doubtsOf = (
  table: SeenTable,
  types: Types,
  named: (column: GuessedColumn) => string,
): string[] => {
  const dates = datesOf(table);
  return [
    ...table.columns.flatMap((column) => {
      const { noDates, noNumbers, hasDecimalComma } = column;
      const why = whyText(column, types);
      if (why !== undefined) {
        return `\`${named(column)}\` is text ${why}. \`parse_numbers\` would read the others, and set such records aside.`;
      }
      if (column === dates && noDates)
        return aside(named(column), values(noDates, "date"), "bad_date");
      return hasDecimalComma && noNumbers
        ? aside(named(column), values(noNumbers, "number"), "bad_number")
        : [];
    }),
    ...keyDoubt(table, named),
  ];
};

const aside = (name: string, has: string, code: string): string =>
  `\`${name}\` has ${has}. A run sets such records aside (\`${code}\`).`;

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
