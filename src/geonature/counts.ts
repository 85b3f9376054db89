/** What was counted: as many of which thing. `none`: none of a species that was looked for. */
export interface Count {
  readonly number: string;
  readonly unit: string;
}

/**
 * How many there were: `individualCount`, else `organismQuantity` where its type is a thing that can be
 * counted. A cover of 30 % or 2 kg is no number of anything. 0 counts only with ABSENT: 0 of
 * a species that was found is a contradiction.
 */
export const countOf = (
  individualCount: string | null,
  quantity: { readonly value: string | null; readonly type: string | null },
  occurrenceStatus: string | null,
): Count | undefined => {
  const isAbsent = occurrenceStatus?.toUpperCase() === "ABSENT";
  const own = wholeNumber(individualCount);
  if (own !== undefined && own > 0) return { number: String(own), unit: "individuals" };
  if (own === 0 && isAbsent) return { number: "0", unit: "none" };
  const number = wholeNumber(quantity.value);
  const unit = unitOf(quantity.type);
  if (number === undefined || unit === undefined) return undefined;
  if (number === 0) return isAbsent ? { number: "0", unit: "none" } : undefined;
  return { number: String(number), unit };
};

/** The largest that PostgreSQL's `integer` holds. */
const LARGEST = 2_147_483_647;

/** `3`, and `3.0` as Java writes it; undefined for what is no count. */
const wholeNumber = (text: string | null): number | undefined => {
  if (text === null || !/^\d+(?:\.0+)?$/.test(text)) return undefined;
  const number = Number(text);
  return number <= LARGEST ? number : undefined;
};

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/%|percent|cover|density|per |\/|biomass|weight|volume/i, ""],
  [/\bindividual|\bind\b|specimen|\borganism|\badults?\b|\blarva|\bindividu/i, "individuals"],
  [/colon/i, "colonies"],
  [/\bpairs?\b|\bcouples?\b/i, "pairs"],
  [/\bnests?\b|\bnids?\b/i, "nests"],
  [/clutch|egg mass|\bpontes?\b/i, "clutches"],
  [/\bstems?\b|\bshoots?\b|\btiges?\b/i, "stems"],
  [/\btufts?\b|\btussocks?\b|\btouffes?\b/i, "tufts"],
];

const unitOf = (type: string | null): string | undefined =>
  type === null ? undefined : UNITS.find(([pattern]) => pattern.test(type))?.[1] || undefined;
