/** Statements that users write, as part of ours. */

import type { Session } from "../core/session.ts";

/** A user's SELECT where a table can stand; the line end is for a comment at its end. */
export const asTable = (sql: string, alias: string): string =>
  `(${sql.trim().replace(/;$/, "")}\n) as ${alias}`;

/** The names of a statement's columns; empty when it gives no row. */
export const statementColumns = async (session: Session, sql: string): Promise<string[]> => {
  const { rows } = await session.query<{ row: object }>(
    `select row_to_json(given) as row from ${asTable(sql, "given")} limit 1`,
  );
  return Object.keys(rows[0]?.row ?? {});
};
