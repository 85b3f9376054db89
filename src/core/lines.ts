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
import type { Slab } from "./columns.ts";
import { lineTooLong, RunnerError } from "./errors.ts";
import { giveBack } from "./memory.ts";
import { counted } from "./progress.ts";
import { quotedFields, valuesOf } from "./quoted-fields.ts";
import { newSplitter, type Split, type Splitter } from "./split.ts";
import { lineText, MAX_LINE_BYTES } from "./whole-lines.ts";
import { viewOf } from "./words.ts";

const NEWLINE = 0x0a;

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

/** Keeps the lines themselves but not the fences, which are nearly as large again. */
const locator =
  (
    { bytes, starts, numbers }: { bytes: Buffer; starts: Int32Array; numbers: Int32Array },
    placed: (number: number, raw: string) => RecordPlace,
  ): Locate =>
  (row) =>
    placed(numbers[row]!, lineAt(bytes, starts[row]!));

const lineAt = (bytes: Buffer, start: number): string =>
  lineText(bytes, start, bytes.indexOf(NEWLINE, start));

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
