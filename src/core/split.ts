/**
 * Finds where the fields of delimited lines begin and end, and writes them as COPY text: what loading an archive
 * does most of all.
 */

import { SPLIT_PROGRAM } from "./split-program.ts";
import { firstMarked, fourTimes, sameBytes, viewOf } from "./words.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Where the fields of some lines are. */
export interface Split {
  /** `fields + 1` for each good row: before its first field, each separator, behind its last (see `Slab`). */
  readonly fences: Int32Array;
  /** Where each good row begins. */
  readonly starts: Int32Array;
  /** Line of each good row, counted from the first of these lines. */
  readonly lines: Int32Array;
  readonly lineCount: number;
  /** Lines of another width. */
  readonly wrong: readonly { start: number; line: number; fields: number }[];
  /** Absent where only columns themselves can write their values. */
  readonly copyFields?: CopyFields;
}

/** Fields of some rows as COPY text, each with a tab behind it, in memory of the splitter's own. */
export interface CopiedFields {
  readonly bytes: Buffer;
  /** Where row `r` begins and ends, at `2 * r` and the next. */
  readonly places: Int32Array;
}

/** Writes these fields, by number, of these rows; undefined when there is no room left for them. */
export type CopyFields = (fields: readonly number[], rows: Uint32Array) => CopiedFields | undefined;

/**
 * Splits whole lines; blank ones are passed over. The fences lie in memory of the splitter's own and are valid
 * until it is called again.
 */
export type Splitter = (bytes: Buffer, table: { separator: number; fields: number }) => Split;

/** Splits sixteen bytes at a time, or four where the processor cannot (before SSE4.1). */
export const newSplitter = (): Splitter => {
  const program = Buffer.from(SPLIT_PROGRAM, "base64");
  return WebAssembly.validate(program) ? bySixteen(program) : byFour();
};

const ROOM_PER_BYTE = 6;
/** For fields as COPY text: twice the text if all of it is escaped, and where rows are. */
const COPY_ROOM_PER_BYTE = 4;
const PAGE_BYTES = 64 * 1024;
const BLOCK_BYTES = 16;

/** What is used of what Node has and its types lack. */
declare const WebAssembly: {
  validate(program: Uint8Array): boolean;
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** What `split.wat` exports. */
interface SplitProgram {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  readonly split: (
    length: number,
    separator: number,
    fields: number,
    fences: number,
    lines: number,
  ) => number;
  readonly copy: (
    rows: number,
    rowsEnd: number,
    fields: number,
    fieldsEnd: number,
    fences: number,
    stride: number,
    places: number,
    out: number,
  ) => number;
  readonly lineCount: { readonly value: number };
  readonly fencesEnd: { readonly value: number };
}

/** By `split.wat`, in a third of the time. */
export const bySixteen = (code: Buffer): Splitter => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const program = exports as SplitProgram;
  const { memory, split, lineCount, fencesEnd } = program;
  return (bytes, { separator, fields }) => {
    // No field and no line takes more: the shortest are a byte and its separator.
    const room = aligned(bytes.length * ROOM_PER_BYTE + 8 * BLOCK_BYTES);
    const atFences = aligned(bytes.length + BLOCK_BYTES);
    const atLines = atFences + room;
    // All that may be needed at once: when it grows, what was taken of it before is gone.
    const atCopies = atLines + room;
    const missing = atCopies + bytes.length * COPY_ROOM_PER_BYTE - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    const text = new Uint8Array(memory.buffer);
    text.set(bytes);
    text.fill(0, bytes.length, atFences);
    const end = split(bytes.length, separator, fields, atFences, atLines);
    return {
      fences: new Int32Array(memory.buffer, atFences, (fencesEnd.value - atFences) / 4),
      lineCount: lineCount.value,
      ...sorted(new Int32Array(memory.buffer, atLines, (end - atLines) / 4), fields),
      copyFields: copying(program, {
        textBytes: bytes.length,
        atFences,
        width: fields + 1,
        atCopies,
      }),
    };
  };
};

/** Writes fields of what was split last, each time behind what was written before. */
const copying = (
  { memory, copy, fencesEnd }: SplitProgram,
  {
    textBytes,
    atFences,
    width,
    atCopies,
  }: Record<"textBytes" | "atFences" | "width" | "atCopies", number>,
): CopyFields => {
  const rowCount = (fencesEnd.value - atFences) / 4 / width;
  let free = atCopies;
  return (fields, rows) => {
    const atFields = free + 4 * rows.length;
    const atPlaces = atFields + 4 * fields.length;
    const atOut = atPlaces + 8 * rowCount;
    const most = 2 * textBytes + 3 * fields.length * rows.length + BLOCK_BYTES;
    const isTwice = new Set(fields).size < fields.length;
    if (isTwice || atOut + most > memory.buffer.byteLength) return undefined;
    const numbers = new Int32Array(memory.buffer);
    numbers.set(rows, free / 4);
    numbers.set(
      fields.map((field) => field * 4),
      atFields / 4,
    );
    const end = copy(free, atFields, atFields, atPlaces, atFences, 4 * width, atPlaces, atOut);
    free = aligned(end);
    return {
      bytes: Buffer.from(memory.buffer, 0, end),
      places: numbers.subarray(atPlaces / 4, atOut / 4),
    };
  };
};

const aligned = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

/** Good lines and others, of threes: where it begins, its number, its fields. */
const sorted = (found: Int32Array, fields: number): Pick<Split, "starts" | "lines" | "wrong"> => {
  const starts = new Int32Array(found.length / 3);
  const lines = new Int32Array(found.length / 3);
  const wrong: { start: number; line: number; fields: number }[] = [];
  let good = 0;
  for (let at = 0; at < found.length; at += 3) {
    const [start, line, width] = [found[at]!, found[at + 1]!, found[at + 2]!];
    if (width !== fields) wrong.push({ start, line, fields: width });
    else {
      starts[good] = start;
      lines[good++] = line;
    }
  }
  return { starts: starts.subarray(0, good), lines: lines.subarray(0, good), wrong };
};

/** Without a program: every fifth byte of a GBIF line is a separator, and yet this beats byte by byte. */
export const byFour = (): Splitter => {
  let fences = new Int32Array(1 << 16);
  const grow = (needed: number) => {
    const larger = new Int32Array(Math.max(needed, fences.length * 2));
    larger.set(fences);
    fences = larger;
  };
  return (bytes, { separator, fields }) => {
    const view = viewOf(bytes);
    const separators = fourTimes(separator);
    const starts: number[] = [];
    const lines: number[] = [];
    const wrong: { start: number; line: number; fields: number }[] = [];
    let first = 0;
    let lineCount = 0;
    for (let start = 0; start < bytes.length; lineCount++) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline > start && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
      // A store behind the end of a typed array does nothing, so a line that does not fit is only counted.
      if (first + fields + 1 > fences.length) grow(first + fields + 1);
      let cursor = first + 1;
      fences[first] = start - 1;
      let index = start;
      for (const last = end - 3; index < last; index += 4) {
        let found = sameBytes(view.getInt32(index, true), separators);
        for (; found !== 0; found &= found - 1) fences[cursor++] = index + firstMarked(found);
      }
      for (; index < end; index++) {
        if (bytes[index] === separator) fences[cursor++] = index;
      }
      if (cursor === first + fields && end > start) {
        fences[cursor] = end;
        starts.push(start);
        lines.push(lineCount);
        first += fields + 1;
      } else if (end > start) {
        wrong.push({ start, line: lineCount, fields: cursor - first });
      }
      start = newline + 1;
    }
    return {
      fences: fences.subarray(0, first),
      starts: Int32Array.from(starts),
      lines: Int32Array.from(lines),
      lineCount,
      wrong,
    };
  };
};
