/** Looks at the first records of each table of an archive, to say what is in it. */

import { isTextFile, openArchive } from "../archive/archive.ts";
import type { Entry } from "../archive/entries.ts";
import { coreIdColumn } from "../archive/layout.ts";
import { localName, type Table } from "../archive/meta.ts";
import { readTable } from "../archive/read-table.ts";
import { guessedForm } from "../archive/table-batches.ts";
import { findTable, tablesOf } from "../archive/tables.ts";
import type { Batch } from "../core/batch.ts";
import type { Context } from "../core/component.ts";
import { RunnerError } from "../core/errors.ts";
import { ColumnGuess, type GuessedColumn } from "./column-guess.ts";
import { guessedEncoding } from "./text-encoding.ts";

/** What was seen of an archive. */
export interface Seen {
  readonly archive: string;
  /** The core first. */
  readonly tables: readonly SeenTable[];
  /** The one that is asked for; all where none is. */
  readonly asked: readonly SeenTable[];
  /** Of a text file by itself: whether its values may be enclosed in `"`. */
  readonly text?: { readonly isQuoted: boolean };
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
  /** How it was read, where that is neither UTF-8 nor what `meta.xml` says. */
  readonly encoding?: string;
  /** A text beyond ASCII as it was read, where the encoding is a guess. */
  readonly encoding_example?: string;
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
  /** How its tables are encoded; what `meta.xml` says, or a guess, when absent. */
  readonly encoding?: string | undefined;
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
  let text: Seen["text"];
  const quiet = { ...looking, log: { ...looking.log, warn: () => undefined } };
  for (const table of meta.tables) {
    const sample = await beginningOf(archive.entries.get(table.files[0] ?? ""), looking.signal);
    const encoded = encodingOf(sample, table, looking);
    if (await isTextFile(location)) text = { isQuoted: mayQuote(sample) };
    seen.push({ ...(await seenTable(location, table, { ...quiet, ...encoded })), ...encoded });
  }
  const asked = seen.filter((_, index) => !wanted || meta.tables[index] === wanted);
  return { archive: archive.name, tables: seen, asked, ...(text ? { text } : {}) };
};

/** So much of a table is looked at for its encoding. */
const SAMPLE_BYTES = 4 * 1024 * 1024;

const beginningOf = async (entry: Entry | undefined, signal: AbortSignal): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of entry?.read(signal) ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= SAMPLE_BYTES) break;
    }
  } catch {
    // Whoever reads the records says what is wrong, and where.
    signal.throwIfAborted();
  }
  return Buffer.concat(chunks);
};

type Encoded = Pick<SeenTable, "encoding" | "encoding_example">;

/** How a table is encoded, where the user or its bytes say otherwise than the archive. */
const encodingOf = (sample: Buffer, table: Table, { encoding }: Looking): Encoded => {
  if (encoding !== undefined) return { encoding };
  if (!/^utf-?8$/i.test(table.encoding)) return {};
  const guessed = guessedEncoding(sample);
  return guessed ? { encoding: guessed.encoding, encoding_example: guessed.example } : {};
};

/** Whether the source `csv`, which has to be told, is to look for quotes as `dwca` does, which finds it out. */
const mayQuote = (sample: Buffer): boolean => {
  // Whatever the encoding, tabs and quotes are these bytes.
  const text = sample.toString("latin1", 0, LINE_BYTES).replace(/^(ï»¿|ÿþ|þÿ)/, "");
  const [line = ""] = text.replaceAll("\0", "").split(/\r?\n/, 1);
  return guessedForm(line).quote !== "";
};

/** More than any header. */
const LINE_BYTES = 256 * 1024;

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
  { rows: wanted, encoding, signal, log }: Looking,
): Promise<Omit<SeenTable, "name" | "row_type" | "core_id">> => {
  const choice = { table: file, ...LIMITS, ...(encoding === undefined ? {} : { encoding }) };
  const guesses = new Map<string, ColumnGuess>();
  let rows = 0;
  let damaged = 0;
  let damage: string | undefined;
  let read = 0;
  let bytes = 0;
  let sizeBytes: number | undefined;
  for await (const batch of readTable(location, choice, { signal, log })) {
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
