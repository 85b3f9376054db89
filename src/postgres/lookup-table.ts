import type { Log } from "../core/component.ts";
import { lookupFailed, RunnerError, tableColumnUnknown } from "../core/errors.ts";
import type { Coming } from "../core/examination.ts";
import { count, size } from "../core/progress.ts";
import { type Database, inTransaction, isDatabaseError, type Session } from "../core/session.ts";
import { TextMap } from "../core/text-map.ts";
import { requireTable, type TargetTable } from "./catalog.ts";
import { examineTarget } from "./examine-target.ts";
import { quoted, quotedTable } from "./names.ts";
import { readRows } from "./read-rows.ts";

/** What is to be read of a table, and how. */
export interface LookupQuery {
  readonly table: string;
  /** Its columns that are compared. */
  readonly key: readonly string[];
  /** Its columns that are wanted. */
  readonly values: readonly string[];
  readonly where?: string | undefined;
  /** Leaves out what no record asks for; the result is the same without it. */
  readonly load_only?: string | undefined;
  readonly order_by?: string | undefined;
  /** Whether a key with several different results has none. */
  readonly unique: boolean;
}

/** A table in memory. */
export interface LookupTable {
  /** The wanted values for those of the key; `several` when they differ and must not, undefined when there are none. */
  find(key: readonly string[]): readonly (string | null)[] | "several" | undefined;
}

/** A table above this size in memory is told as soon as it is read, those of a flow together at its end. */
const LARGE_BYTES = 1_000_000;

// No value has a NUL, so it keeps `a`, `bc` and `ab`, `c` apart.
const SEPARATOR = "\0";

/** What a lookup needs of its context. */
interface Lent {
  readonly database: Database;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** What the lookups of a flow, which share its context, have in memory, by what they ask. */
const onceOf = <Result>() => {
  const known = new WeakMap<Lent, Map<string, Promise<Result>>>();
  return (context: Lent, asked: string, ask: () => Promise<Result>): Promise<Result> => {
    const results = known.get(context) ?? new Map<string, Promise<Result>>();
    known.set(context, results);
    const result = results.get(asked) ?? ask();
    results.set(asked, result);
    return result;
  };
};
const tableOnce = onceOf<LookupTable>();
const contentOnce = onceOf<string>();

/**
 * Reads the table whole, and once for all lookups of a flow that ask the same of it. A row without a value
 * in its key, or with none of those wanted, is none.
 */
export const readLookupTable = (context: Lent, query: LookupQuery): Promise<LookupTable> => {
  const { table, key, values, where, load_only, order_by, unique } = query;
  const asked = JSON.stringify([table, key, values, where, load_only, order_by, unique]);
  return tableOnce(context, asked, () => readTable(context, query));
};

/** A text that changes with what a lookup may find; made in the database, the table is not read. */
export const lookupContent = (context: Lent, query: LookupQuery): Promise<string> => {
  const sql = contentSql(query);
  return contentOnce(context, sql, async () => {
    await using session = await context.database.session();
    try {
      return await inTransaction(session, async () => {
        const { rows } = await session.query<{ content: string }>(sql);
        return rows[0]?.content ?? "";
      });
    } catch (error) {
      // What is wrong with the SQL is told when the table is read.
      if (isDatabaseError(error)) return "";
      throw error;
    }
  });
};

/** Its order may go by any column. */
const contentSql = ({ table, key, values, where, order_by }: LookupQuery): string => {
  const columns = order_by === undefined ? [...key, ...values].map(quoted).join(", ") : "*";
  const from = `select ${columns} from ${quotedTable(table)}`;
  const rows = where === undefined ? from : `${from} where (${where}\n)`;
  return `select count(*) || ' ' || coalesce(sum(hashtextextended(content::text, 0)), 0) as content from (${rows}) as content`;
};

interface Size {
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What the lookups of a flow have read so far. */
const sizes = new WeakMap<Lent, Size>();

const noteSize = (context: Lent, { rows, sizeBytes }: ReturnType<typeof collected>): void => {
  const before = sizes.get(context) ?? { tables: 0, rows: 0, bytes: 0 };
  sizes.set(context, {
    tables: before.tables + 1,
    rows: before.rows + rows(),
    bytes: before.bytes + sizeBytes(),
  });
};

/** Says once what all lookups of a flow have in memory, if it is much; the first to end calls it, when all have read. */
export const tellSizes = (context: Lent): void => {
  const { tables, rows, bytes } = sizes.get(context) ?? { tables: 0, rows: 0, bytes: 0 };
  sizes.delete(context);
  if (bytes <= LARGE_BYTES) return;
  const what = tables === 1 ? "1 table" : `${tables} tables`;
  context.log.info(`Looked up in ${what}: ${count(rows)} rows, ${size(bytes)} of memory.`);
};

const readTable = async (context: Lent, query: LookupQuery): Promise<LookupTable> => {
  const { database, signal, log } = context;
  const { table, key, values, unique, order_by } = query;
  await using session = await database.session();
  const target = await requireTable(session, table);
  checkNames(target, query);
  const found = collected(query);
  const statement = { sql: lookupSql(target.sql, query), name: table, file: undefined };
  const names = [...key, ...values].map((_, index) => `c${index}`);
  try {
    for await (const batch of readRows(session, statement, { signal, table: "runner_lookup" })) {
      const columns = names.map((name) => batch.column(name));
      for (const row of batch.rows) {
        found.add(columns.map((column) => column.text(row)));
      }
    }
  } catch (error) {
    if (error instanceof RunnerError && error.code === "query_failed") {
      throw lookupFailed(query, error.cause);
    }
    throw error;
  }
  noteSize(context, found);
  if (found.sizeBytes() > LARGE_BYTES) {
    log.info(
      `\`${table}\`: ${count(found.rows())} rows to look up in, ${size(found.sizeBytes())} of memory.`,
    );
  }
  const several = found.several();
  if (several > 0 && !unique && order_by === undefined) {
    const keys = several === 1 ? "1 key" : `${count(several)} keys`;
    log.warn(
      `${keys} of \`${table}\` ${several === 1 ? "has" : "have"} several different rows; the first in alphabetical order is taken. \`order_by\` says which it is to be.`,
    );
  }
  return found.table;
};

/** Throws for a column that the query names and the table does not have. */
export const checkNames = ({ name: table, columns }: TargetTable, query: LookupQuery): void => {
  const known = columns.map(({ name }) => name);
  for (const name of [...query.key, ...query.values]) {
    if (!known.includes(name)) throw tableColumnUnknown(table, name, known);
  }
};

/**
 * The table that will be looked up in, as far as it is there already; throws what a run would throw. Columns
 * that setup or an earlier flow adds are of the type text here.
 */
export const examineLookupTable = async (
  session: Session,
  query: LookupQuery,
  coming: Coming,
): Promise<{ readonly target: TargetTable; readonly isThere: boolean }> => {
  const { table, key, values } = query;
  const names = [...key, ...values];
  const found = await examineTarget(session, { table, rights: ["select"], names }, coming);
  checkNames(found.target, query);
  return found;
};

/** Rows, first come first served, as a table in memory. */
const collected = ({ key, values, unique }: LookupQuery) => {
  const results = new TextMap();
  const several = new Set<string>();
  let rows = 0;
  const table: LookupTable = {
    find: (texts) => {
      const place = texts.join(SEPARATOR);
      if (unique && several.has(place)) return "several";
      const result = results.get(place);
      if (result === undefined) return undefined;
      return values.length === 0 ? [] : result.split(SEPARATOR).map((text) => text || null);
    },
  };
  return {
    table,
    /** The values of key and result of a row. */
    add(texts: readonly (string | null)[]) {
      const wanted = texts.slice(key.length);
      if (texts.slice(0, key.length).includes(null)) return;
      if (wanted.length > 0 && wanted.every((text) => text === null)) return;
      rows++;
      const place = texts.slice(0, key.length).join(SEPARATOR);
      const result = wanted.map((text) => text ?? "").join(SEPARATOR);
      const first = results.add(place, result);
      if (first !== undefined && first !== result) several.add(place);
    },
    sizeBytes: () => results.sizeBytes,
    rows: () => rows,
    several: () => several.size,
  };
};

/** The rows of some keys alone, by one statement: for the few records that are known before a run. */
export const readSomeRows = async (
  session: Session,
  query: LookupQuery,
  firstKeys: readonly string[],
): Promise<LookupTable> => {
  const { sql } = await requireTable(session, query.table);
  const names = [...query.key, ...query.values].map((_, index) => `c${index}`);
  const texts = names.map((name) => `${name}::text`).join(", ");
  try {
    const { rows } = await session.query<{ texts: (string | null)[] }>(
      `select array[${texts}] as texts from (${lookupSql(sql, query)}\n) as looked where c0::text = any ($1) ${firstKeys.length === 0 ? "limit 0" : ""}`,
      [firstKeys],
    );
    const found = collected(query);
    for (const row of rows) found.add(row.texts);
    return found.table;
  } catch (error) {
    throw isDatabaseError(error) ? lookupFailed(query, error) : error;
  }
};

/** Without an order that is asked for, one that stays the same from run to run where it matters. */
const lookupSql = (
  table: string,
  { key, values, where, load_only, order_by, unique }: LookupQuery,
): string => {
  const columns = [...key, ...values].map((name, index) => `${quoted(name)} as c${index}`);
  const fallback = values.map((name) => `${quoted(name)}::text collate "C"`).join(", ");
  const order = order_by ?? (unique ? "" : fallback);
  return [
    `select ${columns.join(", ")} from ${table}`,
    [where, load_only]
      .filter((condition) => condition !== undefined)
      .map((condition, index) => `${index === 0 ? "where" : "and"} (${condition}\n)`)
      .join(" "),
    order === "" ? "" : `order by ${order}`,
  ]
    .filter(Boolean)
    .join("\n");
};
