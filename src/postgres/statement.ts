/** Statements that users write, by themselves or as part of ours. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import {
  queryFailed,
  queryGivesNoRows,
  READING_WORDS,
  type RunnerError,
  sqlFileMissing,
} from "../core/errors.ts";
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
  /** As it stands in the YAML, when it does. */
  readonly written?: string;
}

/** The statement of an option `sql`, or of a file. */
export const readStatement = async (
  source: { readonly sql: string } | { readonly query: string },
): Promise<Statement> => {
  if ("sql" in source) {
    return { sql: bare(source.sql), name: "sql", file: undefined, written: source.sql };
  }
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

const FIRST_WORD = /^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(\\?\w*)/;

/** The first word of a statement, with its position from 1; one of psql's own begins with a backslash. */
export const firstWord = (sql: string): { readonly word: string; readonly position: number } => {
  const [all = "", word = ""] = FIRST_WORD.exec(sql) ?? [];
  return { word, position: all.length - word.length + 1 };
};

/** Says, without a database, of a statement that is to give rows when it begins with a word that none does. */
export const whyNoRows = (sql: string): RunnerError | undefined => {
  const { word, position } = firstWord(bare(sql));
  return READING_WORDS.includes(word.toLowerCase())
    ? undefined
    : queryGivesNoRows(word, { sql, position });
};

/** Throws the same; `file` is where the statement stands when it is not in the YAML. */
export const checkGivesRows = (sql: string, file?: string): void => {
  const error = whyNoRows(sql);
  if (error === undefined) return;
  if (file !== undefined) error.place = placeInText(file, sql, error.position ?? 1);
  throw error;
};

/** A user's SELECT where a table can stand; the line end is for a comment at its end. */
export const asTable = (sql: string, alias: string): string => `(${bare(sql)}\n) as ${alias}`;

/** The names of a statement's columns; empty when it gives no row. */
export const statementColumns = async (session: Session, sql: string): Promise<string[]> => {
  const { rows } = await session.query<{ row: object }>(
    `select row_to_json(given) as row from ${asTable(sql, "given")} limit 1`,
  );
  return Object.keys(rows[0]?.row ?? {});
};
