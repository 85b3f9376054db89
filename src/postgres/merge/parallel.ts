import type { Batch } from "../../core/batch.ts";
import { channel } from "../../core/channel.ts";
import type { Commit, Context } from "../../core/component.ts";
import { count } from "../../core/progress.ts";
import type { Database, Session } from "../../core/session.ts";
import { together } from "../../core/together.ts";
import type { Chunk } from "../chunks.ts";
import { routeChunks } from "../routed-chunks.ts";
import { adoptTables } from "./adopt-sql.ts";
import { mergingAgain } from "./again.ts";
import { chunkColumns } from "./chunk-columns.ts";
import type { Merged, MergeSettings } from "./merge.ts";
import { mergeAll, type Work } from "./merge-all.ts";
import { chunkMerger } from "./merge-chunk.ts";
import { routeByHash } from "./route.ts";
import { temporaryTables } from "./temporary.ts";

/** Chunks that wait for a session, besides the one that it merges and the one in the making. */
const WAITING = 1;

/**
 * Merges in several sessions at the same time, each with temporary tables, transactions and commits of its own.
 *
 * Each chunk is a transaction. So a session that waits for rows has none open, and whoever waits for a lock
 * waits for a session at work: a circle of those is a deadlock that PostgreSQL sees and ends, and what it
 * undoes is one chunk, which is still here and is merged again. When one session fails, the others
 * commit nothing more.
 */
export async function* mergeParallel(
  batches: AsyncIterable<Batch>,
  given: {
    /** The first session, its temporary tables made and no transaction open. */
    session: Session;
    sessions: number;
    merge: MergeSettings;
    context: Context;
    onCommit: (merged: Merged) => void;
  },
): AsyncGenerator<Commit> {
  const { merge, context, sessions } = given;
  const { shape, track } = merge;
  await using others = await moreSessions(context.database, sessions - 1);
  const tables = `${temporaryTables(shape, track)} ${merge.adopt ? adoptTables(shape, merge.adopt) : ""}`;
  for (const session of others.sessions) await session.script(tables);
  const all = [given.session, ...others.sessions];
  const stop = new AbortController();
  let again = 0;
  const onAgain = () => {
    again++;
  };
  const channels = all.map(() => channel<Chunk>(WAITING, stop.signal));
  const routing = routeChunks(batches, chunkColumns(shape), {
    channels,
    route: routeByHash(shape, sessions),
  });
  routing.catch((error) => stop.abort(error));
  const merging = all.map((session, index) =>
    mergeAll(channels[index] as AsyncIterable<Chunk>, {
      ...laneOf(session, { merge, context, stop: stop.signal, onAgain }),
      onCommit: given.onCommit,
    }),
  );
  try {
    yield* together(merging, stop);
  } finally {
    await routing.catch(() => undefined);
  }
  if (again > 0) {
    context.log.info(
      `${again === 1 ? "A part" : `${count(again)} parts`} of \`${shape.table.name}\` had to be merged again: other sessions held the same rows (deadlock).`,
    );
  }
}

/** So many sessions; those there are end together, also when one cannot be had. */
const moreSessions = async (database: Database, many: number) => {
  const sessions: Session[] = [];
  const end = async () => {
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  };
  try {
    while (sessions.length < many) sessions.push(await database.session());
  } catch (error) {
    await end();
    throw error;
  }
  return { sessions, [Symbol.asyncDispose]: end };
};

const laneOf = (
  session: Session,
  given: { merge: MergeSettings; context: Context; stop: AbortSignal; onAgain: () => void },
): Omit<Work, "onCommit"> => {
  const { merge, context, stop, onAgain } = given;
  const begin = async () => {
    await session.begin();
    // The sessions renew the same lease: with a snapshot for the whole transaction, the second would fail.
    await session.script(
      "set transaction isolation level read committed; set constraints all immediate",
    );
  };
  return {
    session,
    context,
    begin,
    merge: mergingAgain(chunkMerger(session, merge), {
      session,
      begin,
      table: merge.shape.table.name,
      stop,
      onAgain,
    }),
    commitRows: 1,
    stop,
  };
};
