/** What is expected against what came out, cell by cell. */

import type { Rejected } from "../core/batch.ts";
import { type Place, suggestion } from "../core/errors.ts";
import { formatPlace } from "../core/place.ts";
import type { GivenRow, TestCase } from "./test-file.ts";

/** A cell that is not as expected. */
export interface Difference {
  /** Number of the expected row, from 1, and where it stands. */
  readonly row: number;
  readonly place: Place;
  readonly column: string;
  readonly expected: string | null;
  readonly got: string | null;
}

/** What came out of the transforms. */
export interface Out {
  /** The wanted columns of each row. */
  readonly rows: ReadonlyMap<string, string | null>[];
  /** All columns. */
  readonly names: Set<string>;
  readonly rejects: Rejected[];
  filtered: number;
}

/** What differs, and sentences on what does not add up to rows. */
export const outcome = (
  { rows, expect }: TestCase,
  out: Out,
): { differences: Difference[]; problems: string[] } => {
  const problems: string[] = [];
  const differences = expect.rows ? compared(expect.rows, out, problems) : [];
  if (expect.error !== undefined) {
    problems.push(`The error \`${expect.error}\` did not come: the flow went to its end.`);
  }
  if (expect.rows && expect.rows.length !== out.rows.length) {
    problems.push(`${rowsOf(expect.rows.length)} expected, ${out.rows.length} came out.`);
  }
  if (expect.filtered !== undefined && expect.filtered !== out.filtered) {
    problems.push(`${rowsOf(expect.filtered)} expected to be filtered, ${out.filtered} were.`);
  }
  problems.push(...rejectProblems(rows, expect.rejects, out.rejects));
  return { differences, problems };
};

const rowsOf = (count: number): string => (count === 1 ? "1 row" : `${count} rows`);

const compared = (expected: readonly GivenRow[], out: Out, problems: string[]): Difference[] => {
  const missing = new Set(
    expected.flatMap(({ own }) => own).filter((name) => !out.names.has(name)),
  );
  if (out.rows.length > 0) {
    for (const name of missing) {
      problems.push(`The rows have no column \`${name}\`.${suggestion(name, out.names)}`);
    }
  }
  return expected.flatMap(({ place, values }, index) => {
    const row = out.rows[index];
    if (row === undefined) return [];
    return [...values]
      .filter(([column]) => !missing.has(column))
      .map(([column, value]) => ({
        row: index + 1,
        place,
        column,
        expected: value,
        got: row.get(column) ?? null,
      }))
      .filter((cell) => cell.expected !== cell.got);
  });
};

type ExpectedReject = TestCase["expect"]["rejects"][number];

const rejectProblems = (
  rows: readonly GivenRow[],
  expected: readonly ExpectedReject[],
  rejects: readonly Rejected[],
): string[] => {
  const numbers = new Map(rows.map(({ place }, index) => [formatPlace(place), index + 1]));
  const came = rejects.map((reject) => ({ ...reject, row: numbers.get(reject.place) }));
  const isSame = (one: ExpectedReject, { row, code }: { row: number | undefined; code: string }) =>
    one.row === row && one.code === code;
  const missing = expected
    .filter((one) => !came.some((reject) => isSame(one, reject)))
    .map(({ row, code }) => `Row ${row} was not rejected as \`${code}\`.`);
  const unexpected = came
    .filter((reject) => !expected.some((one) => isSame(one, reject)))
    .map(
      ({ row, place, code, message }) =>
        `Row ${row ?? "?"} (${place}) was rejected as \`${code}\`: ${message}`,
    );
  const worded = came.flatMap((reject) => {
    const message = expected.find((one) => isSame(one, reject))?.message;
    if (message === undefined || message === reject.message) return [];
    return [`Row ${reject.row} was rejected with other words: ${reject.message}`];
  });
  return [...missing, ...unexpected, ...worded];
};
