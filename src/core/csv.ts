import { pipeline } from "node:stream/promises";
import { CsvError, type Options, parse } from "csv-parse";
import { parse as parseNow } from "csv-parse/sync";
import { Batch, type FieldReader, type Input, type Rejected } from "./batch.ts";
import { csvInvalid, duplicateColumns, lineTooLong, quoteOpen } from "./errors.ts";
import { counted } from "./progress.ts";
import { BATCH_BYTES, type TextRecord, textBatch } from "./text-batch.ts";

/** How text with enclosures, or with unusual separators or line ends, is to be read. */
export interface CsvFormat {
  /** One or more characters. */
  readonly delimiter: string;
  /** The enclosure; null for none. Inside, it is written twice. */
  readonly quote: string | null;
  /** Line ends; `\n` and `\r\n` when absent. */
  readonly lineEnd?: string;
  /** Lines before the records, the header among them. */
  readonly skipLines: number;
}

const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** What is read, and what its fields are called. */
interface CsvSource {
  readonly input: Input;
  /**
   * Gets the last skipped record, which is the header if there is one, and the width of the first record, and
   * gives a name for each field; undefined leaves a field out.
   */
  readonly namesOf: (
    header: readonly string[] | undefined,
    width: number,
  ) => readonly (string | undefined)[];
  /** Asked for when the names are known. */
  readonly fieldsOf: () => FieldReader;
}

/**
 * Batches of CSV records. The bytes are valid UTF-8. Records of another width than the header (or, without one,
 * the first) are rejected. Gives an empty batch when there is no record.
 */
export async function* csvBatches(
  bytes: AsyncIterable<Buffer>,
  format: CsvFormat,
  source: CsvSource,
): AsyncGenerator<Batch> {
  const { input } = source;
  const options = optionsOf(format);
  let header: readonly string[] | undefined;
  let skipped = 0;
  let table: CsvTable | undefined;
  let gathered: Gathered = { records: [], rejects: [], sizeBytes: 0 };
  let hasGiven = false;
  const batch = (names: readonly string[]): Batch => {
    hasGiven = true;
    const { records, rejects, sizeBytes } = gathered;
    gathered = { records: [], rejects: [], sizeBytes: 0 };
    return textBatch(names, records, { input, bytes: sizeBytes, rejects });
  };
  for await (const lines of parsed(bytes, options, input)) {
    for (const line of lines) {
      if (skipped < format.skipLines) {
        header = line.values;
        skipped++;
        continue;
      }
      table ??= tableOf(header, header ?? line.values, source);
      gather(line, gathered, { table, options });
      if (gathered.sizeBytes >= BATCH_BYTES) yield batch(table.names);
    }
  }
  const { names } = table ?? tableOf(header, header ?? [], source);
  if (gathered.records.length + gathered.rejects.length > 0) yield batch(names);
  else if (!hasGiven) yield Batch.empty(input, names);
}

/** What the records have in common. */
interface CsvTable {
  readonly input: Input;
  /** Fields of each record. */
  readonly width: number;
  /** By position; undefined for a field that is left out. */
  readonly fields: readonly (string | undefined)[];
  readonly names: readonly string[];
  readonly reader: FieldReader;
}

const tableOf = (
  header: readonly string[] | undefined,
  { length: width }: readonly string[],
  { input, namesOf, fieldsOf }: CsvSource,
): CsvTable => {
  const fields = namesOf(header, width);
  const names = fields.filter((name) => name !== undefined);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw duplicateColumns(input.name, doubled);
  return { input, width, fields, names, reader: fieldsOf() };
};

/** What will be the next batch. */
interface Gathered {
  readonly records: TextRecord[];
  readonly rejects: Rejected[];
  sizeBytes: number;
}

const gather = (
  { values, line, raw: text, sizeBytes }: Parsed,
  gathered: Gathered,
  { table, options }: { table: CsvTable; options: Options },
): void => {
  const { input, width, fields, reader } = table;
  const { names } = reader;
  const place = `${input.name}:${line}`;
  const raw = text.replace(/\r?\n$/, "");
  gathered.sizeBytes += sizeBytes;
  if (values.length === width) {
    const wanted = values.filter((_, index) => fields[index] !== undefined);
    // Split once more, should somebody ask: few are, and the values of all records that wait for their commit
    // are several times what the lines are.
    const again = () => reader.read((parseNow(raw, options) as string[][])[0] ?? []);
    gathered.records.push({ place, raw, values: wanted, names, fields: again });
  } else if (values.length > 1 || values[0] !== "") {
    const message = `The line has ${counted(values.length, "field")}, the table has ${width}.`;
    const read = () => reader.read(values);
    gathered.rejects.push({ place, raw, names, fields: read, code: "wrong_width", message });
  }
};

const optionsOf = ({ delimiter, quote, lineEnd }: CsvFormat): Options => ({
  delimiter,
  quote: quote === null ? false : quote,
  escape: quote === null ? false : quote,
  record_delimiter: lineEnd ? [lineEnd] : ["\r\n", "\n"],
  relax_column_count: true,
  // `"x"y` is read as it stands: stopping at it would take the next records with it.
  relax_quotes: true,
  max_record_size: MAX_RECORD_BYTES,
});

/** A record as the parser has read it. */
interface Parsed {
  readonly values: readonly string[];
  /** Its first line in the input, from 1. */
  readonly line: number;
  /** As it stands there, with its line end. */
  readonly raw: string;
  readonly sizeBytes: number;
}

/** So many records are passed on at once: to await each would take as long as to read it. */
const PASSED_AT_ONCE = 100;

async function* parsed(
  bytes: AsyncIterable<Buffer>,
  options: Options,
  input: Input,
): AsyncGenerator<readonly Parsed[]> {
  const text = newWindow(bytes);
  const lineEnd = [options.record_delimiter].flat().includes("\r") ? "\r" : "\n";
  let line = 1;
  let found: Parsed[] = [];
  const taken = (): readonly Parsed[] => {
    const taken = found;
    found = [];
    return taken;
  };
  const parser = parse({
    ...options,
    on_record: (values: string[], { bytes: end }) => {
      const read = { values, line, ...text.upTo(end) };
      found.push(read);
      // Its own count takes `\r\n` inside a value for two.
      line += occurrences(read.raw, lineEnd);
      return found.length < PASSED_AT_ONCE ? null : taken();
    },
  } as Options);
  const done = pipeline(text.chunks, parser);
  // Told by the parser, which it destroys.
  done.catch(() => undefined);
  try {
    yield* parser as AsyncIterable<readonly Parsed[]>;
    yield taken();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === "CSV_MAX_RECORD_SIZE") throw lineTooLong(input.name, MAX_RECORD_BYTES, line);
    if (error.code === "CSV_QUOTE_NOT_CLOSED")
      throw quoteOpen(`${input.name}:${line}`, String(options.quote), error);
    throw csvInvalid(input.name, error.message, error);
  } finally {
    await done.catch(() => undefined);
  }
}

const occurrences = (text: string, end: string): number => {
  let found = 0;
  for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + 1)) found++;
  return found;
};

/** The part of the input in which the parser is: its own `raw` copies byte by byte, and takes as long as the rest. */
const newWindow = (bytes: AsyncIterable<Buffer>) => {
  let held = Buffer.alloc(0);
  /** Where in the input `held` begins, and where the record that is read now. */
  let heldFrom = 0;
  let begun = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      held = Buffer.concat([held.subarray(begun - heldFrom), chunk]);
      heldFrom = begun;
      yield chunk;
    }
  }
  return {
    chunks: chunks(),
    /** The record that ends before this byte of the input. */
    upTo: (end: number): Pick<Parsed, "raw" | "sizeBytes"> => {
      const raw = held.toString("utf8", begun - heldFrom, end - heldFrom);
      const sizeBytes = end - begun;
      begun = end;
      return { raw, sizeBytes };
    },
  };
};
