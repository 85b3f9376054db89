import type { Complaint } from "../core/complaint.ts";
import { transformed } from "../core/dry-run.ts";
import { type Place, RunnerError, testColumnMissing, testColumnUnused } from "../core/errors.ts";
import { givenSource } from "./given-source.ts";
import type { GivenRow, TestCase } from "./test-file.ts";

/**
 * What can be told of the columns of a test without running it: those that its rows have and nothing
 * asks for, and those that it expects and that do not come out. The transforms get the rows' columns and no row.
 */
export const columnComplaints = async (test: TestCase): Promise<Complaint[]> => {
  const { batch: given, asked } = givenSource(test.rows, test.flow.source);
  let batch = given.keep(new Uint32Array());
  try {
    for (const transform of test.transforms) batch = await transformed(transform, batch);
  } catch (error) {
    // The pipeline's own mistakes are told where they stand, or the test expects them.
    if (error instanceof RunnerError) return [];
    throw error;
  }
  const out = new Set(batch.names);
  const near = [...asked];
  // What comes out as it came in is asked for now.
  for (const name of out) batch.column(name);
  const unused = ownColumns(test.rows).filter(([name]) => !asked.has(name));
  const missing = ownColumns(test.expect.rows ?? []).filter(([name]) => !out.has(name));
  return [
    ...unused.map(([name, place]) =>
      complaint(testColumnUnused(name, { asked: near, isMade: out.has(name) }), place),
    ),
    ...missing.map(([name, place]) => complaint(testColumnMissing(name, out), place)),
  ];
};

const complaint = ({ code, message }: RunnerError, place: Place): Complaint => ({
  code,
  message,
  place,
});

/** The columns that rows name themselves, each where it stands first. */
const ownColumns = (rows: readonly GivenRow[]): (readonly [string, Place])[] => [
  ...new Map(
    rows.toReversed().flatMap((row) => row.own.map((name) => [name, row.placeOf(name)] as const)),
  ),
];
