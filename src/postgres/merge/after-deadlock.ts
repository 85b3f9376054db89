import { setTimeout as sleep } from "node:timers/promises";
import { mergeKeepsFailing } from "../../core/errors.ts";
import { isDatabaseError, type Session } from "../../core/session.ts";
import { DEADLOCK } from "../sqlstate.ts";
import { MOST_TRIES, PAUSE_MS } from "./lane.ts";
import type { Merger } from "./merge.ts";

/**
 * Merges each chunk in a savepoint of the one session's transaction, and once more when a deadlock with somebody else,
 * such as GeoNature, undid it: the locks of the chunk are given back with it, what was merged before stays. A
 * serialization failure is not got over so: within the transaction it would come again.
 */
export const mergerAfterDeadlock = (
  session: Session,
  given: { merge: Merger; table: string; stop: AbortSignal; onAgain: () => void },
): Merger => {
  const { merge, table, stop, onAgain } = given;
  const once: Merger = async (chunk) => {
    await session.begin();
    try {
      const merged = await merge(chunk);
      await session.commit();
      return merged;
    } catch (error) {
      await session.rollback();
      throw error;
    }
  };
  return async (chunk) => {
    for (let tries = 1; ; tries++) {
      try {
        return await once(chunk);
      } catch (error) {
        if (!isDatabaseError(error) || error.code !== DEADLOCK) throw error;
        if (tries === MOST_TRIES) throw mergeKeepsFailing(table, tries, error);
        onAgain();
        await sleep(PAUSE_MS * tries * Math.random(), undefined, { signal: stop });
      }
    }
  };
};
