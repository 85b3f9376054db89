const QUOTE = 0x22;

/**
 * The fields that GBIF's writer of small downloads CSV-quoted although `meta.xml` says that nothing is.
 *
 * A field counts as quoted only if it starts and ends with `"` and every `"` inside is doubled, at
 * least once: the writer quotes nothing else, so `"star"` is what somebody typed.
 */
export const quotedFields = (
  bytes: Buffer,
  fences: Int32Array,
  stride: number,
): ReadonlySet<number> | undefined => {
  let quoted: Set<number> | undefined;
  let at = bytes.indexOf(QUOTE);
  while (at >= 0) {
    const fence = fenceBefore(fences, at);
    // A fence that ends a row is followed by the next row's own; lines of the wrong width have none.
    const isField = fence >= 0 && fence % stride !== stride - 1 && fences[fence] === at - 1;
    const end = isField ? fences[fence + 1]! : 0;
    if (isField && isQuoted(bytes, at, end)) {
      quoted ??= new Set();
      quoted.add(fence);
      at = end;
    }
    at = bytes.indexOf(QUOTE, at + 1);
  }
  return quoted;
};

/** The last fence before a byte, by bisection. */
const fenceBefore = (fences: Int32Array, at: number): number => {
  let low = 0;
  let high = fences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fences[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

const isQuoted = (bytes: Buffer, start: number, end: number): boolean => {
  if (end - start < 4 || bytes[end - 1] !== QUOTE) return false;
  let doubled = 0;
  for (let index = start + 1; index < end - 1; index++) {
    if (bytes[index] !== QUOTE) continue;
    if (index + 1 >= end - 1 || bytes[index + 1] !== QUOTE) return false;
    doubled++;
    index++;
  }
  return doubled > 0;
};

/** The values of a line that was set aside, as its columns would have given them. */
export const valuesOf = (
  line: string,
  { separator, mayQuote }: { separator: number; mayQuote: boolean },
): string[] => {
  const values = line.split(String.fromCharCode(separator));
  return mayQuote && line.includes('"')
    ? values.map((value) => (QUOTED.test(value) ? value.slice(1, -1).replaceAll('""', '"') : value))
    : values;
};

/** See `quotedFields`. */
const QUOTED = /^"(?=.*"".*"$)(?:[^"]|"")*"$/;
