import type { CopiedFields } from "./split.ts";
import { mayNeedEscape, viewOf } from "./words.ts";

const BACKSLASH = 0x5c;
const TAB = 0x09;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LETTER_N = 0x4e;

/**
 * Writes rows in COPY's text format (tab, `\N`, backslash escapes) into one growing buffer.
 *
 * A row is its fields in order, each by `bytes` or `text`, then `endRow`.
 */
export class CopyWriter {
  #buffer: Buffer;
  /** The same memory. */
  #view: DataView;
  #position = 0;
  #rows = 0;

  constructor(capacityBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacityBytes);
    this.#view = viewOf(this.#buffer);
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#position;
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows;
  }

  /** What was written: a view, valid until `clear`. */
  get data(): Buffer {
    return this.#buffer.subarray(0, this.#position);
  }

  /** Starts again at the beginning of the same memory. */
  clear(): void {
    this.#position = 0;
    this.#rows = 0;
  }

  /** A field from UTF-8 bytes; an empty range is null. Backslashes, tabs and line ends are escaped. */
  bytes(source: DataView, start: number, end: number): void {
    if (start >= end) {
      this.#null();
      return;
    }
    this.#reserve(2 * (end - start) + 1);
    const view = this.#view;
    const target = this.#buffer;
    let position = this.#position;
    let index = start;
    for (const last = end - 3; index < last; index += 4) {
      const word = source.getInt32(index, true);
      if (mayNeedEscape(word)) position = fourEscaped(target, position, word);
      else {
        view.setInt32(position, word, true);
        position += 4;
      }
    }
    for (; index < end; index++) {
      const byte = source.getUint8(index);
      // One comparison for the bytes of ordinary text; only controls and the backslash look further.
      if (byte < 0x20 || byte === BACKSLASH) position = escaped(target, position, byte);
      else target[position++] = byte;
    }
    target[position++] = TAB;
    this.#position = position;
  }

  /** A field from bytes that are COPY text already; an empty range is null. */
  escaped(source: Buffer, start: number, end: number): void {
    if (start >= end) {
      this.#null();
      return;
    }
    this.#reserve(end - start + 1);
    source.copy(this.#buffer, this.#position, start, end);
    this.#position += end - start;
    this.#buffer[this.#position++] = TAB;
  }

  /** Fields that are COPY text already, each with a tab behind it. */
  copied(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.#buffer, this.#position, start, end);
    this.#position += end - start;
  }

  /** Rows of such fields, whole and one behind the other. */
  copiedRows({ bytes, places }: CopiedFields, rows: Uint32Array): void {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return;
    const start = places[2 * first]!;
    const shift = this.#position - start - 1;
    this.copied(bytes, start, places[2 * last + 1]!);
    for (const row of rows) this.#buffer[places[2 * row + 1]! + shift] = NEWLINE;
    this.#rows += rows.length;
  }

  /** A field from text; null is `\N`. */
  text(value: string | null): void {
    if (value === null) {
      this.#null();
      return;
    }
    const length = value.length;
    this.#reserve(6 * length + 1);
    const target = this.#buffer;
    let position = this.#position;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        this.#encoded(value);
        return;
      }
      if (code < 0x20 || code === BACKSLASH) position = escaped(target, position, code);
      else target[position++] = code;
    }
    target[position++] = TAB;
    this.#position = position;
  }

  /** Ends the row: the separator after its last field becomes the line end. */
  endRow(): void {
    this.#buffer[this.#position - 1] = NEWLINE;
    this.#rows++;
  }

  #null(): void {
    this.#reserve(3);
    this.#buffer[this.#position++] = BACKSLASH;
    this.#buffer[this.#position++] = LETTER_N;
    this.#buffer[this.#position++] = TAB;
  }

  #encoded(value: string): void {
    const bytes = Buffer.from(value, "utf8");
    this.bytes(viewOf(bytes), 0, bytes.length);
  }

  #reserve(bytes: number): void {
    const needed = this.#position + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
    this.#view = viewOf(larger);
  }
}

const fourEscaped = (target: Buffer, position: number, word: number): number => {
  let next = position;
  for (let shift = 0; shift < 32; shift += 8) next = escaped(target, next, (word >>> shift) & 0xff);
  return next;
};

const escaped = (target: Buffer, position: number, byte: number): number => {
  let letter = byte;
  if (byte === NEWLINE) letter = 0x6e;
  else if (byte === CARRIAGE_RETURN) letter = 0x72;
  else if (byte === TAB) letter = 0x74;
  else if (byte !== BACKSLASH) {
    target[position] = byte;
    return position + 1;
  }
  target[position] = BACKSLASH;
  target[position + 1] = letter;
  return position + 2;
};
