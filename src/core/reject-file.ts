import { hash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Fields, Rejected } from "./batch.ts";
import { fileLabel } from "./place.ts";

const WRITTEN_AT_ONCE = 100;

/** A part of the file, in bytes. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A reject as it is written down. */
export interface WrittenReject {
  readonly flow: string;
  readonly code: string;
  readonly message: string;
  readonly place: string;
  /** The same wherever the same record of the same place is rejected again. */
  readonly id: string;
  /** As it stood in the input; null where it is just its values: a row of a statement. */
  readonly record: string | null;
  /** Its values by the source's columns, to be repaired; null where it has no columns. */
  readonly fields: Fields | null;
}

/** A reject on its way into the database: its values are JSON in UTF-8, as they stand in the file. */
export interface StoredReject extends Omit<WrittenReject, "fields"> {
  readonly fields: Buffer | null;
}

/** What the file says before the first reject of some columns, as the rejects name only those with a value. */
interface WrittenColumns {
  readonly flow: string;
  readonly columns: readonly string[];
}

/**
 * The run's rejects as NDJSON, each written at once: a run that was rolled back still shows what it
 * refused. It is also where a commit reads its rejects from, so that they need no memory.
 */
export class RejectFile {
  readonly path: string;
  readonly #isKept: boolean;
  readonly #columns = new Map<string, Set<string>>();
  /** Of each flow's last reject: the next mostly has the very same, which is seen at a glance. */
  readonly #names = new Map<string, readonly string[]>();
  #handle: number | undefined;
  #sizeBytes = 0;

  /** The file is made at the first reject; one that is not kept is removed when it is closed. */
  constructor(path: string, { isKept = true }: { isKept?: boolean } = {}) {
    this.path = path;
    this.#isKept = isKept;
  }

  /** As people find it afterwards; undefined when they will not. */
  get label(): string | undefined {
    return this.#isKept ? fileLabel(this.path) : undefined;
  }

  /** Bytes written so far: where the next reject begins. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The columns of the records of a flow that were set aside so far. */
  columns(flow: string): readonly string[] {
    return [...(this.#columns.get(flow) ?? [])];
  }

  append(flow: string, rejected: readonly Rejected[]): void {
    if (rejected.length === 0) return;
    if (this.#handle === undefined) {
      mkdirSync(dirname(this.path), { recursive: true });
      // Run 1 of another database may have left one of this name: its rejects are not this run's.
      this.#handle = openSync(this.path, "w+");
    }
    // A chunk may be refused as a whole: its records once more as text are not to be in memory at once.
    for (let from = 0; from < rejected.length; from += WRITTEN_AT_ONCE) {
      const some = rejected.slice(from, from + WRITTEN_AT_ONCE);
      const lines = some.map(
        (reject) => `${this.#newColumns(flow, reject)}${lineOf(flow, reject)}\n`,
      );
      const text = Buffer.from(lines.join(""));
      writeSync(this.#handle, text);
      this.#sizeBytes += text.length;
    }
  }

  /** A line for the columns that no reject before had. */
  #newColumns(flow: string, { names }: Rejected): string {
    if (names === undefined || names === this.#names.get(flow)) return "";
    this.#names.set(flow, names);
    const known = this.#columns.get(flow) ?? new Set();
    const all = new Set([...known, ...names]);
    if (all.size === known.size) return "";
    this.#columns.set(flow, all);
    return `${JSON.stringify({ flow, columns: [...all] } satisfies WrittenColumns)}\n`;
  }

  /** The rejects between two positions, with the values that there are: these stay bytes, as most of it is they. */
  *between(stretch: Stretch): Generator<StoredReject> {
    for (const line of this.#lines(stretch)) {
      const at = line.indexOf(FIELDS);
      if (at < 0) continue;
      const fields = line.subarray(at + FIELDS.length, -1);
      const rest: Omit<WrittenReject, "fields"> = JSON.parse(`${line.toString("utf8", 0, at)}}`);
      yield { ...rest, fields: fields.equals(NULL) ? null : fields };
    }
  }

  *#lines({ start, end }: Stretch): Generator<Buffer> {
    if (this.#handle === undefined) return;
    let rest = Buffer.alloc(0);
    for (let from = start; from < end; ) {
      const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, end - from));
      const read = readSync(this.#handle, piece, 0, piece.length, from);
      if (read === 0) return;
      from += read;
      const bytes = Buffer.concat([rest, piece.subarray(0, read)]);
      let line = 0;
      for (let over = bytes.indexOf("\n"); over >= 0; over = bytes.indexOf("\n", line)) {
        yield bytes.subarray(line, over);
        line = over + 1;
      }
      rest = bytes.subarray(line);
    }
  }

  close(): void {
    if (this.#handle === undefined) return;
    closeSync(this.#handle);
    this.#handle = undefined;
    if (!this.#isKept) rmSync(this.path, { force: true });
  }
}

/** The rejects of a file, with all columns, and each with its record. */
export async function* readRejects(path: string): AsyncGenerator<WrittenReject> {
  const columns = new Map<string, readonly string[]>();
  for await (const text of linesOf(path)) {
    const line: WrittenReject | WrittenColumns = JSON.parse(text);
    if ("columns" in line) columns.set(line.flow, line.columns);
    else {
      const { record, fields } = line;
      yield {
        ...line,
        record: record ?? JSON.stringify(fields),
        fields: withColumns(fields, columns.get(line.flow)),
      };
    }
  }
}

const FIELDS = ',"fields":';
const NULL = Buffer.from("null");
const READ_BYTES = 256 * 1024;

async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = "";
  for await (const text of createReadStream(path, {
    encoding: "utf8",
    highWaterMark: READ_BYTES,
  })) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** All columns in their order, with null where there is no value, and what is of none of them. */
export const withColumns = (
  fields: Fields | null,
  columns: readonly string[] | null | undefined,
): Fields | null =>
  fields && { ...Object.fromEntries((columns ?? []).map((name) => [name, null])), ...fields };

/** A `WrittenReject` as JSON. Its values are last, where `between` finds them: no text in it has such quotes. */
const lineOf = (flow: string, reject: Rejected): string => {
  const { code, message, place, raw, fields, rawIsFields, id = rejectId(place, raw) } = reject;
  const record = rawIsFields ? null : raw;
  const start = JSON.stringify({ flow, code, message, place, id, record });
  return `${start.slice(0, -1)}${FIELDS}${rawIsFields ? raw : JSON.stringify(fields?.() ?? null)}}`;
};

/** What the name of a reject looks like. */
export const REJECT_ID = /^[0-9a-f]{20}$/;

/** Enough of a hash that no two records of a flow share it. */
export const rejectId = (place: string, raw: string): string =>
  hash("sha256", `${place}\n${raw}`).slice(0, 20);
