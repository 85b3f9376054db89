/** Which rights a statement of the user's lacks: PostgreSQL names one table at a time. */

import type { Batch } from "../core/batch.ts";
import { rightsMissing } from "../core/errors.ts";
import { isDatabaseError, type Session } from "../core/session.ts";
import { grantsMissing, roleOf } from "./rights.ts";
import type { Statement } from "./statement.ts";
import { statementTypes } from "./statement-types.ts";

const PERMISSION_DENIED = "42501";

/** The columns of a statement, asked inside a transaction; for rights that lack, see `withGrants`. */
export const examineStatement = (session: Session, statement: Statement): Promise<Batch> =>
  withGrants(session, statement, () => statementTypes(session, statement));

/**
 * Lets PostgreSQL read a statement, inside a transaction. When it refuses for want of rights, throws
 * `rights_missing` with the grants for all tables that the statement names.
 */
export const withGrants = async <T>(
  session: Session,
  { sql, name }: Pick<Statement, "sql" | "name">,
  work: () => Promise<T>,
): Promise<T> => {
  await session.query("savepoint runner_statement");
  try {
    return await work();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (!isDatabaseError(cause) || cause.code !== PERMISSION_DENIED) throw error;
    await session.query("rollback to savepoint runner_statement");
    await requireReads(session, { sql, name });
    throw error;
  }
};

/** Throws `rights_missing` with the grants for all tables that SQL names, without having PostgreSQL read it. */
export const requireReads = async (
  session: Session,
  { sql, name }: Pick<Statement, "sql" | "name">,
): Promise<void> => {
  const statements = new Set<string>();
  for (const table of tablesNamed(sql)) {
    for (const grant of await grantsMissing(session, table, ["select"])) statements.add(grant);
  }
  if (statements.size > 0) {
    throw rightsMissing(await roleOf(session), { readBy: name }, [...statements]);
  }
};

const PART = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
/** A name with a schema wherever it stands; one without where a table is read. A column of an alias is no table. */
const NAMES = new RegExp(
  String.raw`(?<![\p{L}\p{N}_$".])${PART}\s*\.\s*${PART}|(?<=\b(?:from|join)\s+(?:only\s+)?)${PART}`,
  "giu",
);

/** The names in a statement that may be tables; the catalog knows which are. */
export const tablesNamed = (sql: string): readonly string[] => {
  const text = sql
    .replace(/--[^\n]*/g, " ")
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/'(?:[^']|'')*'/g, "''");
  return [...new Set([...text.matchAll(NAMES)].map(([name]) => name.replace(/\s+/g, "")))];
};
