import { ahead } from "../../core/ahead.ts";
import type { Batch } from "../../core/batch.ts";
import type { Commit, Context } from "../../core/component.ts";
import type { Session } from "../../core/session.ts";
import { CHUNKS_AHEAD, chunksOf } from "../chunks.ts";
import { mergerAfterDeadlock } from "./after-deadlock.ts";
import { chunkColumns } from "./chunk-columns.ts";
import { tellAgain } from "./findings.ts";
import type { Merged, MergeSettings } from "./merge.ts";
import { mergeAll } from "./merge-all.ts";
import { chunkMerger } from "./merge-chunk.ts";

/** What is merged in one session, whose transaction is open. */
interface Given {
  readonly session: Session;
  readonly merge: MergeSettings;
  readonly context: Context;
  readonly onCommit: (merged: Merged) => void;
  /** Whether each batch of the source is to be durable before the next is asked for. */
  readonly isMetered: boolean;
  readonly commitRows: number | "all";
}

/** Merges in the one session, commit by commit; the first transaction is open already. */
export async function* mergeAlone(
  batches: AsyncIterable<Batch>,
  { session, merge, context, onCommit, isMetered, commitRows }: Given,
): AsyncGenerator<Commit> {
  const chunks = chunksOf(batches, chunkColumns(merge.shape));
  const table = merge.shape.table.name;
  let isBegun = true;
  let again = 0;
  yield* mergeAll(isMetered ? chunks : ahead(chunks, CHUNKS_AHEAD), {
    session,
    context,
    merge: mergerAfterDeadlock(session, {
      merge: chunkMerger(session, merge),
      table,
      stop: context.signal,
      onAgain: () => {
        again++;
      },
    }),
    begin: async () => {
      // While a metered source waits for its next answer, no transaction is open.
      if (!isBegun) await session.begin();
      isBegun = false;
      // Constraints that wait for the commit would name no row, and undo everything.
      await session.query("set constraints all immediate");
      if (isMetered) await session.script(ROW_BY_ROW);
    },
    commitRows: isMetered ? 1 : commitRows === "all" ? Infinity : commitRows,
    atEnd: isMetered ? AS_IT_WAS : undefined,
    stop: context.signal,
    onCommit,
  });
  tellAgain(table, again, context);
}

/** A page of some hundred answers is looked up by index: a hash of the whole target for each costs more each time. */
const ROW_BY_ROW = "set local enable_hashjoin = off; set local enable_mergejoin = off";
const AS_IT_WAS = "set local enable_hashjoin to default; set local enable_mergejoin to default";
