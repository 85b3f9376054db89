import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { encodingUnknown, notInEncoding } from "./errors.ts";

/**
 * The text in UTF-8, without a byte order mark. UTF-8 itself passes as it is: whoever splits it finds
 * the bytes that are none, line by line.
 */
export async function* asUtf8(
  chunks: AsyncIterable<Buffer>,
  { encoding, name }: { encoding: string; name: string },
): AsyncGenerator<Buffer> {
  if (/^utf-?8$/i.test(encoding)) yield* withoutMark(chunks);
  else yield* recoded(chunks, decoderFor(encoding, name), name);
}

/** The same, but UTF-8 that is not valid ends it: for readers that decode for themselves. */
export const asValidUtf8 = (
  chunks: AsyncIterable<Buffer>,
  { encoding, name }: { encoding: string; name: string },
): AsyncGenerator<Buffer> => recoded(chunks, decoderFor(encoding, name), name);

/** Why bytes are no text in UTF-8. */
export interface NotUtf8 {
  readonly isUtf16: boolean;
  /** The text before the first byte that does not belong there. */
  readonly before: string;
  /** What its line has around that byte, read as windows-1252. */
  readonly inWindows: string;
}

/** The text of a file that is read as a whole, without a byte order mark; or why it is none. */
export const wholeText = (bytes: Buffer): string | NotUtf8 => {
  if (isUtf8(bytes)) return bytes.toString("utf8").replace(/^\uFEFF/, "");
  const [before = ""] = bytes.toString("utf8").split("\uFFFD", 1);
  const start = Buffer.byteLength(before.slice(0, before.lastIndexOf("\n") + 1));
  const end = bytes.indexOf(LINE_END, start);
  return {
    isUtf16: /^(\xff\xfe|\xfe\xff)/.test(bytes.toString("latin1", 0, 2)),
    before,
    inWindows: asWindows(bytes.subarray(start, end < 0 ? bytes.length : end)),
  };
};

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
    if (start.length < MARK.length) continue;
    yield start.subarray(0, MARK.length).equals(MARK) ? start.subarray(MARK.length) : start;
    start = undefined;
  }
  if (start?.length) yield start;
}

async function* recoded(
  chunks: AsyncIterable<Buffer>,
  decoder: TextDecoder,
  name: string,
): AsyncGenerator<Buffer> {
  let lines = 0;
  let tail: Buffer = NOTHING;
  const decode = (chunk?: Buffer): Buffer => {
    try {
      return Buffer.from(chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
    } catch (error) {
      const isUtf8 = decoder.encoding === "utf-8";
      const bytes = Buffer.concat([isUtf8 ? unfinished(tail) : NOTHING, chunk ?? NOTHING]);
      const { line, text } = firstBad(bytes, decoder.encoding);
      const place = `${name}:${lines + line}`;
      throw notInEncoding(
        place,
        { encoding: decoder.encoding, ...(isUtf8 ? { text } : {}) },
        error,
      );
    }
  };
  for await (const chunk of chunks) {
    const text = decode(chunk);
    lines += lineEnds(text);
    tail = Buffer.from(chunk.subarray(-CHARACTER));
    if (text.length > 0) yield text;
  }
  const rest = decode();
  if (rest.length > 0) yield rest;
}

const NOTHING = Buffer.alloc(0);

const LINE_END = 0x0a;

/** The most bytes of a character. */
const CHARACTER = 4;

const lineEnds = (bytes: Buffer): number => {
  let ends = 0;
  for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) ends++;
  return ends;
};

/** The beginning of a character whose other bytes are to come, at the end of valid UTF-8. */
const unfinished = (tail: Buffer): Buffer => {
  const start = tail.findLastIndex((byte) => byte < 0x80 || byte >= 0xc0);
  const first = tail[start] ?? 0;
  if (first < 0xc0) return NOTHING;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return tail.length - start < length ? tail.subarray(start) : NOTHING;
};

/** The first line, from 1, that is not in the encoding, and what stands around its first byte beyond ASCII. */
const firstBad = (bytes: Buffer, encoding: string): { line: number; text: string } => {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let start = 0;
  let line = 1;
  for (;;) {
    const end = bytes.indexOf(LINE_END, start);
    const part = bytes.subarray(start, end < 0 ? bytes.length : end + 1);
    try {
      decoder.decode(part, { stream: true });
    } catch {
      return { line, text: asWindows(part) };
    }
    if (end < 0) return { line, text: asWindows(part) };
    start = end + 1;
    line++;
  }
};

const asWindows = (line: Buffer): string =>
  aroundFirst(new TextDecoder("windows-1252").decode(line));

/** What stands around the first character of a text that is beyond ASCII, in whole words: people see whether it is right. */
export const aroundFirst = (text: string): string => {
  const at = Math.max(0, text.search(/\P{ASCII}/u));
  const before = WORDS_BEFORE.exec(text.slice(Math.max(0, at - MOST), at))?.[0] ?? "";
  const after = WORDS_AFTER.exec(text.slice(at, at + MOST))?.[0] ?? "";
  return (before + after).replaceAll(/\s+/g, " ").trim();
};

/** Characters on either side, in which there is a place to cut. */
const MOST = 60;

/** So many characters, and all of the word that they are cut in. */
const WORDS_BEFORE = /[\p{L}\p{N}'’-]*.{0,15}$/su;
const WORDS_AFTER = /^.{0,15}[\p{L}\p{N}'’-]*/su;

const decoderFor = (encoding: string, name: string): TextDecoder => {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw encodingUnknown(name, encoding, error);
  }
};
