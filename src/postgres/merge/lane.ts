import { setTimeout as sleep } from "node:timers/promises";
import { mergeKeepsFailing, RunnerError } from "../../core/errors.ts";
import { isDatabaseError, type Session } from "../../core/session.ts";
import type { Turnstile } from "../../core/turnstile.ts";
import { BEGIN_ANEW, UNIQUE_VIOLATION } from "../sqlstate.ts";
import type { Merger } from "./merge.ts";

/** A part that was undone so often is given up. */
export const MOST_TRIES = 6;
/** Sessions of others, such as GeoNature's own, are to get through first. */
export const PAUSE_MS = 200;

/** A session that merges beside others; each of its transactions is one chunk. */
export interface Lane {
  /** Begins a transaction. */
  readonly begin: () => Promise<void>;
  readonly merge: Merger;
  /** To be called after each commit. */
  readonly committed: () => void;
}

/**
 * Merges each chunk once more when other sessions were in its way: a deadlock, a serialization failure, a row
 * that came in between. Then it has the table for itself, as far as the run's own sessions go: two that are in
 * each other's way would be so again. Gives up after some tries.
 */
export const laneOf = (
  session: Session,
  given: {
    merge: Merger;
    table: string;
    gate: Turnstile;
    stop: AbortSignal;
    /** Told of a deadlock or serialization failure that is got over. */
    onAgain: () => void;
  },
): Lane => {
  const { merge, table, gate, stop, onAgain } = given;
  let leave: () => void = () => undefined;
  const begin = async () => {
    await session.begin();
    // The sessions renew the same lease: with a snapshot for the whole transaction, the second would fail.
    await session.script(
      "set transaction isolation level read committed; set constraints all immediate",
    );
  };
  const beginAgain = async (error: unknown, tries: number) => {
    await session.rollback();
    leave();
    if (tries === MOST_TRIES) throw mergeKeepsFailing(table, tries, error);
    if (isUndone(error)) onAgain();
    await sleep(PAUSE_MS * (tries - 1) * Math.random(), undefined, { signal: stop });
    leave = await gate.enterAlone();
    await begin();
  };
  return {
    begin: async () => {
      leave = await gate.enter();
      await begin();
    },
    merge: async (chunk) => {
      for (let tries = 1; ; tries++) {
        try {
          return await merge(chunk, tries);
        } catch (error) {
          if (!isUndone(error) && !isOvertaken(error)) throw error;
          await beginAgain(error, tries);
        }
      }
    },
    committed: () => leave(),
  };
};

const isUndone = (error: unknown): boolean =>
  isDatabaseError(error) && BEGIN_ANEW.includes(error.code);

const isOvertaken = (error: unknown): boolean =>
  (error instanceof RunnerError && error.code === "merge_overtaken") ||
  (isDatabaseError(error) && error.code === UNIQUE_VIOLATION);
