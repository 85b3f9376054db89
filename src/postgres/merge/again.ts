import { setTimeout as sleep } from "node:timers/promises";
import { mergeKeepsFailing, RunnerError } from "../../core/errors.ts";
import { isDatabaseError, type Session } from "../../core/session.ts";
import { BEGIN_ANEW, UNIQUE_VIOLATION } from "../sqlstate.ts";
import type { Merger } from "./merge.ts";

const MOST_TRIES = 6;
/** Whoever was in the way is to get through first; two that were in each other's way wait not the same time. */
const PAUSE_MS = 200;

/**
 * Merges each chunk, alone in its transaction, once more when other sessions were in its way: a deadlock, a
 * serialization failure, a row that came in between. Gives up after some tries.
 */
export const mergingAgain =
  (
    merge: Merger,
    {
      session,
      begin,
      ...told
    }: {
      session: Session;
      begin: () => Promise<void>;
      table: string;
      stop: AbortSignal;
      /** Told of a deadlock or serialization failure that is got over. */
      onAgain: () => void;
    },
  ): Merger =>
  async (chunk) => {
    for (let tries = 1; ; tries++) {
      try {
        return await merge(chunk, tries);
      } catch (error) {
        if (!isInTheWay(error)) throw error;
        await session.rollback();
        if (tries === MOST_TRIES) throw mergeKeepsFailing(told.table, tries, error);
        if (isDatabaseError(error) && BEGIN_ANEW.includes(error.code)) told.onAgain();
        await sleep(PAUSE_MS * tries * Math.random(), undefined, { signal: told.stop });
        await begin();
      }
    }
  };

const isInTheWay = (error: unknown): boolean =>
  (error instanceof RunnerError && error.code === "merge_overtaken") ||
  (isDatabaseError(error) && [...BEGIN_ANEW, UNIQUE_VIOLATION].includes(error.code));
