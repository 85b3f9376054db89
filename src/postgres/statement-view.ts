import { createHash } from "node:crypto";
import { queryWithoutColumns } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { quoted } from "./names.ts";
import { type Statement, statementError } from "./statement.ts";

/** The view, for SQL. */
export const VIEW = "pg_temp.runner_source";

/** A statement as a view. */
export interface View {
  /** The statement's columns. */
  readonly names: readonly string[];
  /** SQL for the hash of a record, over the view as `source`. */
  readonly hash: string;
}

/**
 * Makes a temporary view of a statement, whose columns have types then. The hash of a record goes over all of them
 * but those to `ignore`, and begins with `basis`.
 */
export const makeView = async (
  session: Session,
  statement: Statement,
  { ignore, basis }: { ignore: readonly string[]; basis: string },
): Promise<View> => {
  const before = `create temporary view runner_source as (\n`;
  try {
    await session.query(`${before}${statement.sql}\n)`);
  } catch (error) {
    throw statementError(statement, error, before.length);
  }
  const { rows } = await session.query<{ name: string; is_hashable: boolean; version: string }>(
    COLUMNS,
  );
  if (rows.length === 0) throw queryWithoutColumns(statement.name);
  const isOld = Number(rows[0]?.version) < FIRST_WITH_RECORD_HASH;
  const values = rows
    .filter(({ name }) => !ignore.includes(name))
    .map(({ name, is_hashable }) => `source.${quoted(name)}${is_hashable ? "" : "::text"}`)
    .join(", ");
  const seed = createHash("sha256").update(basis).digest().readBigInt64BE();
  return {
    names: rows.map(({ name }) => name),
    hash: isOld
      ? `hashtextextended(row(${values})::text, ${seed})`
      : `hash_record_extended(row(${values}), ${seed})`,
  };
};

const FIRST_WITH_RECORD_HASH = 140_000;

/** JSON and the like have no hash; as text they have. */
const COLUMNS = `
select attname as name, current_setting('server_version_num') as version,
       exists (
         select from pg_opclass join pg_am on pg_am.oid = opcmethod
          where amname = 'hash' and opcdefault and opcintype = atttypid
       ) as is_hashable
  from pg_attribute where attrelid = '${VIEW}'::regclass and attnum > 0 order by attnum`;
