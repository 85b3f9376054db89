/** Which observations iNaturalist has to be asked for. */

import { unknownColumn } from "../core/errors.ts";
import type { Coming } from "../core/examination.ts";
import type { Database, Session } from "../core/session.ts";
import { requireTable } from "../postgres/catalog.ts";
import { examineTarget } from "../postgres/examine-target.ts";
import { quoted, quotedTable } from "../postgres/names.ts";
import { asTable, readStatement, statementColumns } from "../postgres/statement.ts";
import { examineStatement } from "../postgres/statement-rights.ts";

/** Where ids are: a table's column, or the first column of a statement. */
export type IdsOption =
  | { readonly table: string; readonly column: string; readonly uuid_column?: string }
  | { readonly sql: string };

export interface KnownOption {
  readonly table: string;
  readonly column: string;
}

export interface Wanted {
  /** Ascending; `uuid` is one that came with the archive. */
  readonly ids: readonly { readonly id: string; readonly uuid: string | null }[];
  /** Values that are neither a number nor the link of an observation. */
  readonly unreadable: readonly string[];
}

/**
 * The ids that are not known yet. One that iNaturalist no longer had is wanted again after
 * `retryMissingDays`; the known table needs the columns `status` and `asked_at` for that.
 */
export const wantedIds = async (
  database: Database,
  ids: IdsOption,
  known: KnownOption,
  retryMissingDays: number,
): Promise<Wanted> => {
  await using session = await database.session();
  const table = await requireTable(session, known.table);
  const names = table.columns.map(({ name }) => name);
  if (!names.includes(known.column)) throw unknownColumn(known.column, names);
  const given = await givenSql(session, ids);
  if (given === undefined) return { ids: [], unreadable: [] };
  const canExpire = names.includes("status") && names.includes("asked_at");
  const settled = canExpire
    ? "known.status is distinct from 'missing' or (wanted.uuid is null and known.asked_at > now() - make_interval(days => $1))"
    : "$1::integer is not null";
  const found = await session.query<{ id: string; uuid: string | null }>(
    `with given as (${given}), parsed as materialized (
       select ${ID} as id, note from given
     ), wanted as (
       select id::bigint as id, max(${UUID}) as uuid from parsed where id is not null group by 1
     )
     select id::text, uuid from wanted
      where not exists (
        select from ${table.sql} as known where known.${quoted(known.column)}::text = wanted.id::text and (${settled})
      )
      order by wanted.id`,
    [retryMissingDays],
  );
  const bad = await session.query<{ value: string }>(
    `with given as (${given})
     select distinct value from given where btrim(value) <> '' and ${ID} is null order by 1`,
  );
  return { ids: found.rows, unreadable: bad.rows.map(({ value }) => value) };
};

/** Says whether the tables of ids and answers can be read; throws for the first that cannot. */
export const examineIds = async (
  session: Session,
  { ids, known }: { ids: IdsOption; known: KnownOption },
  coming: Coming,
): Promise<void> => {
  await examineColumns(session, { table: known.table, names: [known.column] }, coming);
  if ("sql" in ids) {
    await examineStatement(session, readStatement(ids));
    return;
  }
  const { table, column, uuid_column } = ids;
  const names = uuid_column === undefined ? [column] : [column, uuid_column];
  await examineColumns(session, { table, names }, coming);
};

const examineColumns = async (
  session: Session,
  { table, names }: { table: string; names: readonly string[] },
  coming: Coming,
): Promise<void> => {
  const { target } = await examineTarget(session, { table, rights: ["select"], names }, coming);
  const present = target.columns.map(({ name }) => name);
  for (const name of names) if (!present.includes(name)) throw unknownColumn(name, present);
};

/** A number, or the number in an observation's link, whatever its host: `http://www.inaturalist.org/observations/N`. */
const ID = String.raw`coalesce(substring(value from '^\s*(\d{1,18})\s*$'), substring(value from '/observations/(\d{1,18})(?!\d)'))`;

/** The uuid in a text that may have other numbers beside it. */
const UUID = `lower(substring(note from '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'))`;

/** A statement with columns `value` and `note`; undefined when there is no row. */
const givenSql = async (session: Session, ids: IdsOption): Promise<string | undefined> => {
  if ("table" in ids) {
    const { table, column, uuid_column } = ids;
    const names = (await requireTable(session, table)).columns.map(({ name }) => name);
    for (const name of [column, uuid_column]) {
      if (name !== undefined && !names.includes(name)) throw unknownColumn(name, names);
    }
    const note = uuid_column === undefined ? "null" : quoted(uuid_column);
    return `select ${quoted(column)}::text as value, ${note}::text as note from ${quotedTable(table)}`;
  }
  const [column, uuid] = await statementColumns(session, ids.sql);
  if (column === undefined) return undefined;
  const note = uuid === undefined ? "null" : quoted(uuid);
  return `select ${quoted(column)}::text as value, ${note}::text as note from ${asTable(ids.sql, "given")}`;
};
