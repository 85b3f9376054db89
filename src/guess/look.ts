/** Looks at the first records of each table of an archive, to say what is in it. */

import { openArchive } from "../archive/archive.ts";
import { coreIdColumn } from "../archive/layout.ts";
import { localName, type Table } from "../archive/meta.ts";
import { readTable } from "../archive/read-table.ts";
import { findTable, tablesOf } from "../archive/tables.ts";
import type { Batch } from "../core/batch.ts";
import type { Context } from "../core/component.ts";
import { RunnerError } from "../core/errors.ts";
import { ColumnGuess, type GuessedColumn } from "./column-guess.ts";

/** What was seen of an archive. */
export interface Seen {
  readonly archive: string;
  /** The core first. */
  readonly tables: readonly SeenTable[];
  /** The one that is asked for; all where none is. */
  readonly asked: readonly SeenTable[];
}

export interface SeenTable {
  /** As the option `table` of a source takes it. */
  readonly name: string;
  /** `Occurrence`; empty in an archive without `meta.xml`. */
  readonly row_type: string;
  /** Records that were looked at; others were passed over as damaged. */
  readonly rows: number;
  readonly damaged: number;
  /** Records of the whole table: a guess from its size, unless all were looked at. */
  readonly total: number;
  readonly is_whole: boolean;
  readonly columns: readonly GuessedColumn[];
  /** The column that ties it to the core. */
  readonly core_id: string | undefined;
  /** Why its first damaged record was passed over. */
  readonly damage?: string;
  /** Why it could not be read. */
  readonly problem?: string;
}

interface Looking extends Pick<Context, "signal" | "log"> {
  /** Records of a table to look at. */
  readonly rows: number;
  /** The table that is asked for. The others are looked at, too: what ties them has one type in all. */
  readonly table?: string | undefined;
}

const GB = 1e9;
const LIMITS = { max_gb: 200, max_ratio: 200 };

/** Looks at the tables of the archive at a path or URL. */
export const lookAt = async (location: string, looking: Looking): Promise<Seen> => {
  const limits = { maxBytes: LIMITS.max_gb * GB, maxRatio: LIMITS.max_ratio };
  await using archive = await openArchive(location, { signal: looking.signal, limits });
  const meta = await tablesOf(archive, looking.signal);
  const wanted = looking.table === undefined ? undefined : findTable(archive, meta, looking.table);
  for (const warning of meta.warnings) looking.log.warn(warning);
  const seen: SeenTable[] = [];
  const quiet = { ...looking, log: { ...looking.log, warn: () => undefined } };
  for (const table of meta.tables) seen.push(await seenTable(location, table, quiet));
  const asked = seen.filter((_, index) => !wanted || meta.tables[index] === wanted);
  return { archive: archive.name, tables: seen, asked };
};

const seenTable = async (location: string, table: Table, looking: Looking): Promise<SeenTable> => {
  const file = table.files[0] ?? "";
  const head = {
    name: file.replace(/\.[^.]*$/, ""),
    row_type: localName(table.rowType),
    core_id: coreIdColumn(table),
  };
  try {
    return { ...head, ...(await firstRecords(location, file, looking)) };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return { ...head, ...NOTHING, problem: error.message };
  }
};

const NOTHING = { rows: 0, damaged: 0, total: 0, is_whole: false, columns: [] };

const firstRecords = async (
  location: string,
  file: string,
  { rows: wanted, signal, log }: Looking,
): Promise<Omit<SeenTable, "name" | "row_type" | "core_id">> => {
  const guesses = new Map<string, ColumnGuess>();
  let rows = 0;
  let damaged = 0;
  let damage: string | undefined;
  let read = 0;
  let bytes = 0;
  let sizeBytes: number | undefined;
  for await (const batch of readTable(location, { table: file, ...LIMITS }, { signal, log })) {
    rows += observed(batch, guesses, wanted - rows);
    damaged += batch.rejects.length;
    damage ??= batch.rejects[0]?.message;
    read += batch.read;
    bytes += batch.bytes;
    sizeBytes = batch.input.sizeBytes;
    if (rows >= wanted) break;
  }
  const is_whole = rows < wanted;
  const total =
    is_whole || bytes === 0 || !sizeBytes ? read : Math.round((read * sizeBytes) / bytes);
  return {
    rows,
    damaged,
    ...(damage === undefined ? {} : { damage }),
    total: Math.max(total, read),
    is_whole,
    columns: [...guesses.values()].map(({ result }) => result),
  };
};

/** Adds so many rows of a batch to the guesses; gives how many there were. */
const observed = (batch: Batch, guesses: Map<string, ColumnGuess>, most: number): number => {
  const rows = batch.rows.subarray(0, most);
  for (const name of batch.names) {
    const guess = guesses.get(name) ?? new ColumnGuess(name);
    guesses.set(name, guess);
    const column = batch.column(name);
    for (const row of rows) guess.add(column.text(row));
  }
  return rows.length;
};
