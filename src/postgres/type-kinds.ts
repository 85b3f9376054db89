/** Kinds of types, no text of one of which is ever a value of the other, but where it says so. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ["number", /^(smallint|integer|bigint|numeric|real|double precision)$/],
  ["time", /^(date|timestamp( with(out)? time zone)?)$/],
  ["boolean", /^boolean$/],
  ["uuid", /^uuid$/],
  ["geometry", /^(\w+\.)?(geometry|geography)$/],
];

/** A number may be a truth (1) or a date (20260501). */
const MAY_FIT = new Set(["number boolean", "number time"]);

/** Whether the text of a value of one type may be a value of the other; types as the catalog has them. */
export const canFit = (from: string, to: string): boolean => {
  const [a, b] = [kindOf(from), kindOf(to)];
  return a === undefined || b === undefined || a === b || MAY_FIT.has(`${a} ${b}`);
};

const kindOf = (type: string): string | undefined =>
  KINDS.find(([, pattern]) => pattern.test(type))?.[0];
