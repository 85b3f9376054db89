import { createHash } from "node:crypto";
import { ahead } from "../core/ahead.ts";
import { Batch, type Fields, type Input, type Locate } from "../core/batch.ts";
import { CopyColumn, type Slab, unescaped } from "../core/columns.ts";
import { queryWithoutColumns } from "../core/errors.ts";
import { splitLines } from "../core/lines.ts";
import { isDatabaseError, type Session } from "../core/session.ts";
import { newSplitter, type Splitter } from "../core/split.ts";
import { quoted } from "./names.ts";
import { type Statement, statementError } from "./statement.ts";

/** A batch has about so many bytes. */
const BATCH_BYTES = 256 * 1024;

/** Pages of a table of which nothing is known yet: long values are kept elsewhere, so they may be much. */
const FIRST_PAGES = 4;

/**
 * The rows of a statement as batches of text, as PostgreSQL itself writes its values.
 *
 * They are put into a temporary table first and copied out of it by ranges of pages. So nothing stays
 * open between two batches, neither statement nor snapshot nor lock: the sink may truncate what the
 * statement has read, and undo savepoints on the same session. A cursor `with hold` keeps its rows aside
 * too, but gives them one by one, typed: that takes half as long again, and three times the work here.
 */
export async function* readRows(
  session: Session,
  statement: Statement,
  { signal, table = "runner_rows", apart }: { signal: AbortSignal; table?: string; apart?: string },
): AsyncGenerator<Batch> {
  await materialise(session, statement, table);
  try {
    const names = await columnsOf(session, statement, table);
    yield* readTable(session, { name: statement.name, names, table, apart }, signal);
  } finally {
    await dropTemporary(session, "table", `pg_temp.${table}`);
  }
}

/** What is read of a temporary table. */
export interface Rows {
  /** For people: the statement that the rows are of. */
  readonly name: string;
  /** Columns. */
  readonly names: readonly string[];
  /** Without its schema. */
  readonly table: string;
  /** SQL; other rows are left out. */
  readonly where?: string;
  /** A column that is none of the record's own, and not said of one that is set aside. */
  readonly apart?: string | undefined;
  /** The column that has the others, but for the one apart, as one value; where there is none, each stands by itself. */
  readonly record?: string;
  /** The next rows are fetched while those before them go through the flow: for a session that has its own connection. */
  readonly isAhead?: boolean;
}

/** The rows of a temporary table as batches, which stays; `readRows` says why a table. */
export async function* readTable(
  session: Session,
  rows: Rows,
  signal: AbortSignal,
): AsyncGenerator<Batch> {
  const { names, table, apart } = rows;
  const layout = await layoutOf(session, table);
  const input = inputOf(session, rows, layout.pages * layout.pageBytes);
  const splitter = newSplitter();
  let read = 0;
  const fetched = pagesOf(session, rows, { layout, signal });
  for await (const { bytes, inputBytes } of rows.isAhead ? ahead(fetched, 1) : fetched) {
    const batch = rowsBatch(bytes, { names, apart, input, splitter, before: read, inputBytes });
    // A table is made some pages larger at once than it needs.
    if (batch.size > 0) yield batch;
    read += batch.size;
  }
  if (read === 0) yield Batch.empty(input, names);
}

/** Ranges of pages, each as what PostgreSQL writes for it. */
async function* pagesOf(
  session: Session,
  rows: Rows,
  { layout, signal }: { layout: Layout; signal: AbortSignal },
): AsyncGenerator<{ bytes: Buffer; inputBytes: number }> {
  let pages = FIRST_PAGES;
  for (let first = 0; first < layout.pages; ) {
    signal.throwIfAborted();
    const bytes = await session.copyOut(copySql(rows, { ...layout, first, pages }));
    yield { bytes, inputBytes: Math.min(pages, layout.pages - first) * layout.pageBytes };
    first += pages;
    const fitting = Math.floor((pages * BATCH_BYTES) / Math.max(1, bytes.length));
    pages = Math.max(1, Math.min(fitting, pages * 4));
  }
}

const materialise = async (
  session: Session,
  statement: Statement,
  table: string,
): Promise<void> => {
  // One may be left from a flow that failed on a session that is shared.
  await session.query(`drop table if exists pg_temp.${table}`);
  // Rows of some kilobytes stay as they are: to compress them would take longer than to write them.
  const before = `create temporary table ${table} with (toast_tuple_target = 8160) as (\n`;
  try {
    await session.query(`${before}${statement.sql}\n)`);
  } catch (error) {
    throw statementError(statement, error, before.length);
  }
};

/** What it takes is given back; where the transaction is broken, its end does that. */
export const dropTemporary = async (
  session: Session,
  kind: "table" | "view",
  name: string,
): Promise<void> => {
  try {
    await session.query(`drop ${kind} if exists ${name}`);
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
  }
};

const columnsOf = async (
  session: Session,
  { name }: Statement,
  table: string,
): Promise<string[]> => {
  const { rows } = await session.query<{ name: string }>(
    `select attname as name from pg_attribute
      where attrelid = 'pg_temp.${table}'::regclass and attnum > 0 order by attnum`,
  );
  if (rows.length === 0) throw queryWithoutColumns(name);
  return rows.map((row) => row.name);
};

interface Layout {
  readonly pages: number;
  readonly pageBytes: number;
  /** Most rows of a page, where the server cannot find a range of pages by itself: before version 14. */
  readonly rowsPerPage: number | undefined;
}

const layoutOf = async (session: Session, table: string): Promise<Layout> => {
  const { rows } = await session.query<{ size: string; page: string; version: string }>(
    `select pg_relation_size('pg_temp.${table}')::text as size, current_setting('block_size') as page,
            current_setting('server_version_num') as version`,
  );
  const { size = "0", page = "8192", version = "0" } = rows[0] ?? {};
  const pageBytes = Number(page);
  return {
    pages: Number(size) / pageBytes,
    pageBytes,
    rowsPerPage: Number(version) >= 140_000 ? undefined : Math.ceil(pageBytes / 28),
  };
};

/** An empty field behind the last column keeps the line of a row without any value from being blank. */
export const copySql = (
  { table, names, where = "true", apart, record }: Omit<Rows, "name">,
  { rowsPerPage, first, pages }: Pick<Layout, "rowsPerPage"> & { first: number; pages: number },
): string => {
  const end = first + pages;
  const range =
    rowsPerPage === undefined
      ? `ctid >= '(${first},0)' and ctid < '(${end},0)'`
      : `ctid = any (array(select format('(%s,%s)', page, item)::tid
           from generate_series(${first}, ${end - 1}) as page, generate_series(1, ${rowsPerPage}) as item))`;
  const values = names.map((name) =>
    record === undefined || name === apart ? quoted(name) : `(${record}).${quoted(name)}`,
  );
  return `copy (select ${values.join(", ")}, null from pg_temp.${table} where ${range} and ${where}) to stdout (null '')`;
};

const inputOf = (
  session: Session,
  { name, names, table, where = "true" }: Rows,
  sizeBytes: number,
): Input => {
  let identity: Promise<string> | undefined;
  const identify = async () => {
    const { rows } = await session.query<{ hash: string | null }>(
      `select md5(string_agg(md5(t::text), '' order by ctid)) as hash from pg_temp.${table} as t where ${where}`,
    );
    const content = `${JSON.stringify(names)} ${rows[0]?.hash ?? ""}`;
    return createHash("sha256").update(content).digest("hex");
  };
  return {
    name,
    sizeBytes,
    identity: () => {
      identity ??= identify();
      return identity;
    },
  };
};

const TAB = 0x09;
const BACKSLASH = 0x5c;

const rowsBatch = (
  bytes: Buffer,
  part: {
    names: readonly string[];
    apart: string | undefined;
    input: Input;
    splitter: Splitter;
    before: number;
    inputBytes: number;
  },
): Batch => {
  const { names, input, before } = part;
  const format = { separator: TAB, fields: names.length + 1, mayQuote: false };
  const { slab, starts } = splitLines(bytes, format, part.splitter);
  const hasEscapes = bytes.includes(BACKSLASH);
  return Batch.from({
    columns: fieldsOf(slab, names, hasEscapes),
    size: starts.length,
    input,
    record: locator(bytes, starts, { name: input.name, names, apart: part.apart, before }),
    bytes: part.inputBytes,
  });
};

const fieldsOf = (slab: Slab, names: readonly string[], hasEscapes: boolean) =>
  new Map(names.map((name, field) => [name, new CopyColumn(slab, field, hasEscapes)]));

/**
 * `staged.sql (gbif_id 4052)`, as people know a row by its first column; `staged.sql#12` where that is empty. The
 * same at every run, whatever else the statement finds.
 */
const locator =
  (
    bytes: Buffer,
    starts: Int32Array,
    source: { name: string; names: readonly string[]; apart: string | undefined; before: number },
  ): Locate =>
  (row) => {
    const { name, names, apart, before } = source;
    const start = starts[row] ?? 0;
    const fields = bytes.toString("utf8", start, bytes.indexOf("\n", start)).split("\t");
    const values: Record<string, string> = {};
    names.forEach((column, index) => {
      const value = unescaped(fields[index] ?? "");
      if (value && column !== apart) values[column] = value;
    });
    const [first = ""] = names;
    const known = (values[first]?.length ?? LONGEST_KEY + 1) <= LONGEST_KEY;
    const raw = JSON.stringify(values);
    return {
      place: known ? `${name} (${first} ${values[first]})` : `${name}#${before + row + 1}`,
      raw,
      names,
      // Out of the text: a whole chunk may be set aside, and its values one by one take more memory.
      fields: () => JSON.parse(raw) as Fields,
      rawIsFields: true,
    };
  };

const LONGEST_KEY = 60;
