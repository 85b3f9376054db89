import { tableDiffers, unknownType } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { findTable } from "./catalog.ts";
import { quoted, quotedList, quotedTable, tableParts } from "./names.ts";

/** A table as a pipeline declares it. */
export interface TableShape {
  /** Name → SQL type, `varchar(255)` and `not null` included. */
  readonly columns: Readonly<Record<string, string>>;
  readonly primary_key?: readonly string[];
}

/**
 * Creates the table, and its schema, unless it is there. One that is there is left as it is: if it
 * lacks a column, the error has the statement that adds it.
 */
export const createTable = async (
  session: Session,
  table: string,
  shape: TableShape,
): Promise<void> => {
  const found = await findTable(session, table);
  if (found) {
    const known = found.columns.map(({ name }) => name);
    const missing = Object.entries(shape.columns).filter(([name]) => !known.includes(name));
    if (missing.length > 0) {
      const adds = missing.map(([name, type]) => `add column ${quoted(name)} ${type}`);
      throw tableDiffers(
        table,
        missing.map(([name]) => name),
        `alter table ${found.sql} ${adds.join(", ")};`,
      );
    }
    return;
  }
  await checkTypes(session, shape);
  await createSchema(session, table);
  const columns = Object.entries(shape.columns).map(([name, type]) => `${quoted(name)} ${type}`);
  if (shape.primary_key) columns.push(`primary key (${quotedList(shape.primary_key)})`);
  await session.query(`create table ${quotedTable(table)} (${columns.join(", ")})`);
};

/** Asked one by one, so that the error can name the column. */
const checkTypes = async (session: Session, shape: TableShape): Promise<void> => {
  for (const [column, type] of Object.entries(shape.columns)) {
    const bare = type.replace(/\(.*\)/, "").replace(/\s+not\s+null\s*$/i, "");
    const { rows } = await session.query<{ known: boolean }>(
      "select to_regtype($1) is not null as known",
      [bare],
    );
    if (!rows[0]?.known) throw unknownType(column, type);
  }
};

/** `create schema if not exists` asks for the right to create even where there is nothing to do. */
const createSchema = async (session: Session, table: string): Promise<void> => {
  const { schema } = tableParts(table);
  if (schema === undefined) return;
  const { rows } = await session.query<{ present: boolean }>(
    "select exists (select from pg_namespace where nspname = $1) as present",
    [schema],
  );
  if (!rows[0]?.present) await session.query(`create schema ${quoted(schema)}`);
};
