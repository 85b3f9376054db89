import { missingColumns, requiredColumns, tableInState, unknownTable } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { quotedTable, tableParts } from "./names.ts";

/** A column of the target as the catalog has it. */
export interface TargetColumn {
  readonly name: string;
  /** Without its modifier: a cast to `varchar(10)` would cut off in silence, one to `varchar` does not. */
  readonly type: string;
  /** As it was declared, modifier included: `character varying(10)`. */
  readonly declaredType: string;
  /** Characters that fit, for types that have such a limit. */
  readonly maxLength: number | undefined;
  /** Whether a numeric type has a precision of its own. */
  readonly hasModifier: boolean;
  readonly isNotNull: boolean;
  /** Must be given: not null, and nothing fills it. */
  readonly isRequired: boolean;
  /** Whether it is of the primary key. */
  readonly isPrimary?: boolean;
}

/** A table of the target database that a sink is to write. */
export interface TargetTable {
  /** As in YAML. */
  readonly name: string;
  /** For SQL. */
  readonly sql: string;
  readonly columns: readonly TargetColumn[];
}

/** The table with its columns, or undefined when there is none of that name. */
export const findTable = async (
  session: Session,
  table: string,
): Promise<TargetTable | undefined> => {
  const sql = quotedTable(table);
  const { rows } = await session.query<{
    name: string;
    type: string;
    declared: string;
    modifier: number;
    is_text: boolean;
    is_not_null: boolean;
    is_filled: boolean;
    is_primary: boolean;
  }>(
    `select attname as name, format_type(atttypid, -1) as type,
            format_type(atttypid, atttypmod) as declared, atttypmod as modifier,
            atttypid in ('varchar'::regtype, 'bpchar'::regtype) as is_text, attnotnull as is_not_null,
            atthasdef or attidentity <> '' as is_filled,
            exists (select from pg_index where indrelid = attrelid and indisprimary and attnum = any (indkey)) as is_primary
       from pg_attribute
      where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
      order by attnum`,
    [sql],
  );
  if (rows.length === 0) return undefined;
  const columns = rows.map((row) => ({
    name: row.name,
    type: row.type,
    declaredType: row.declared,
    maxLength: row.is_text && row.modifier >= 4 ? row.modifier - 4 : undefined,
    hasModifier: row.modifier !== -1,
    isNotNull: row.is_not_null,
    isRequired: row.is_not_null && !row.is_filled,
    isPrimary: row.is_primary,
  }));
  return { name: table, sql, columns };
};

/**
 * Throws for a table that is, or would be made, in the runner's own schema: there is where a name without a schema
 * leads a role that is called `runner`.
 */
export const requireOwnPlace = async (session: Session, table: string): Promise<void> => {
  const { rows } = await session.query<{ schema: string | null; role: string }>(
    `select coalesce((select nspname from pg_class c join pg_namespace n on n.oid = relnamespace
                       where c.oid = to_regclass($1)), $2, current_schema()) as schema, current_user as role`,
    [quotedTable(table), tableParts(table).schema ?? null],
  );
  if (rows[0]?.schema === "runner") throw tableInState(table, rows[0].role);
};

/** Like `findTable`, but a table that is not there is an error that names the nearest ones. */
export const requireTable = async (session: Session, table: string): Promise<TargetTable> => {
  const found = await findTable(session, table);
  if (found) return found;
  const { schema } = tableParts(table);
  const { rows } = await session.query<{ name: string }>(
    `select case when $1::text is null then relname else nspname || '.' || relname end as name
       from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'f') and nspname not in ('pg_catalog', 'information_schema', 'runner')
        and nspname not like 'pg\\_t%'
      order by nspname <> coalesce($1, 'public'), nspname, relname limit 500`,
    [schema ?? null],
  );
  throw unknownTable(
    table,
    rows.map(({ name }) => name),
  );
};

/** Checks what the flow gives against what the table takes and needs; before anything is sent. */
export const checkColumns = (table: TargetTable, given: readonly string[]): void => {
  const known = table.columns.map(({ name }) => name);
  const missing = given.filter((name) => !known.includes(name));
  if (missing.length > 0) throw missingColumns(table.name, missing, known);
  const required = table.columns
    .filter(({ name, isRequired }) => isRequired && !given.includes(name))
    .map(({ name }) => name);
  if (required.length > 0) throw requiredColumns(table.name, required, given);
};

/** The tables whose foreign keys point at this one. */
export const referencingTables = async (
  session: Session,
  table: TargetTable,
): Promise<string[]> => {
  const { rows } = await session.query<{ name: string }>(
    `select distinct conrelid::regclass::text as name from pg_constraint
      where confrelid = to_regclass($1) and contype = 'f' and conrelid <> confrelid order by 1`,
    [table.sql],
  );
  return rows.map(({ name }) => name);
};
