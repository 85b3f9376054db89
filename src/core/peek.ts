import type { Batch } from "./batch.ts";

/** The first batch, for its columns and input, and all batches including it. */
export const peek = async (
  batches: AsyncIterable<Batch>,
): Promise<{ first: Batch; all: AsyncGenerator<Batch> }> => {
  const iterator = batches[Symbol.asyncIterator]();
  const next = await iterator.next();
  if (next.done) throw new Error("a source gives at least one batch, an empty one if need be");
  async function* all(): AsyncGenerator<Batch> {
    try {
      let step: IteratorResult<Batch> = next;
      while (!step.done) {
        yield step.value;
        step = await iterator.next();
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { first: next.value, all: all() };
};
