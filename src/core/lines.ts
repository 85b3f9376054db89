/**
 * Splits delimited text without enclosures: lines end with `\n` or `\r\n`, nothing is escaped.
 *
 * This is where a GBIF archive spends its time, so it works on bytes: a batch's columns are views on
 * the lines as they were read, and only what is asked for is ever decoded.
 */

import { isUtf8 } from "node:buffer";
import {
  Batch,
  type Columns,
  type FieldReader,
  type Input,
  type Locate,
  type RecordPlace,
} from "./batch.ts";
import { FieldColumn, type Slab } from "./columns.ts";
import { lineTooLong, RunnerError } from "./errors.ts";
import { giveBack } from "./memory.ts";
import { counted } from "./progress.ts";
import { newSplitter, type Split, type Splitter } from "./split.ts";
import { viewOf } from "./words.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** No line of real data is longer; a longer one means that the file is not what it is taken for. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** How the lines of a table are to be read. */
export interface LineFormat {
  /** The byte between fields. */
  readonly separator: number;
  /** Fields of every line; other lines are rejected with code `wrong_width`. */
  readonly fields: number;
  /** Whether single fields may be CSV-quoted although the file has no enclosure, as GBIF's are. */
  readonly mayQuote: boolean;
}

/**
 * Cuts chunks so that each holds whole lines; a last line without an end gets one.
 *
 * Only a line that two chunks share is copied, into a buffer of its own: the rest of a chunk is passed
 * on as a view.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Buffer>,
  input: Input,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    const begin = restBytes > 0 ? chunk.indexOf(NEWLINE) + 1 : 0;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    // A copy, so that the few bytes of the rest do not keep the chunk; made now, as whoever has used the
    // lines may give the chunk's memory back.
    const tail = Buffer.from(chunk.subarray(end));
    if (begin > 0) yield Buffer.concat([...rest, chunk.subarray(0, begin)]);
    if (end > begin) yield chunk.subarray(begin, end);
    if (end > 0) {
      rest = [];
      restBytes = 0;
    }
    rest.push(tail);
    restBytes += tail.length;
    if (restBytes > MAX_LINE_BYTES) throw lineTooLong(input.name, MAX_LINE_BYTES);
  }
  if (restBytes > 0) yield Buffer.concat([...rest, Buffer.of(NEWLINE)]);
}

/**
 * Takes the first `count` lines off, as text without their ends, and passes on what follows.
 * Fewer lines are given when the input has no more.
 */
export const takeLines = async (
  lines: AsyncGenerator<Buffer>,
  count: number,
): Promise<{ header: string[]; rest: AsyncGenerator<Buffer> }> => {
  const header: string[] = [];
  let remaining: Buffer | undefined;
  while (header.length < count) {
    if (!remaining?.length) {
      const next = await lines.next();
      if (next.done) break;
      remaining = next.value;
    }
    const end = remaining.indexOf(NEWLINE);
    header.push(lineText(remaining, 0, end));
    remaining = remaining.subarray(end + 1);
  }
  async function* rest(): AsyncGenerator<Buffer> {
    try {
      if (remaining?.length) yield remaining;
      yield* lines;
    } finally {
      // Whoever stops before the lines were begun must close them too.
      await lines.return(undefined);
    }
  }
  return { header, rest: rest() };
};

/**
 * Batches of the columns named, one for each buffer of whole lines.
 *
 * `columns` gives each name its field number; `firstLine` is the line number of the first line.
 */
export async function* lineBatches(
  lines: AsyncIterable<Buffer>,
  table: {
    format: LineFormat;
    columns: (slab: Slab) => Columns;
    input: Input;
    firstLine: number;
    /** Told of every field that was CSV-quoted and is read unquoted. */
    onQuoted?: (fields: number) => void;
    fields?: FieldReader;
  },
): AsyncGenerator<Batch> {
  const { format, columns, input, fields } = table;
  const placed = (place: string, raw: string): RecordPlace =>
    fields
      ? { place, raw, names: fields.names, fields: () => fields.read(valuesOf(raw, format)) }
      : { place, raw };
  let line = table.firstLine;
  // One batch's fences lie where the last one's lay: by then its columns have been used.
  const splitter = newSplitter();
  for await (const bytes of numbered(lines, input, () => line)) {
    const split = splitLines(bytes, format, splitter);
    const firstLine = line;
    const { starts, lines: numbers } = split;
    const locate = locator({ bytes, starts, numbers }, (number, raw) =>
      placed(`${input.name}:${firstLine + number}`, raw),
    );
    line += split.lineCount;
    if (split.slab.quoted) table.onQuoted?.(split.slab.quoted.size);
    const rejects = split.wrong.map(({ start, line: offset, fields: width }) => ({
      ...placed(`${input.name}:${firstLine + offset}`, lineAt(bytes, start)),
      code: "wrong_width",
      message: `The line has ${counted(width, "field")}, the table has ${format.fields}.`,
    }));
    const batch = Batch.from({
      columns: columns(split.slab),
      size: split.starts.length,
      input,
      record: locate,
      bytes: bytes.length,
      rejects,
      release: () => giveBack(bytes),
    });
    yield withoutBadText(batch, bytes, split.starts);
  }
}

/** The lines as they come; one that is too long is told with its number, which only the one who splits knows. */
async function* numbered(
  lines: AsyncIterable<Buffer>,
  input: Input,
  next: () => number,
): AsyncGenerator<Buffer> {
  try {
    yield* lines;
  } catch (error) {
    if (!(error instanceof RunnerError && error.code === "line_too_long")) throw error;
    throw lineTooLong(input.name, MAX_LINE_BYTES, next());
  }
}

/** The columns of a slab by name: name → field number. */
export const fieldColumns = (slab: Slab, names: ReadonlyMap<string, number>): Columns => ({
  get: (name) => {
    const field = names.get(name);
    return field === undefined ? undefined : new FieldColumn(slab, field);
  },
  keys: () => names.keys(),
});

interface SplitLines extends Omit<Split, "fences" | "copyFields"> {
  readonly slab: Slab;
}

/** Finds every field. Lines of the wrong width are set aside, blank ones are passed over. */
export const splitLines = (
  bytes: Buffer,
  format: LineFormat,
  split: Splitter = newSplitter(),
): SplitLines => {
  const { fields } = format;
  const { fences, copyFields, ...rest } = split(bytes, format);
  const quoted = format.mayQuote ? quotedFields(bytes, fences, fields + 1) : undefined;
  return {
    slab: {
      bytes,
      view: viewOf(bytes),
      fences,
      fields,
      quoted,
      // What is written all at once is written as it stands.
      copyFields: quoted === undefined ? copyFields : undefined,
    },
    ...rest,
  };
};

/**
 * The fields that GBIF's writer of small downloads CSV-quoted although `meta.xml` says that nothing is.
 *
 * A field counts as quoted only if it starts and ends with `"` and every `"` inside is doubled, at
 * least once: the writer quotes nothing else, so `"star"` is what somebody typed.
 */
const quotedFields = (
  bytes: Buffer,
  fences: Int32Array,
  stride: number,
): ReadonlySet<number> | undefined => {
  let quoted: Set<number> | undefined;
  let at = bytes.indexOf(QUOTE);
  while (at >= 0) {
    const fence = fenceBefore(fences, at);
    // A fence that ends a row is followed by the next row's own; lines of the wrong width have none.
    const isField = fence >= 0 && fence % stride !== stride - 1 && fences[fence] === at - 1;
    const end = isField ? fences[fence + 1]! : 0;
    if (isField && isQuoted(bytes, at, end)) {
      quoted ??= new Set();
      quoted.add(fence);
      at = end;
    }
    at = bytes.indexOf(QUOTE, at + 1);
  }
  return quoted;
};

/** The last fence before a byte, by bisection. */
const fenceBefore = (fences: Int32Array, at: number): number => {
  let low = 0;
  let high = fences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fences[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

const isQuoted = (bytes: Buffer, start: number, end: number): boolean => {
  if (end - start < 4 || bytes[end - 1] !== QUOTE) return false;
  let doubled = 0;
  for (let index = start + 1; index < end - 1; index++) {
    if (bytes[index] !== QUOTE) continue;
    if (index + 1 >= end - 1 || bytes[index + 1] !== QUOTE) return false;
    doubled++;
    index++;
  }
  return doubled > 0;
};

/** Keeps the lines themselves but not the fences, which are nearly as large again. */
const locator =
  (
    { bytes, starts, numbers }: { bytes: Buffer; starts: Int32Array; numbers: Int32Array },
    placed: (number: number, raw: string) => RecordPlace,
  ): Locate =>
  (row) =>
    placed(numbers[row]!, lineAt(bytes, starts[row]!));

/** The values of a line that was set aside, as its columns would have given them. */
const valuesOf = (line: string, { separator, mayQuote }: LineFormat): string[] => {
  const values = line.split(String.fromCharCode(separator));
  return mayQuote && line.includes('"')
    ? values.map((value) => (QUOTED.test(value) ? value.slice(1, -1).replaceAll('""', '"') : value))
    : values;
};

/** See `quotedFields`. */
const QUOTED = /^"(?=.*"".*"$)(?:[^"]|"")*"$/;

const lineAt = (bytes: Buffer, start: number): string =>
  lineText(bytes, start, bytes.indexOf(NEWLINE, start));

const lineText = (bytes: Buffer, start: number, end: number): string =>
  bytes.toString("utf8", start, bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);

/** PostgreSQL refuses a whole COPY for one NUL or invalid byte: such lines are set aside here. */
const withoutBadText = (batch: Batch, bytes: Buffer, starts: Int32Array): Batch => {
  const hasNul = bytes.includes(0);
  if (!hasNul && isUtf8(bytes)) return batch;
  const rejects = new Map<number, { code: string; message: string }>();
  for (const row of batch.rows) {
    const line = bytes.subarray(starts[row]!, bytes.indexOf(NEWLINE, starts[row]!));
    if (line.includes(0)) {
      rejects.set(row, {
        code: "nul_character",
        message: `A NUL character at byte ${line.indexOf(0) + 1} of the line: PostgreSQL stores none.`,
      });
    } else if (!isUtf8(line)) {
      rejects.set(row, {
        code: "invalid_utf8",
        message: `The line is not valid UTF-8: ${JSON.stringify(badPart(line))}.`,
      });
    }
  }
  return batch.reject(rejects);
};

/** The text around the first byte that is no UTF-8. */
const badPart = (line: Buffer): string => {
  const text = line.toString("utf8");
  const at = Math.max(0, text.indexOf("\ufffd"));
  return text.slice(Math.max(0, at - 10), at + 10);
};
