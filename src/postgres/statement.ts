/** Statements that users write, by themselves or as part of ours. */

import { basename } from "node:path";
import { queryFailed } from "../core/errors.ts";
import { fileLabel, placeInText } from "../core/place.ts";
import { type DatabaseError, isDatabaseError, type Session } from "../core/session.ts";
import { readSql } from "../core/sql-file.ts";
import { bare } from "../core/sql-text.ts";

/** A statement that gives rows, and where it stands. */
export interface Statement {
  /** Without the semicolon at its end, so that it can stand in brackets. */
  readonly sql: string;
  /** As people know it: `staged.sql`, or `sql` where it stands in the YAML. */
  readonly name: string;
  /** Absolute path; undefined where it stands in the YAML. */
  readonly file: string | undefined;
  /** As it stands in the YAML, when it does. */
  readonly written?: string;
}

/** The statement of an option `sql`, or of a file. */
export const readStatement = (
  source: { readonly sql: string } | { readonly query: string },
): Statement => {
  if ("sql" in source) {
    return { sql: bare(source.sql), name: "sql", file: undefined, written: source.sql };
  }
  const { query: file } = source;
  return { sql: bare(readSql(file)), name: basename(file), file };
};

/**
 * What PostgreSQL says of a statement, with its place in the file or its line in the YAML. `offset` is
 * the number of characters that were sent before it.
 */
export const statementError = (
  { sql, name, file, written }: Statement,
  error: unknown,
  offset: number,
): unknown => {
  if (!isDatabaseError(error)) return error;
  const at = positionOf(error, offset);
  const place = at === undefined ? undefined : placeInText(file ?? "", sql, at);
  if (file === undefined) {
    const line = sql.includes("\n") ? place?.line : undefined;
    const position = written === undefined ? undefined : at;
    return queryFailed(name, { sql: written, line, position }, error);
  }
  const failed = queryFailed(fileLabel(file), {}, error);
  failed.place = place ?? { file, line: 1, column: 1 };
  return failed;
};

/** The character of a statement that an error is about; `offset` as for `statementError`. */
export const positionOf = ({ position }: DatabaseError, offset: number): number | undefined =>
  position === undefined ? undefined : Math.max(1, Number(position) - offset);

/** A user's SELECT where a table can stand; the line end is for a comment at its end. */
export const asTable = (sql: string, alias: string): string => `(${bare(sql)}\n) as ${alias}`;

/** The names of a statement's columns; empty when it gives no row. */
export const statementColumns = async (session: Session, sql: string): Promise<string[]> => {
  const { rows } = await session.query<{ row: object }>(
    `select row_to_json(given) as row from ${asTable(sql, "given")} limit 1`,
  );
  return Object.keys(rows[0]?.row ?? {});
};
