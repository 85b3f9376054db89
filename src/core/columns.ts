/** The kinds of column. All answer the same two questions, so nobody needs to know which one it is. */

import type { CopyWriter } from "./copy-writer.ts";
import type { CopyFields } from "./split.ts";

/** The values of one field of a batch, by row number. */
export interface Column {
  /** The value as text; null when there is none. Never the empty string. */
  text(row: number): string | null;
  /** Writes the value as a field of COPY's text format, `\N` when there is none. */
  copyTo(writer: CopyWriter, row: number): void;
}

/** Values that are strings already: from JSON, quoted CSV, or computed. */
export class TextColumn implements Column {
  readonly #values: readonly (string | null)[];

  /** `values` has one entry per row of the batch; `""` counts as null. */
  constructor(values: readonly (string | null)[]) {
    this.#values = values;
  }

  text(row: number): string | null {
    return this.#values[row] || null;
  }

  copyTo(writer: CopyWriter, row: number): void {
    writer.text(this.#values[row] || null);
  }
}

/** The same value in every row. */
export class ConstantColumn implements Column {
  readonly #value: string | null;

  constructor(value: string | null) {
    this.#value = value || null;
  }

  text(): string | null {
    return this.#value;
  }

  copyTo(writer: CopyWriter): void {
    writer.text(this.#value);
  }
}

/** Another column, with a value where that one has none. */
export class DefaultColumn implements Column {
  readonly #column: Column;
  readonly #value: string;

  constructor(column: Column, value: string) {
    this.#column = column;
    this.#value = value;
  }

  text(row: number): string | null {
    return this.#column.text(row) ?? this.#value;
  }

  copyTo(writer: CopyWriter, row: number): void {
    writer.text(this.text(row));
  }
}

/**
 * Whole lines of a delimited file as bytes, and where their fields are.
 *
 * Field `f` of row `r` is the bytes between the fences `r * (fields + 1) + f` and the next one, both
 * excluded: a fence stands before the first field and on each separator.
 */
export interface Slab {
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  readonly fences: Int32Array;
  /** Fields per row. */
  readonly fields: number;
  /** Fence numbers of the fields that were written CSV-quoted; undefined when there is none. */
  readonly quoted: ReadonlySet<number> | undefined;
  /** Writes several fields at once; undefined where each has to be written by itself. */
  readonly copyFields?: CopyFields | undefined;
}

/** A view on one field of a slab: nobody pays for decoding who does not ask for text. */
export class FieldColumn implements Column {
  readonly slab: Slab;
  readonly field: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #fences: Int32Array;
  readonly #stride: number;
  readonly #quoted: ReadonlySet<number> | undefined;

  constructor(slab: Slab, field: number) {
    this.slab = slab;
    this.field = field;
    this.#bytes = slab.bytes;
    this.#view = slab.view;
    this.#fences = slab.fences;
    this.#stride = slab.fields + 1;
    this.#quoted = slab.quoted;
  }

  text(row: number): string | null {
    const fence = row * this.#stride + this.field;
    const start = this.#fences[fence]! + 1;
    const end = this.#fences[fence + 1]!;
    if (start >= end) return null;
    if (this.#quoted?.has(fence)) return unquoted(this.#bytes, start, end) || null;
    return this.#bytes.toString("utf8", start, end);
  }

  copyTo(writer: CopyWriter, row: number): void {
    const fence = row * this.#stride + this.field;
    if (this.#quoted?.has(fence)) writer.text(this.text(row));
    else writer.bytes(this.#view, this.#fences[fence]! + 1, this.#fences[fence + 1]!);
  }
}

/** A view on one field of lines that PostgreSQL wrote with COPY, where null is the empty text. */
export class CopyColumn implements Column {
  readonly #slab: Slab;
  readonly #field: number;
  readonly #hasEscapes: boolean;

  /** `hasEscapes` is false when there is no backslash in the slab. */
  constructor(slab: Slab, field: number, hasEscapes: boolean) {
    this.#slab = slab;
    this.#field = field;
    this.#hasEscapes = hasEscapes;
  }

  text(row: number): string | null {
    const { bytes, fences, fields } = this.#slab;
    const fence = row * (fields + 1) + this.#field;
    const start = fences[fence]! + 1;
    const end = fences[fence + 1]!;
    if (start >= end) return null;
    const text = bytes.toString("utf8", start, end);
    return this.#hasEscapes ? unescaped(text) : text;
  }

  copyTo(writer: CopyWriter, row: number): void {
    const { bytes, fences, fields } = this.#slab;
    const fence = row * (fields + 1) + this.#field;
    writer.escaped(bytes, fences[fence]! + 1, fences[fence + 1]!);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** A value of COPY's text format as it was before it was escaped. */
export const unescaped = (text: string): string =>
  text.includes("\\")
    ? text.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter)
    : text;

const unquoted = (bytes: Buffer, start: number, end: number): string =>
  bytes.toString("utf8", start + 1, end - 1).replaceAll('""', '"');
