import { Batch, type Columns, type Input } from "../core/batch.ts";
import { ConstantColumn, DefaultColumn, FieldColumn, type Slab } from "../core/columns.ts";
import { csvBatches } from "../core/csv.ts";
import { asUtf8, asValidUtf8 } from "../core/encoding.ts";
import { delimiterWrong, headerMissing } from "../core/errors.ts";
import { lineBatches } from "../core/lines.ts";
import { takeLines, wholeLines } from "../core/whole-lines.ts";
import { type Layout, layoutOf, lineFields } from "./layout.ts";
import type { Table } from "./meta.ts";

/**
 * The records of one file of a table: by the fast splitter when nothing is enclosed and lines end as
 * usual, by the CSV parser otherwise. Gives an empty batch when there is no record.
 */
export async function* tableBatches(
  table: Table,
  chunks: AsyncIterable<Buffer>,
  input: Input,
): AsyncGenerator<Batch> {
  const text = asUtf8(chunks, { encoding: table.encoding, name: input.name });
  const { line, all } = await peekLine(text, Math.max(1, table.ignoreHeaderLines));
  const delimiter = table.fieldsTerminatedBy || guessedDelimiter(line);
  checkDelimiter(table, line, input.name);
  const quote = table.fieldsEnclosedBy ?? guessedQuote(delimiter, line);
  const isUsual = /^\r?\n$/.test(table.linesTerminatedBy);
  if (quote === "" && isUsual && Buffer.byteLength(delimiter) === 1) {
    yield* plainBatches(table, all, { delimiter, line, input });
    return;
  }
  let layout: Layout | undefined;
  const valid = asValidUtf8(all, { encoding: "utf-8", name: input.name });
  const batches = csvBatches(
    valid,
    {
      delimiter,
      quote: quote || null,
      skipLines: table.ignoreHeaderLines,
      ...(isUsual ? {} : { lineEnd: table.linesTerminatedBy }),
    },
    {
      input,
      namesOf: (header, width) => {
        layout = layoutOf(table, header, width, input.name);
        return Array.from({ length: layout.width }, (_, index) => `${index}`);
      },
      fieldsOf: () => lineFields(layout as Layout),
    },
  );
  for await (const batch of batches) yield withNames(batch, layout as Layout);
}

async function* plainBatches(
  table: Table,
  chunks: AsyncIterable<Buffer>,
  source: {
    delimiter: string;
    line: string;
    input: Input;
  },
): AsyncGenerator<Batch> {
  const { delimiter, line, input } = source;
  const skip = table.ignoreHeaderLines;
  const { header, rest } = await takeLines(wholeLines(chunks, input), skip);
  if (header.length < skip) throw headerMissing(input.name, skip);
  const layout = layoutOf(
    table,
    header.at(-1)?.split(delimiter),
    line.split(delimiter).length,
    input.name,
  );
  let isEmpty = true;
  const batches = lineBatches(rest, {
    format: { separator: delimiter.charCodeAt(0), fields: layout.width, mayQuote: true },
    columns: (slab) => slabColumns(slab, layout),
    input,
    firstLine: skip + 1,
    fields: lineFields(layout),
  });
  for await (const batch of batches) {
    isEmpty = false;
    yield batch;
  }
  if (isEmpty) yield Batch.empty(input, layout.columns.keys());
}

/** A table has hundreds of columns and a flow wants a few: each is made when it is asked for. */
const slabColumns = (slab: Slab, { columns }: Layout): Columns => ({
  get: (name) => {
    const placed = columns.get(name);
    if (placed === undefined) return undefined;
    if (placed.index === undefined) return new ConstantColumn(placed.default ?? null);
    const field = new FieldColumn(slab, placed.index);
    return placed.default === undefined ? field : new DefaultColumn(field, placed.default);
  },
  keys: () => columns.keys(),
});

/** From columns that are named by their position to the table's. */
const withNames = (batch: Batch, { columns }: Layout): Batch => {
  let named = batch;
  for (const [name, { index, default: value }] of columns) {
    const column = index === undefined ? new ConstantColumn(null) : batch.column(`${index}`);
    named = named.with(name, value === undefined ? column : new DefaultColumn(column, value));
  }
  return named.select(new Map([...columns.keys()].map((name) => [name, name])));
};

/** So much is looked at for a line, and no more. */
const PEEK_BYTES = 256 * 1024;

/** The header, or the first line where there is none, and all chunks with it. */
const peekLine = async (
  chunks: AsyncGenerator<Buffer>,
  number: number,
): Promise<{ line: string; all: AsyncGenerator<Buffer> }> => {
  let start: Buffer = Buffer.alloc(0);
  const linesIn = (encoding: BufferEncoding) =>
    start.toString(encoding, 0, PEEK_BYTES).split("\n", number + 1);
  let lines: string[] = [];
  let isDone = false;
  while (!isDone && lines.length <= number && start.length < PEEK_BYTES) {
    const next = await chunks.next();
    isDone = next.done === true;
    if (!next.done) start = start.length === 0 ? next.value : Buffer.concat([start, next.value]);
    lines = linesIn("utf8");
  }
  // What is not in UTF-8 is told elsewhere; here people are to recognise it.
  if (lines[number - 1]?.includes("\ufffd")) lines = linesIn("latin1");
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (start.length > 0) yield start;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  return { line: lines[number - 1]?.replace(/\r$/, "") ?? "", all: all() };
};

/** Throws for a separator that somebody has given and that separates nothing, where another one does. */
const checkDelimiter = (table: Table, line: string, input: string): void => {
  const given = table.fieldsTerminatedBy;
  const found = guessedDelimiter(line);
  // What meta.xml says of an archive is compared with its header.
  if (table.rowType !== "" || !given || line.includes(given) || !line.includes(found)) return;
  // Without a header, a comma may be part of the only value.
  const columns = table.fields.length || line.split(found).length;
  if (columns > 1 && columns === line.split(found).length) {
    throw delimiterWrong(input, { given, found, line });
  }
};

/** What separates and encloses the values of a file, by its first line. */
export const guessedForm = (line: string): { delimiter: string; quote: string } => {
  const delimiter = guessedDelimiter(line);
  return { delimiter, quote: guessedQuote(delimiter, line) };
};

/** What separates most fields of a line. */
const guessedDelimiter = (line: string): string =>
  ["\t", ",", ";", "|"].reduce((best, candidate) =>
    line.split(candidate).length > line.split(best).length ? candidate : best,
  );

/** `"` as in every CSV, but none between tabs unless the first line begins with one. */
const guessedQuote = (delimiter: string, line: string): string =>
  delimiter === "\t" && !line.startsWith('"') ? "" : '"';
