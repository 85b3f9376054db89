/** Questions to a database that change nothing, whatever is asked. */

import { databaseRefuses, RunnerError } from "../core/errors.ts";
import { type Coming, judged, type Verdict } from "../core/examination.ts";
import { isDatabaseError, type Session } from "../core/session.ts";

/** Runs a piece of work in a read-only transaction of its own; gives its answer, or what it threw. */
export type Asking = <T>(
  work: (session: Session) => Promise<T>,
) => Promise<{ readonly answer?: T; readonly error?: unknown }>;

/** Where there is no database to ask: nobody knows. */
export const askNobody: Asking = async () => ({});

/** Asks this database. What is no answer of the database's, such as a lost connection, is thrown. */
export const askDatabase =
  (session: Session): Asking =>
  async (work) => {
    await session.begin();
    try {
      await session.query("set transaction read only");
      return { answer: await work(session) };
    } catch (error) {
      if (!isDatabaseError(error) && !(error instanceof RunnerError)) throw error;
      if (error instanceof RunnerError && error.code === "connection_lost") throw error;
      return { error };
    } finally {
      await session.rollback();
    }
  };

/** What an error of a question means; undefined when it only says that something is not there yet. */
export const verdictOf = (error: unknown, coming: Coming): Verdict | undefined => {
  const cause = error instanceof Error && isDatabaseError(error.cause) ? error.cause : error;
  if (isDatabaseError(cause) && isComing(cause.code, cause.message, coming)) return undefined;
  const known = error instanceof RunnerError ? error : databaseRefuses(error as Error);
  return judged("problem", known);
};

const UNDEFINED_TABLE = "42P01";
const UNDEFINED_COLUMN = "42703";

/**
 * The first quoted word of such a message is the name, in whatever language it is: `relation "a.b" does not
 * exist`. A column's is not quoted where its table's stands before it: `column t.c does not exist`.
 */
const isComing = (sqlstate: string, message: string, coming: Coming): boolean => {
  const [, name] = /["«]\s*([^"»]+?)\s*["»]/.exec(message) ?? [];
  if (sqlstate === UNDEFINED_TABLE) return name !== undefined && coming.hasTable(name);
  const [, column] = /\.(\S+)/.exec(message) ?? [];
  return sqlstate === UNDEFINED_COLUMN && coming.hasColumnSomewhere(name ?? column ?? "");
};
