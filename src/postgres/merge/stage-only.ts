/** What the sink does in the mode `stage_only`: rows go into the stage, and the function that merges them is made. */

import { ahead } from "../../core/ahead.ts";
import type { Batch } from "../../core/batch.ts";
import type { Commit, Context } from "../../core/component.ts";
import { stageReplayed } from "../../core/errors.ts";
import { lockOf } from "../../core/run-lock.ts";
import type { Session } from "../../core/session.ts";
import { CHUNKS_AHEAD, chunksOf } from "../chunks.ts";
import { chunkLoader } from "../load-chunk.ts";
import { chunkColumns } from "./chunk-columns.ts";
import { type FunctionParts, installFunction } from "./function.ts";
import type { MergeParts } from "./merge.ts";
import { openStage, type StageOption } from "./stage.ts";

/** Fills the stage anew in the session's open transaction; a failure leaves the old rows. */
export async function* stageAll(
  batches: AsyncIterable<Batch>,
  {
    session,
    merge,
    stage,
    context,
  }: { session: Session; merge: MergeParts; stage: StageOption; context: Context },
): AsyncGenerator<Commit> {
  const { run, log } = context;
  if (run.isReplay) throw stageReplayed(stage.table);
  const tally = context.tally();
  const table = await openStage(session, merge.shape, {
    table: stage.table,
    run: run.id,
    flow: run.flow,
  });
  const installed = await installFunction(session, functionParts(merge, stage, run));
  if (installed !== undefined) log.info(`Made: ${installed}`);
  const load = chunkLoader(
    session,
    table,
    table.columns.map(({ name }) => name),
  );
  let inserted = 0;
  const chunks = chunksOf(batches, chunkColumns(merge.shape, { isNumberedThroughout: true }));
  for await (const chunk of ahead(chunks, CHUNKS_AHEAD)) {
    for (const batch of chunk.batches) tally.take(batch);
    const loaded = await load(chunk);
    inserted += loaded.inserted;
    await tally.refuse(session, loaded.rejected);
    chunk.release();
  }
  yield await tally.commit(session, { inserted, staged: inserted });
  if (inserted === 0) log.warn(`No record was staged: \`${stage.table}\` is empty now.`);
  else log.info(`Staged, not merged: \`select * from ${stage.function}();\` merges.`);
}

/** All that the function is made of. */
export const functionParts = (
  parts: MergeParts,
  stage: StageOption,
  run: Pick<Context["run"], "pipeline" | "lock">,
): FunctionParts => ({ ...parts, stage, lock: lockOf(run) });
