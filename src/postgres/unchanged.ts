import type { Batch } from "../core/batch.ts";
import type { RunIdentity } from "../core/component.ts";
import { unknownColumns } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { findTable, type TargetTable } from "./catalog.ts";
import { surveySql } from "./merge/sighting.ts";
import { completeTrack } from "./merge/track.ts";
import { quoted, quotedList } from "./names.ts";
import { dropTemporary, readRows, readTable } from "./read-rows.ts";
import { type Statement, statementError } from "./statement.ts";
import { makeView, VIEW, type View } from "./statement-view.ts";

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
  /** Columns in whose order records are read. */
  readonly order_by: readonly string[];
}

const KNOWN = "pg_temp.runner_known";
const FOUND = "pg_temp.runner_found";
const REST = "pg_temp.runner_rest";
const SAME = "runner_same";
const RECORD = "runner_record";

/** What is to be known, of which run. */
interface Asked {
  readonly option: UnchangedOption;
  readonly run: Pick<RunIdentity, "id" | "pipeline">;
}

/**
 * Reads a statement but for the records that an earlier run made into a row: their hash is that of then, and the
 * row is still there. They are found inside the database, known as seen in this run, and counted with the
 * first batch. The others get a column with their hash.
 *
 * The hash begins with `basis`, whatever else a row depends on; `isAtOnce` when asking for it uses other connections.
 * Without a run that is stored, nothing is noted, and all are read; so they are when a key comes twice: the sink is
 * to find that.
 */
export async function* readChanged(
  session: Session,
  statement: Statement,
  given: Asked & { basis: () => Promise<string>; isAtOnce: boolean; signal: AbortSignal },
): AsyncGenerator<Batch> {
  const { option, signal } = given;
  await dropAll(session);
  try {
    const basis = given.basis();
    basis.catch(() => undefined);
    if (!given.isAtOnce) await basis;
    const known = given.run.id ? await findKnown(session, given) : undefined;
    const view = await makeView(session, statement, { ...option, basis: await basis });
    let unchanged = known && (await findUnchanged(session, statement, { ...known, ...view }));
    const order = orderOf(option, view, "source");
    const sql = `select source.*, ${view.hash} as ${quoted(option.hash)} from ${VIEW} as source${order}`;
    const names = [...view.names, option.hash];
    const { name } = statement;
    const rest = {
      name,
      names,
      table: "runner_rest",
      record: RECORD,
      apart: option.hash,
      isAhead: given.isAtOnce,
    };
    const batches =
      unchanged === undefined
        ? readRows(session, { ...statement, sql, file: undefined }, { signal, apart: option.hash })
        : readTable(session, rest, signal);
    for await (const batch of batches) {
      if (known === undefined || !unchanged) yield batch;
      else {
        // At the same time the flow gets ready for its first batch.
        const noted = noteSeen(session, known);
        noted.catch(() => undefined);
        yield batch.andUnchanged(unchanged);
        await noted;
        unchanged = undefined;
      }
    }
  } finally {
    await dropAll(session);
  }
}

const dropAll = async (session: Session): Promise<void> => {
  await dropTemporary(session, "table", `${KNOWN}, ${FOUND}, ${REST}`);
  await dropTemporary(session, "view", VIEW);
};

/** What is known of a table's rows, in `KNOWN`. */
interface Known extends Asked {
  readonly track: TargetTable;
  readonly keys: readonly KeyPart[];
}

/** Makes `KNOWN`; undefined when there is nothing in it. */
const findKnown = async (session: Session, { option, run }: Asked): Promise<Known | undefined> => {
  const track = await findTable(session, option.track);
  const table = await findTable(session, option.table);
  const columns = track?.columns.map(({ name }) => name) ?? [];
  if (!track || !table || !columns.includes("input")) return undefined;
  await completeTrack(session, track.sql, columns);
  const known = { option, run, track, keys: keysOf(option, track) };
  return (await makeKnown(session, known, table)) ? known : undefined;
};

/** Throws for a column that the statement does not give. */
const orderOf = ({ order_by }: UnchangedOption, { names }: View, record: string): string => {
  const unknown = order_by.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw unknownColumns(unknown, names);
  const columns = order_by.map((name) => `${record}.${quoted(name)}`);
  return columns.length > 0 ? ` order by ${columns.join(", ")}` : "";
};

/**
 * The number of records that are as they were; the others lie in `REST`. Undefined when all are to be read from
 * the statement, since a key comes twice.
 */
const findUnchanged = async (
  session: Session,
  statement: Statement,
  work: Known & View,
): Promise<number | undefined> => {
  try {
    await session.script(foundSql(work));
  } catch (error) {
    throw statementError({ ...statement, file: undefined }, error, 0);
  }
  await session.query(restSql(work));
  // Two keys of one hash would only mean that all are read; to count hashes takes a third of the time.
  const key = work.keys.map(({ name }) => `${name}::text`).join(", ");
  const { rows } = await session.query<{ unchanged: string; is_repeated: boolean }>(
    `select count(*) filter (where ${SAME}) as unchanged,
            count(distinct hashtextextended(concat_ws(e'\\x1f', ${key}), 0)) < count(*) as is_repeated from ${FOUND}`,
  );
  return rows[0]?.is_repeated ? undefined : Number(rows[0]?.unchanged);
};

const noteSeen = async (session: Session, { option, track, run, keys }: Known): Promise<void> => {
  const found = {
    table: `(select * from ${FOUND} where ${SAME})`,
    input: quoted(option.hash),
    key: Object.fromEntries(keys.map(({ name, column }) => [column, name])),
  };
  const tracked = { track: track.sql, pipeline: run.pipeline };
  // Of a track that was just made PostgreSQL knows nothing yet: it would compare each row with each.
  await session.script(`
    set enable_nestloop = off;
    ${inMemory(surveySql(tracked, found, run.id))};
    reset enable_nestloop`);
};

interface KeyPart {
  /** In the temporary tables: a name that no column of the statement has, whose SQL stands beside it. */
  readonly name: string;
  /** In the table and its track. */
  readonly column: string;
  /** Its value for a record, in the type of the track table. */
  readonly typed: string;
}

const keysOf = (option: UnchangedOption, track: TargetTable): KeyPart[] =>
  Object.entries(option.key).map(([column, sql], index) => {
    const type = track.columns.find(({ name }) => name === column)?.declaredType ?? "text";
    return { name: `runner_key_${index}`, column, typed: `(${sql}\n)::${type}` };
  });

/**
 * What is tracked with the hash of its record, and is still there; whether there is any. A table by itself, with
 * statistics: of one large statement PostgreSQL thinks that it finds one row, and goes through a whole
 * table for each record.
 */
const makeKnown = async (
  session: Session,
  { track, keys }: Known,
  table: TargetTable,
): Promise<boolean> => {
  const conditions = [
    ...keys.map(({ column }) => `target.${quoted(column)} = track.${quoted(column)}`),
    ...(await literalsOf(session, track, keys)),
  ];
  const values = keys.map(({ name, column }) => `track.${quoted(column)} as ${name}`);
  const [found] = await session.script(`
    ${inMemory(`create temporary table runner_known as
      select ${values.join(", ")}, track.input from ${track.sql} as track
       where track.input is not null
         and exists (select from ${table.sql} as target where ${conditions.join(" and ")})`)};
    analyze ${KNOWN} (input);
    select exists (select from ${KNOWN})`);
  return found?.[0] === true;
};

/** Conditions on the table for what is the same in all keys of its track: a partial index serves literals alone. */
const literalsOf = async (
  session: Session,
  track: TargetTable,
  keys: readonly KeyPart[],
): Promise<string[]> => {
  const constants = keys.map(
    ({ name, column }) => `
      (select quote_literal(first.${quoted(column)}::text) from (select ${quoted(column)} from ${track.sql} limit 1) as first
        where not exists (select from ${track.sql} as other where other.${quoted(column)} <> first.${quoted(column)})) as ${name}`,
  );
  const { rows } = await session.query<Record<string, string | null>>(
    `select ${constants.join(", ")}`,
  );
  return keys.flatMap(({ name, column }) =>
    rows[0]?.[name] ? [`target.${quoted(column)} = ${rows[0][name]}`] : [],
  );
};

/**
 * Goes through the statement once: of a record that is known there is only its key, the others are whole, each as
 * one value, about which a question for each of its columns would be many. Their hash is computed below
 * `offset 0`, once, and not for each place that asks for it.
 */
const foundSql = ({ option, names, hash, keys }: Known & View): string => {
  const input = quoted(option.hash);
  const values = keys.map(({ name, typed }) => `${typed} as ${name}`);
  const same = keys.map(({ name }) => `known.${name} = source.${name}`);
  return `
    ${inMemory(`create temporary table runner_found with (toast_tuple_target = 8160) as
      select ${keys.map(({ name }) => name).join(", ")}, ${SAME}, ${input},
             case when not ${SAME} then row(${quotedList(names)})::${VIEW} end as ${RECORD} from (
        select source.*, known.input is not null as ${SAME}
          from (select source.*, ${values.join(", ")}, ${hash} as ${input} from ${VIEW} as source offset 0) as source
          left join ${KNOWN} as known on ${same.join(" and ")} and known.input = source.${input}
      ) as source`)};
    analyze ${FOUND} (${SAME})`;
};

/** Only what is to be read is sorted. */
const restSql = ({ option, ...view }: Known & View): string => `
  create temporary table runner_rest with (toast_tuple_target = 8160) as
    select ${RECORD}, ${quoted(option.hash)} from ${FOUND} where not ${SAME}${orderOf(option, view, `(${RECORD})`)}`;

/**
 * A statement that joins all records with all that is known of them: on disk that takes a third longer. So it does
 * in several processes, each of which computes aggregates in the statement by itself.
 */
const inMemory = (sql: string): string => `
    select set_config('work_mem', '${WORK_MEMORY}', false)
     where pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('${WORK_MEMORY}');
    set max_parallel_workers_per_gather = 0;
    ${sql};
    reset work_mem;
    reset max_parallel_workers_per_gather`;

const WORK_MEMORY = "64MB";
