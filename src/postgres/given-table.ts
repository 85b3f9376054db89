import { tableColumnUnknown } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { findTable } from "./catalog.ts";
import { quoted, quotedList, quotedTable, tableParts } from "./names.ts";

/**
 * Makes a table hold exactly these rows, in the session's transaction. One that is not there is made, with
 * these types. One that is there keeps its types, but what it asks of rows besides (foreign keys, triggers,
 * values in other columns) does not hold: the rows say only what matters. For tests, to be rolled back.
 */
export const giveTable = async (
  session: Session,
  {
    table,
    rows,
    types,
  }: { table: string; rows: readonly object[]; types: ReadonlyMap<string, string> },
): Promise<void> => {
  const names = [...types.keys()];
  const known = await findTable(session, table);
  const sql = quotedTable(table);
  if (known === undefined) {
    const { schema } = tableParts(table);
    if (schema !== undefined) await session.script(`create schema if not exists ${quoted(schema)}`);
    const columns = names.map((name) => `${quoted(name)} ${types.get(name)}`);
    await session.script(`create table ${sql} (${columns.join(", ")})`);
  } else {
    const columns = known.columns.map(({ name }) => name);
    const unknown = names.find((name) => !columns.includes(name));
    if (unknown !== undefined) throw tableColumnUnknown(table, unknown, columns);
    await session.script(`set local session_replication_role = replica; delete from ${sql}`);
    for (const { name } of known.columns.filter((one) => one.isRequired && !types.has(one.name))) {
      await session.script(`alter table ${sql} alter column ${quoted(name)} drop not null`);
    }
  }
  if (rows.length === 0 || names.length === 0) return;
  const list = quotedList(names);
  await session.query(
    `insert into ${sql} (${list}) select ${list} from json_populate_recordset(null::${sql}, $1)`,
    [JSON.stringify(rows)],
  );
};
