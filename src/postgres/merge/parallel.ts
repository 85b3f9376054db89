import type { Batch } from "../../core/batch.ts";
import { channel } from "../../core/channel.ts";
import type { Commit, Context } from "../../core/component.ts";
import type { Database, Session } from "../../core/session.ts";
import { together } from "../../core/together.ts";
import { type Turnstile, turnstile } from "../../core/turnstile.ts";
import type { Chunk } from "../chunks.ts";
import { routeChunks } from "../routed-chunks.ts";
import { chunkColumns } from "./chunk-columns.ts";
import { tellAgain } from "./findings.ts";
import { laneOf } from "./lane.ts";
import type { Merged, MergeSettings } from "./merge.ts";
import { mergeAll } from "./merge-all.ts";
import { chunkMerger } from "./merge-chunk.ts";
import { routeByHash } from "./route.ts";
import { temporaryTables } from "./temporary-tables.ts";

/** Chunks that wait for a session, besides the one that it merges and the one in the making. */
const WAITING = 1;

/** What is merged in several sessions. */
interface Given {
  /** The first session, its temporary tables made and no transaction open. */
  readonly session: Session;
  readonly sessions: number;
  readonly merge: MergeSettings;
  readonly context: Context;
  readonly onCommit: (merged: Merged) => void;
}

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
  given: Given,
): AsyncGenerator<Commit> {
  const { session, sessions, merge, context } = given;
  const { shape } = merge;
  await using others = await moreSessions(context.database, sessions - 1, merge);
  const all = [session, ...others.sessions];
  const stop = new AbortController();
  const channels = all.map(() => channel<Chunk>(WAITING, stop.signal));
  const routing = routeChunks(batches, chunkColumns(shape), {
    channels,
    route: routeByHash(shape, sessions),
  });
  routing.catch((error) => stop.abort(error));
  let again = 0;
  const onAgain = () => {
    again++;
  };
  try {
    const shared = { ...given, gate: turnstile(stop.signal), stop: stop.signal, onAgain };
    yield* together(
      channels.map((chunks, index) => mergeLane(chunks, all[index] as Session, shared)),
      stop,
    );
  } finally {
    await routing.catch(() => undefined);
  }
  tellAgain(shape.table.name, again, context);
}

const mergeLane = (
  chunks: AsyncIterable<Chunk>,
  session: Session,
  given: Given & { gate: Turnstile; stop: AbortSignal; onAgain: () => void },
): AsyncGenerator<Commit> => {
  const { merge, context, stop, onCommit } = given;
  const merger = chunkMerger(session, merge);
  const lane = laneOf(session, { ...given, merge: merger, table: merge.shape.table.name });
  return mergeAll(chunks, {
    ...lane,
    session,
    context,
    commitRows: 1,
    stop,
    onCommit: (merged) => {
      lane.committed();
      onCommit(merged);
    },
  });
};

/** So many sessions with their temporary tables; those there are end together, also when one cannot be had. */
const moreSessions = async (database: Database, many: number, merge: MergeSettings) => {
  const sessions: Session[] = [];
  const end = async () => {
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  };
  try {
    while (sessions.length < many) {
      const session = await database.session();
      sessions.push(session);
      await session.script(temporaryTables(merge));
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { sessions, [Symbol.asyncDispose]: end };
};
