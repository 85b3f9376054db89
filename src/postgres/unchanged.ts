import { createHash } from "node:crypto";
import type { Batch } from "../core/batch.ts";
import { queryWithoutColumns } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { findTable, type TargetTable } from "./catalog.ts";
import { quoted } from "./names.ts";
import { dropTemporary, readRows } from "./read-rows.ts";
import { type Statement, statementError } from "./statement.ts";

/** How records are known that need not be read again. */
export interface UnchangedOption {
  /** The table in which `postgres_upsert` keeps what it knows of each row. */
  readonly track: string;
  /** The table that it writes. */
  readonly table: string;
  /** Columns of its key → SQL over the statement's columns. */
  readonly key: Readonly<Record<string, string>>;
  /** Columns whose change is none. */
  readonly ignore: readonly string[];
  /** The column that gets the hash of each record. */
  readonly hash: string;
}

const VIEW = "pg_temp.runner_source";
const HASHES = "pg_temp.runner_hashes";
const SAME = "pg_temp.runner_same";

/**
 * Reads a statement but for the records that an earlier run made into a row: their hash is that of then, and the
 * row is still there. They are found inside the database, marked as seen in this run, and counted with the
 * first batch. The others get a column with their hash.
 *
 * The hash begins with `basis`, whatever else a row depends on. Without a `run` nothing is marked, and all are
 * read; so they are when a key comes twice: the sink is to find that.
 */
export async function* readChanged(
  session: Session,
  statement: Statement,
  given: { option: UnchangedOption; basis: string; run: string; signal: AbortSignal },
): AsyncGenerator<Batch> {
  const { option, run, signal } = given;
  await dropAll(session);
  const hash = await makeView(session, statement, given);
  try {
    const track = await findTable(session, option.track);
    const table = await findTable(session, option.table);
    const isTracked = track?.columns.some(({ name }) => name === "input") ?? false;
    const work =
      isTracked && track && table && run ? { option, hash, run, track, table } : undefined;
    let unchanged = work ? await markUnchanged(session, work) : 0;
    const others = work && unchanged > 0 ? `where not exists (${sameAs(work)})` : "";
    const sql = `select source.*, ${hash} as ${quoted(option.hash)} from ${VIEW} as source ${others}`;
    for await (const batch of readRows(
      session,
      { ...statement, sql, file: undefined },
      { signal },
    )) {
      yield unchanged > 0 ? batch.andUnchanged(unchanged) : batch;
      unchanged = 0;
    }
  } finally {
    await dropAll(session);
  }
}

const dropAll = async (session: Session): Promise<void> => {
  await dropTemporary(session, "table", `${HASHES}, ${SAME}`);
  await dropTemporary(session, "view", VIEW);
};

interface Work {
  readonly option: UnchangedOption;
  /** SQL for the hash of a record. */
  readonly hash: string;
  readonly run: string;
  readonly track: TargetTable;
  readonly table: TargetTable;
}

/** Makes a view of the statement, whose columns have types then; gives the SQL for a record's hash. */
const makeView = async (
  session: Session,
  statement: Statement,
  { option, basis }: { option: UnchangedOption; basis: string },
): Promise<string> => {
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
    .filter(({ name }) => !option.ignore.includes(name))
    .map(({ name, is_hashable }) => `source.${quoted(name)}${is_hashable ? "" : "::text"}`)
    .join(", ");
  const seed = createHash("sha256").update(basis).digest().readBigInt64BE();
  return isOld
    ? `hashtextextended(row(${values})::text, ${seed})`
    : `hash_record_extended(row(${values}), ${seed})`;
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

/**
 * In steps, each with statistics: of one large statement PostgreSQL thinks that it finds one row, and goes
 * through a whole table for each record.
 */
const markUnchanged = async (session: Session, work: Work): Promise<number> => {
  const { hash, run, track, table } = work;
  const keys = keysOf(work);
  const values = keys.map(({ typed, name }) => `${typed} as ${name}`).join(", ");
  await session.script(`
    create temporary table runner_hashes as select ${values}, ${hash} as input from ${VIEW} as source;
    analyze ${HASHES};`);
  const literals = await literalsOf(session, keys);
  if (literals === undefined) return 0;
  const same = (other: string, known: string) =>
    keys.map(({ name, column }) => `${other}.${column} = ${known}.${name}`);
  const inTable = [...same("target", "hashes"), ...literals].join(" and ");
  await session.script(`
    create temporary table runner_same as
      select ${keys.map(({ name }) => name).join(", ")}
        from ${HASHES} as hashes join ${track.sql} as track on ${same("track", "hashes").join(" and ")}
       where track.input = hashes.input and exists (select from ${table.sql} as target where ${inTable});
    analyze ${SAME};`);
  const { count } = await session.query(
    `update ${track.sql} as track set run = $1::bigint from ${SAME} as same where ${same("track", "same").join(" and ")}`,
    [run],
  );
  return count;
};

interface KeyPart {
  /** In the temporary tables: a name that no column of the statement has, whose SQL stands beside it. */
  readonly name: string;
  /** In the table and its track. */
  readonly column: string;
  /** Its value for a record, in the type of the track table. */
  readonly typed: string;
}

const keysOf = ({ option, track }: Work): KeyPart[] =>
  Object.entries(option.key).map(([column, sql], index) => {
    const type = track.columns.find(({ name }) => name === column)?.declaredType ?? "text";
    return { name: `runner_key_${index}`, column: quoted(column), typed: `(${sql}\n)::${type}` };
  });

/**
 * Conditions on the table for what is the same in all keys: a partial index serves literals alone. Undefined
 * when a key comes twice.
 */
const literalsOf = async (
  session: Session,
  keys: readonly KeyPart[],
): Promise<string[] | undefined> => {
  const names = keys.map(({ name }) => name);
  const constants = names.map(
    (name) =>
      `case when min(${name}::text) = max(${name}::text) then quote_literal(min(${name}::text)) end as ${name}`,
  );
  const { rows } = await session.query<Record<string, string | boolean | null>>(
    `select exists (select from ${HASHES} group by ${names.join(", ")} having count(*) > 1) as is_repeated,
            ${constants.join(", ")} from ${HASHES}`,
  );
  const [found = {}] = rows;
  if (found.is_repeated) return undefined;
  return keys.flatMap(({ name, column }) =>
    found[name] ? [`target.${column} = ${found[name]}`] : [],
  );
};

const sameAs = (work: Work): string =>
  `select from ${SAME} as same where ${keysOf(work)
    .map(({ name, typed }) => `same.${name} = ${typed}`)
    .join(" and ")}`;
