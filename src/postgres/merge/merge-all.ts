import type { Commit, Context } from "../../core/component.ts";
import type { Session } from "../../core/session.ts";
import type { Tally } from "../../core/tally.ts";
import type { Chunk } from "../chunks.ts";
import { type Merged, type Merger, NOTHING_MERGED, sum } from "./merge.ts";

/** How chunks are merged and committed. */
export interface Work {
  readonly session: Session;
  readonly context: Context;
  readonly merge: Merger;
  /** Begins a transaction, unless the first is open already. */
  readonly begin: () => Promise<void>;
  /** Records after which a commit is made. */
  readonly commitRows: number;
  /** What is to be undone before a commit. */
  readonly atEnd?: string | undefined;
  /** Aborted when nothing more is to be committed. */
  readonly stop: AbortSignal;
  /** Told of what was committed. */
  readonly onCommit: (merged: Merged) => void;
}

interface Part {
  readonly tally: Tally;
  merged: Merged;
  rows: number;
}

/**
 * Merges chunk by chunk and commits after so many records; at least once, so that an empty flow has an
 * account.
 */
export async function* mergeAll(chunks: AsyncIterable<Chunk>, work: Work): AsyncGenerator<Commit> {
  const { context, merge, commitRows } = work;
  let open: Part | undefined;
  for await (const chunk of chunks) {
    // While a chunk is waited for after a commit, no transaction is open.
    if (open === undefined) {
      await work.begin();
      open = { tally: context.tally(), merged: NOTHING_MERGED, rows: 0 };
    }
    for (const batch of chunk.batches) {
      open.tally.take(batch);
      open.rows += batch.read;
    }
    const merged = chunk.rows > 0 ? await merge(chunk) : NOTHING_MERGED;
    await open.tally.refuse(work.session, merged.rejected);
    open.merged = sum(open.merged, merged);
    chunk.release();
    if (open.rows < commitRows && !isAwaited(work)) continue;
    yield await commit(open, work);
    open = undefined;
  }
  if (open) yield await commit(open, work);
}

/** Whether somebody waits for a commit, to stop with it; what is to be one transaction is never cut. */
const isAwaited = ({ commitRows, context }: Work): boolean =>
  commitRows !== Infinity && context.soon?.aborted === true;

const commit = async (
  { tally, merged }: Part,
  { session, stop, atEnd, onCommit }: Work,
): Promise<Commit> => {
  stop.throwIfAborted();
  // A rehearsal goes on in the same transaction.
  if (atEnd !== undefined) await session.script(atEnd);
  const { rejected: _, ...counts } = merged;
  const committed = await tally.commit(session, counts);
  onCommit(merged);
  return committed;
};
