/** Which tables of an archive a pipeline loads, and why it leaves the others out. */

import { count } from "../core/progress.ts";
import type { SeenTable } from "../guess/look.ts";

/** The tables that get a flow. */
export const tablesToLoad = (tables: readonly SeenTable[]): SeenTable[] =>
  tables.filter((table) => whyNot(table, tables) === undefined);

/** A sentence for each of the others: "multimedia has no records and was left out." */
export const leftOut = (tables: readonly SeenTable[]): string[] =>
  tables.flatMap((table) => {
    const why = whyNot(table, tables);
    return why === undefined ? [] : [`${table.name} ${why.is} and was left out${why.detail}`];
  });

/** Why there is nothing to make a pipeline of, in a sentence: that of the first table. */
export const nothingToLoad = (tables: readonly SeenTable[]): string => {
  const [first] = tables;
  const why = first && whyNot(first, tables);
  return first?.problem ?? (why ? `${first.name} ${why.is}${why.detail}` : "It has no table.");
};

interface Why {
  readonly is: string;
  /** The end of the sentence. */
  readonly detail: string;
}

const whyNot = (table: SeenTable, tables: readonly SeenTable[]): Why | undefined => {
  const { problem, rows, damaged, damage } = table;
  if (problem !== undefined) return { is: "cannot be read", detail: `: ${problem}` };
  if (rows === 0) {
    if (damaged === 0) return { is: "has no records", detail: "." };
    return { is: `has only damaged records (${count(damaged)})`, detail: `: ${damage}` };
  }
  return isCoreAgain(table, tables)
    ? {
        is: `has the records of ${tables[0]?.name} once more, as they were published,`,
        detail: ".",
      }
    : undefined;
};

/** Whether a table has the core's records a second time: `verbatim` has the row type of the core. */
export const isCoreAgain = (table: SeenTable, [core]: readonly SeenTable[]): boolean =>
  core !== undefined && core !== table && core.row_type === table.row_type && core.rows > 0;
