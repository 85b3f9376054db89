/** Runs one test: its rows through the transforms of its flow, as they are in a run. */

import type { Batch } from "../core/batch.ts";
import type { Context } from "../core/component.ts";
import { RunnerError, suggestion } from "../core/errors.ts";
import { recordsOf } from "../core/flow.ts";
import { formatPlace } from "../core/place.ts";
import type { Database } from "../core/session.ts";
import { type Difference, type Out, outcome } from "./compare.ts";
import { givenSource } from "./given-source.ts";
import type { TestCase } from "./test-file.ts";

/** What came of a test; it passed when nothing is told. */
export interface Tested {
  readonly test: TestCase;
  readonly differences: readonly Difference[];
  /** Sentences on what else is not as expected. */
  readonly problems: readonly string[];
  /** What ended the flow, unless it was expected. */
  readonly error: unknown;
}

export const hasPassed = ({ differences, problems, error }: Tested): boolean =>
  differences.length === 0 && problems.length === 0 && error === undefined;

/** Runs a test on a database that it may change. Throws only what is a defect. */
export const runCase = async (
  test: TestCase,
  database: Database,
  signal: AbortSignal,
): Promise<Tested> => {
  const { stage, asked } = givenSource(test.rows, test.flow.source);
  const flow = { ...test.flow, source: stage, transforms: test.transforms };
  const out: Out = { rows: [], names: new Set(), rejects: [], filtered: 0 };
  const wanted = new Set(test.expect.rows?.flatMap(({ own }) => own));
  let error: unknown;
  try {
    for await (const batch of recordsOf(flow, contextOf(database, signal)))
      collect(batch, wanted, out);
  } catch (thrown) {
    if (!(thrown instanceof RunnerError)) throw thrown;
    error = thrown;
  }
  if (error instanceof RunnerError) {
    const isExpected = error.code === test.expect.error;
    return { test, differences: [], problems: [], error: isExpected ? undefined : error };
  }
  const { differences, problems } = outcome(test, out);
  return { test, differences, problems: [...problems, ...unused(test, asked, out)], error };
};

const collect = (batch: Batch, wanted: ReadonlySet<string>, out: Out): void => {
  for (const name of batch.names) out.names.add(name);
  // Columns that are not there are told where they are compared.
  const columns = [...wanted]
    .filter((name) => batch.names.includes(name))
    .map((name) => [name, batch.column(name)] as const);
  for (const row of batch.rows) {
    out.rows.push(new Map(columns.map(([name, column]) => [name, column.text(row)])));
  }
  out.rejects.push(...batch.rejects);
  out.filtered += batch.filtered;
};

/** A misspelt column of an input row would be passed over in silence. */
const unused = ({ rows }: TestCase, asked: ReadonlySet<string>, { names }: Out): string[] => {
  const told = new Set<string>();
  return rows.flatMap(({ own, place }) =>
    own
      .filter((name) => !asked.has(name) && !names.has(name) && !told.has(name) && told.add(name))
      .map((name) => {
        const near = suggestion(name, asked);
        return `Nothing uses the column \`${name}\` of the row at ${formatPlace(place)}.${near}`;
      }),
  );
};

const contextOf = (database: Database, signal: AbortSignal): Context => ({
  signal,
  // What transforms tell of their records is for runs; a test tells what differs.
  log: { info: () => undefined, warn: () => undefined, now: () => undefined },
  database,
  mode: "preview",
  tally: () => {
    throw new Error("a test commits nothing");
  },
  run: { id: "", isFresh: false, isReplay: false, pipeline: "", flow: "", lock: undefined },
  cite: async () => undefined,
  reads: () => undefined,
  exportOf: async () => undefined,
  basis: async () => "",
});
