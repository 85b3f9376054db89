import type { Batch } from "../../src/core/batch.ts";
import type { Context, Transform } from "../../src/core/component.ts";
import { batchOf, rejectsOf } from "./flow.ts";

/** A context for components that are tried alone; what is said is kept, a database there is none. */
export const contextAlone = (
  said: string[] = [],
  signal = new AbortController().signal,
): Context => {
  const none = () => {
    throw new Error("this test has no database");
  };
  return {
    signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text), now: () => undefined },
    database: {
      label: "",
      isEmbedded: false,
      session: none,
      [Symbol.asyncDispose]: async () => {},
    },
    mode: "run",
    tally: none,
    run: { id: "", isFresh: false, isReplay: false, pipeline: "", flow: "", lock: undefined },
    basis: none,
    cite: none,
    reads: none,
    exportOf: none,
  };
};

/** The values of a batch, row by row. */
export const valuesOf = (batch: Batch): (string | null)[][] =>
  [...batch.rows].map((row) => batch.names.map((name) => batch.column(name).text(row)));

/** What a transform makes of some rows: names, values, rejects and the count of filtered. */
export const transformed = async (
  transform: Transform,
  rows: readonly Readonly<Record<string, string | null>>[],
) => {
  async function* one(): AsyncGenerator<Batch> {
    yield batchOf(rows);
  }
  const [batch] = await Array.fromAsync(transform(one(), contextAlone()));
  if (batch === undefined) throw new Error("the transform gave no batch");
  return {
    names: batch.names,
    values: valuesOf(batch),
    rejects: rejectsOf(batch).map(({ place, code, message }) => `${place} ${code} ${message}`),
    filtered: batch.filtered,
  };
};
