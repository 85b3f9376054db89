import { type Column, TextColumn } from "./columns.ts";
import { unknownColumn } from "./errors.ts";

/** What a source reads: a file, or a table of an archive. */
export interface Input {
  /** As people know it: `occurrence.txt`, `inat.zip`. */
  readonly name: string;
  /** Size of the uncompressed text, for the progress display; undefined when it cannot be known. */
  readonly sizeBytes: number | undefined;
  /** What `sizeBytes`, and the `bytes` of its batches, count instead of bytes: `ids`. */
  readonly unit?: string;
  /**
   * Whether it comes from a service that counts requests: each batch is to be durable before the next
   * is asked for.
   */
  readonly isMetered?: boolean;
  /**
   * Reads it once more, to its end, and throws when it is damaged; absent where nothing would show that. Of a zip,
   * the checksum shows it, which only the last byte settles.
   */
  readonly check?: (signal: AbortSignal) => Promise<void>;
  /** A text that two inputs share exactly when their content is the same; asked while the source is open. */
  identity(): Promise<string>;
}

/** Values of a record by the source's columns, for whoever repairs it. */
export type Fields = Readonly<Record<string, string | null>>;

/** Reads a record that is set aside. */
export interface FieldReader {
  /** All columns. */
  readonly names: readonly string[];
  /** Those of its values that there are, be it too long or too short. */
  readonly read: (values: readonly (string | null)[]) => Fields;
}

/** Where a record came from. */
export interface RecordPlace {
  /** `occurrence.txt:18233`, clickable. */
  readonly place: string;
  /** The record as it stands in the input. */
  readonly raw: string;
  /** Reads its values out of the record; undefined where it is none that has columns. */
  readonly fields?: (() => Fields) | undefined;
  /** Whether `raw` is just that, as JSON: it is stored once then. */
  readonly rawIsFields?: boolean | undefined;
  /** The columns of such records; those that `fields` leaves out have no value. */
  readonly names?: readonly string[] | undefined;
  /** Of a record that was repaired and comes again: the name of the reject that it was. */
  readonly id?: string | undefined;
}

/** Finds the record behind a row. Sinks keep it until the server has accepted the row, so it is small. */
export type Locate = (row: number) => RecordPlace;

/** Why a record is set aside. `code` is `snake_case`, past forever: dashboards count by it. */
export class Reject {
  readonly code: string;
  readonly message: string;

  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** A value for which the server refused a record. */
export interface RefusedValue {
  /** Of the target. */
  readonly column: string;
  readonly value: string | null;
}

/** A record that was set aside, on its way to `runner.reject`. */
export interface Rejected extends RecordPlace {
  readonly code: string;
  readonly message: string;
  /** What the message is about, where that is one value that the server refused. It is not stored: the message tells it. */
  readonly refused?: RefusedValue | undefined;
}

/** The columns of a batch by name; a `Map` will do, and so will what makes a column when it is asked for. */
export interface Columns {
  get(name: string): Column | undefined;
  /** The names in their order. */
  keys(): Iterable<string>;
}

interface Parts {
  readonly columns: Columns;
  /** False while any column may be asked for: only on the empty batch of `validate`. */
  readonly isClosed: boolean;
  readonly rows: Uint32Array;
  readonly input: Input;
  readonly record: Locate;
  readonly release: () => void;
  readonly read: number;
  readonly bytes: number;
  readonly unchanged: number;
  readonly filtered: number;
  readonly rejects: readonly Rejected[];
}

/**
 * Up to about half a megabyte of records as columns. It is to be used before the next one is asked for:
 * a source may put the next one's columns into the same memory. Immutable: what a method gives shares all that it does not change.
 *
 * Rows keep their numbers through the flow: `rows` lists those still alive, columns answer for them.
 */
export class Batch {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A batch as a source makes it: `size` good rows, and the records that were no good. */
  static from(source: {
    columns: Columns;
    size: number;
    input: Input;
    record: Locate;
    /** Bytes of the input that these records took. */
    bytes: number;
    rejects?: readonly Rejected[];
    release?: () => void;
  }): Batch {
    const {
      columns,
      size,
      input,
      record,
      bytes,
      rejects = [],
      release = nothingToRelease,
    } = source;
    const rows = new Uint32Array(size);
    for (let row = 0; row < size; row++) rows[row] = row;
    const read = size + rejects.length;
    return new Batch({
      columns,
      isClosed: true,
      rows,
      input,
      record,
      release,
      read,
      bytes,
      unchanged: 0,
      filtered: 0,
      rejects,
    });
  }

  /** A batch without rows; without `names`, every column exists until a `select` closes the list. */
  static empty(input: Input, names?: Iterable<string>): Batch {
    const columns = new Map([...(names ?? [])].map((name) => [name, nothing]));
    const closed = Batch.from({ columns, size: 0, input, record: noRecord, bytes: 0 });
    return names === undefined ? closed.#changed({ isClosed: false }) : closed;
  }

  /** Numbers of the rows that are alive, ascending. */
  get rows(): Uint32Array {
    return this.#parts.rows;
  }

  /** How many rows are alive. */
  get size(): number {
    return this.#parts.rows.length;
  }

  get input(): Input {
    return this.#parts.input;
  }

  /** Where a row came from; safe to keep, it does not hold the columns. */
  get record(): Locate {
    return this.#parts.record;
  }

  /**
   * Gives the memory under the batch back; a sink may call it when it will ask for no value and no record
   * again. Kept apart from the batch, as `record` is.
   */
  get release(): () => void {
    return this.#parts.release;
  }

  /** Records that the source read for this batch. */
  get read(): number {
    return this.#parts.read;
  }

  /** Bytes of input behind this batch. */
  get bytes(): number {
    return this.#parts.bytes;
  }

  /** Records that the source knows the target to have as they are. */
  get unchanged(): number {
    return this.#parts.unchanged;
  }

  /** Records that a transform left out on purpose. */
  get filtered(): number {
    return this.#parts.filtered;
  }

  get rejects(): readonly Rejected[] {
    return this.#parts.rejects;
  }

  get names(): string[] {
    return [...this.#parts.columns.keys()];
  }

  /** False only in `validate`, before the columns are known. */
  get isClosed(): boolean {
    return this.#parts.isClosed;
  }

  /** The column of that name; throws `unknown_column` with the nearest names. */
  column(name: string): Column {
    const column = this.#parts.columns.get(name);
    if (column) return column;
    if (this.#parts.isClosed) throw unknownColumn(name, this.#parts.columns.keys());
    return nothing;
  }

  /** And so many records that the target has as they are, which are none of its rows. */
  andUnchanged(records: number): Batch {
    return this.#changed({ read: this.read + records, unchanged: this.unchanged + records });
  }

  /** Only these columns, in this order: new name → present name. */
  select(wanted: ReadonlyMap<string, string>): Batch {
    const columns = new Map<string, Column>();
    for (const [name, from] of wanted) columns.set(name, this.column(from));
    return this.#changed({ columns, isClosed: true });
  }

  /** With this column, in the place of one of the same name or after the last. */
  with(name: string, column: Column): Batch {
    const { columns } = this.#parts;
    const keys = () => new Set([...columns.keys(), name]);
    const get = (wanted: string) => (wanted === name ? column : columns.get(wanted));
    return this.#changed({ columns: { get, keys } });
  }

  /** With these columns instead of all that it has. */
  withOnly(columns: Columns): Batch {
    return this.#changed({ columns, isClosed: true });
  }

  /** Only these rows; the others count as filtered. */
  keep(rows: Uint32Array): Batch {
    if (rows.length === this.size) return this;
    return this.#changed({ rows, filtered: this.filtered + this.size - rows.length });
  }

  /** Without these rows, which are set aside with their reasons. */
  reject(rejects: ReadonlyMap<number, Reject>): Batch {
    if (rejects.size === 0) return this;
    const rows = this.rows.filter((row) => !rejects.has(row));
    const added = [...rejects].map(([row, { code, message }]) => ({
      ...this.record(row),
      code,
      message,
    }));
    return this.#changed({ rows, rejects: [...this.rejects, ...added] });
  }

  #changed(parts: Partial<Parts>): Batch {
    return new Batch({ ...this.#parts, ...parts });
  }
}

const nothing = new TextColumn([]);

const nothingToRelease = (): void => undefined;

const noRecord: Locate = () => ({ place: "", raw: "" });
