/** What a text is encoded in, where it is no UTF-8. */

import { isAscii, isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { aroundFirst } from "../core/encoding.ts";

export interface GuessedEncoding {
  readonly encoding: string;
  /** What stands around its first character beyond ASCII, as it reads: people see whether it is right. */
  readonly example: string;
}

/**
 * Guesses the encoding by a part of a text; undefined for UTF-8. A few damaged lines make no other encoding: of one
 * they are more than those that are valid although they have more than ASCII.
 */
export const guessedEncoding = (bytes: Buffer): GuessedEncoding | undefined => {
  const marked = MARKS.find(([mark]) => bytes.subarray(0, 2).equals(mark));
  if (marked !== undefined) {
    const [mark, encoding] = marked;
    const text = new TextDecoder(encoding).decode(bytes.subarray(mark.length));
    return { encoding, example: aroundFirst(text) };
  }
  if (isUtf8(bytes)) return undefined;
  let valid = 0;
  const bad: Buffer[] = [];
  for (const line of linesOf(bytes)) {
    if (!isUtf8(line)) bad.push(line);
    else if (!isAscii(line)) valid++;
  }
  if (bad.length <= valid) return undefined;
  return { encoding: WINDOWS, example: aroundFirst(new TextDecoder(WINDOWS).decode(bad[0])) };
};

/** Latin-1 is read alike: where the two differ, it has nothing but control characters. */
const WINDOWS = "windows-1252";

const MARKS = [
  [Buffer.from([0xff, 0xfe]), "utf-16le"],
  [Buffer.from([0xfe, 0xff]), "utf-16be"],
] as const;

const LINE_END = 0x0a;

/** Whole lines: where the part ends, a character may be cut in two. */
function* linesOf(bytes: Buffer): Generator<Buffer> {
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    yield bytes.subarray(start, end);
    start = end + 1;
  }
  if (start === 0) yield bytes;
}
