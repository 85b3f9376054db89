/** Records as people read them on a terminal. */

import { cut, isReadable, type Table, tableLines, wrapped } from "./table.ts";

export interface Records {
  readonly names: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Where each comes from; they are numbered where that is not known. */
  readonly places?: readonly string[];
}

/** Columns by their numbers. */
type Columns = readonly number[];

/**
 * A table where the terminal is wide enough, if need be without columns that have no value here, or without
 * some of the last; else the records below each other, a line per value. What is not seen is said.
 */
export const recordLines = (records: Records, width: number): string[] => {
  if (records.rows.length === 0) return [];
  const all = records.names.map((_, column) => column);
  const filled = all.filter((column) => records.rows.some((row) => row[column] != null));
  const table = [all, filled, ...fewer(records, filled)].find((columns) =>
    isReadable(tableOf(records, columns), width),
  );
  const shown = table ?? filled;
  const draw = (space: number) =>
    table
      ? tableLines(tableOf(records, table), { width: space })
      : listLines(records, filled, space);
  const lines = draw(width);
  const isCut = lines.join() !== draw(Number.POSITIVE_INFINITY).join();
  const namesOf = (columns: Columns) => columns.map((column) => records.names[column] ?? "");
  const empty = shown === all ? [] : all.filter((column) => !filled.includes(column));
  const unseen = filled.filter((column) => !shown.includes(column));
  const notes = [
    ...emptyLines(namesOf(empty), width),
    ...unseenLines(namesOf(unseen), { isCut, width }),
  ];
  return [...lines, ...(table && notes.length > 0 ? [""] : []), ...notes];
};

const tableOf = ({ names, rows, places }: Records, columns: Columns): Table => {
  const body = rows.map((row, index) => [
    ...(places ? [places[index] ?? ""] : []),
    ...columns.map((column) => row[column] ?? ""),
  ]);
  const header = columns.map((column) => names[column] ?? "");
  return [[...(places ? ["record"] : []), ...header], ...body];
};

/** More than this of the columns is not left out. */
const SPARE = 1 / 3;

/** Fewer and fewer columns: the last ones go, but never the first that has dates. */
function* fewer({ rows }: Records, columns: Columns): Generator<Columns> {
  const date = columns.find((column) => rows.every((row) => DATE.test(row[column] ?? "")));
  let left = columns;
  for (let spare = Math.floor(columns.length * SPARE); spare > 0; spare--) {
    const last = left.findLast((column) => column !== date);
    left = left.filter((column) => column !== last);
    yield left;
  }
}

const DATE = /^\d{4}-\d\d|^$/;

/** Nobody reads on beyond this. */
const LONGEST = 120;

const listLines = ({ names, rows, places }: Records, columns: Columns, width: number): string[] => {
  const nameWidth = Math.max(0, ...columns.map((column) => names[column]?.length ?? 0));
  const room = Math.max(20, Math.min(LONGEST, width - nameWidth - 4));
  return rows.flatMap((row, index) => [
    places?.[index] ?? `row ${index + 1}`,
    ...columns
      .filter((column) => row[column] != null)
      .map((column) => {
        const value = cut(row[column] ?? "", width === Number.POSITIVE_INFINITY ? width : room);
        return `  ${(names[column] ?? "").padEnd(nameWidth)}  ${value}`;
      }),
    "",
  ]);
};

/** So many columns are named, more only counted. */
const NAMED = 8;

const named = (columns: readonly string[]): string => {
  const some = columns.slice(0, NAMED).map((name) => `\`${name}\``);
  const others = columns.length - some.length;
  return others === 0 ? some.join(", ") : `${some.join(", ")} and ${others} more`;
};

const emptyLines = (columns: readonly string[], width: number): string[] =>
  columns.length === 0
    ? []
    : wrapped(`Empty in all of these records: ${named(columns)}.`, { width });

/** What is not to be seen here, and where it is. */
const unseenLines = (
  columns: readonly string[],
  { isCut, width }: { isCut: boolean; width: number },
): string[] => {
  const parts = [
    ...(columns.length > 0 ? [`left out for want of room: ${named(columns)}`] : []),
    ...(isCut ? ["long values are cut"] : []),
  ];
  if (parts.length === 0) return [];
  const [first = ""] = parts;
  const sentence = [first.charAt(0).toUpperCase() + first.slice(1), ...parts.slice(1)].join("; ");
  return wrapped(`${sentence}. \`--json\` and \`--csv\` have all of it.`, { width });
};
