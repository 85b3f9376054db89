/** Random input that is the same at every run. */

export type Random = (below: number) => number;

/** A small generator (mulberry32): whole numbers from 0 up to, and without, `below`. */
export const randomFrom = (seed: number): Random => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

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
