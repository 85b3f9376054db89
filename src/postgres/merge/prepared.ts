import { expressionFailed, RunnerError } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { withGrants } from "../statement-rights.ts";

/** What a piece of the user's SQL is, for people, and the option that it stands in. */
export interface About {
  readonly what: string;
  readonly subject: string;
}

/** Lets PostgreSQL read a statement with SQL of the user's in it, and gives no row of it; throws what it says of it. */
export const prepared = async (
  session: Session,
  sql: string,
  { what, subject }: About,
): Promise<void> => {
  try {
    await withGrants(session, { sql, name: subject }, () =>
      session.query(`select 1 as one from (${sql}\n) as asked limit 0`),
    );
  } catch (error) {
    if (error instanceof RunnerError) throw error;
    throw expressionFailed(what, subject, error);
  }
};
