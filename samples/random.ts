/** Random numbers that are the same at every run: whole ones from 0 up to, and without, `below`. */
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
