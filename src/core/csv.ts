import { finished, Readable } from "node:stream";
import { CsvError, type Info, type Options, Parser } from "csv-parse";
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

interface Parsed {
  readonly record: string[];
  readonly raw: string;
  readonly info: Info;
}

/**
 * Batches of CSV records. `namesOf` gets the last skipped record, which is the header if there is one,
 * and the width of the first record, and gives a name for each field; undefined leaves a field out.
 *
 * The bytes are valid UTF-8. Records of another width than the header (or, without one, the first) are
 * rejected. Gives an empty batch when there is no record.
 */
export async function* csvBatches(
  bytes: AsyncIterable<Buffer>,
  format: CsvFormat,
  source: {
    input: Input;
    namesOf: (
      header: readonly string[] | undefined,
      width: number,
    ) => readonly (string | undefined)[];
    /** Asked for when the names are known. */
    fieldsOf: () => FieldReader;
  },
): AsyncGenerator<Batch> {
  const { input } = source;
  const options = optionsOf(format);
  let reader: FieldReader | undefined;
  let fields: readonly (string | undefined)[] | undefined;
  let names: string[] = [];
  let header: readonly string[] | undefined;
  let width = 0;
  let line = 1;
  let skipped = 0;
  let records: TextRecord[] = [];
  let rejects: Rejected[] = [];
  let size = 0;
  let hasGiven = false;

  const settle = (first: readonly string[] | undefined) => {
    width = (header ?? first)?.length ?? 0;
    fields = source.namesOf(header, width);
    names = fields.filter((name) => name !== undefined);
    const doubled = names.find((name, index) => names.indexOf(name) !== index);
    if (doubled !== undefined) throw duplicateColumns(input.name, doubled);
    reader = source.fieldsOf();
  };
  const batch = (): Batch => {
    hasGiven = true;
    const made = textBatch(names, records, { input, bytes: size, rejects });
    records = [];
    rejects = [];
    size = 0;
    return made;
  };

  for await (const { record, raw, info } of parsed(bytes, options, input)) {
    const place = `${input.name}:${line}`;
    line = info.lines + 1;
    if (skipped < format.skipLines) {
      header = record;
      skipped++;
      continue;
    }
    if (fields === undefined) settle(record);
    size += Buffer.byteLength(raw);
    const text = raw.replace(/\r?\n$/, "");
    if (record.length === width) {
      const values = record.filter((_, index) => fields?.[index] !== undefined);
      records.push({ place, raw: text, values, ...readAgain(reader, text, options) });
    } else if (record.length > 1 || record[0] !== "") {
      const message = `The line has ${counted(record.length, "field")}, the table has ${width}.`;
      rejects.push({ place, raw: text, ...readBy(reader, record), code: "wrong_width", message });
    }
    if (size >= BATCH_BYTES) yield batch();
  }
  if (fields === undefined) settle(undefined);
  if (records.length + rejects.length > 0 || !hasGiven) {
    yield records.length + rejects.length > 0 ? batch() : Batch.empty(input, names);
  }
}

const readBy = (reader: FieldReader | undefined, record: readonly string[]) => ({
  names: reader?.names,
  fields: reader && (() => reader.read(record)),
});

/**
 * The same out of the line, split once more: few records are ever asked, and the values of all that wait for
 * their commit are several times what the lines are.
 */
const readAgain = (reader: FieldReader | undefined, raw: string, options: Options) => ({
  names: reader?.names,
  fields: reader && (() => reader.read((parseNow(raw, options) as string[][])[0] ?? [])),
});

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

/** Knows where the record begins that it reads: records that wait to be taken are gone with an error. */
class Following extends Parser {
  begun = 1;

  override push(one: Parsed | null): boolean {
    if (one !== null) this.begun = one.info.lines + 1;
    return super.push(one);
  }
}

async function* parsed(
  bytes: AsyncIterable<Buffer>,
  options: Options,
  input: Input,
): AsyncGenerator<Parsed> {
  const parser = new Following({ ...options, info: true, raw: true });
  const source = Readable.from(bytes);
  // Either end that fails takes the other with it.
  finished(source, (error) => error && parser.destroy(error));
  source.pipe(parser);
  try {
    yield* parser as AsyncIterable<Parsed>;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { begun } = parser;
    if (error.code === "CSV_MAX_RECORD_SIZE")
      throw lineTooLong(input.name, MAX_RECORD_BYTES, begun);
    if (error.code === "CSV_QUOTE_NOT_CLOSED")
      throw quoteOpen(`${input.name}:${begun}`, String(options.quote), error);
    throw csvInvalid(input.name, error.message, error);
  } finally {
    source.destroy();
  }
}
