/** Statements that users write, by themselves or as part of ours. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { queryFailed, sqlFileMissing } from "../core/errors.ts";
import { fileLabel, placeInText } from "../core/place.ts";
import { type DatabaseError, isDatabaseError, type Session } from "../core/session.ts";

/** A statement that gives rows, and where it stands. */
export interface Statement {
  /** Without the semicolon at its end, so that it can stand in brackets. */
  readonly sql: string;
  /** As people know it: `staged.sql`, or `sql` where it stands in the YAML. */
  readonly name: string;
  /** Absolute path; undefined where it stands in the YAML. */
  readonly file: string | undefined;
}

/** The statement of an option `sql`, or of a file. */
export const readStatement = async (
  source: { readonly sql: string } | { readonly query: string },
): Promise<Statement> => {
  if ("sql" in source) return { sql: bare(source.sql), name: "sql", file: undefined };
  const { query: file } = source;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw sqlFileMissing(fileLabel(file), error);
  });
  return { sql: bare(text), name: basename(file), file };
};

/** A semicolon with nothing but blanks and comments behind it ends the statement, and is not part of it. */
export const bare = (sql: string): string =>
  sql.replace(/^\uFEFF/, "").replace(/;(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/, "");

/**
 * What PostgreSQL says of a statement, with its place in the file or its line in the YAML. `offset` is
 * the number of characters that were sent before it.
 */
export const statementError = (
  { sql, name, file }: Statement,
  error: unknown,
  offset: number,
): unknown => {
  if (!isDatabaseError(error)) return error;
  const at = positionOf(error, offset);
  const place = at === undefined ? undefined : placeInText(file ?? "", sql, at);
  if (file === undefined) return queryFailed(name, { line: place?.line }, error);
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
