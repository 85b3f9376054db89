/** Random input that is the same at every run. */

import type { Random } from "../../samples/random.ts";

export { type Random, randomFrom } from "../../samples/random.ts";

const LETTERS = [..."abcé\\\t\n\r\"'ñ日🐝 N.;|,\u0085\u2028", "\\N", '""', "\r\n"];

/** Text of the characters that trouble readers and writers. */
export const randomText = (random: Random, length: number, letters = LETTERS): string =>
  Array.from({ length }, () => letters[random(letters.length)]).join("");

/** The chunks of some bytes, cut at random places. */
export async function* cutAtRandom(bytes: Buffer, random: Random): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + 1 + random(12));
    yield bytes.subarray(start, end);
    start = end;
  }
}
