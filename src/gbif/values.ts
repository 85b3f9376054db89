/** What the values of a predicate may be, by the kind of its key. */

import type { KeyKind } from "./search-keys.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface Kind {
  readonly isValid: (text: string) => boolean;
  /** What it should be, in a sentence after "must be". */
  readonly wanted: string;
}

const number = (text: string): boolean => /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text);
const whole = (text: string): boolean => /^-?\d+$/.test(text);

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `2021`, `2021-05`, `2021-05-13`, and that with a time of day. */
const date = (text: string): boolean => {
  const parts = /^\d{4}(-(\d\d)(-(\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)?)?)?)?$/.exec(
    text,
  );
  if (parts === null) return false;
  const [month, day] = [Number(parts[2] ?? 1), Number(parts[4] ?? 1)];
  return month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] ?? 0);
};

/** `1990,2000`, `*,2000`: both ends belong to it. */
const orRange =
  (isValid: (text: string) => boolean) =>
  (text: string): boolean => {
    const ends = text.split(",");
    if (ends.length === 1) return isValid(text);
    return ends.length === 2 && ends.every((end) => end === "*" || isValid(end));
  };

const KINDS: Readonly<Record<KeyKind, Kind>> = {
  uuid: { isValid: (text) => UUID.test(text), wanted: "a uuid" },
  whole: { isValid: orRange(whole), wanted: "a whole number" },
  number: { isValid: orRange(number), wanted: "a number" },
  boolean: { isValid: (text) => /^(true|false)$/i.test(text), wanted: "`true` or `false`" },
  date: { isValid: orRange(date), wanted: "a date such as 2021, 2021-05 or 2021-05-13" },
  taxon: {
    isValid: (text) => /^\d+$/.test(text),
    wanted: "a number of the GBIF backbone, as the request names no other `checklistKey`",
  },
  text: { isValid: (text) => text !== "", wanted: "a text" },
};

/** What a value of this kind must be instead; undefined when it is right. */
export const wantedInstead = (kind: KeyKind, text: string): string | undefined =>
  KINDS[kind].isValid(text) ? undefined : KINDS[kind].wanted;

export const isUuid = (text: string): boolean => UUID.test(text);

/** Whether `lessThan` and the like make sense. */
export const isOrdered = (kind: KeyKind): boolean => ["whole", "number", "date"].includes(kind);

/** What is wrong with a part of `geoDistance`; undefined when nothing is. */
export const distanceProblem = (name: string, text: string): string | undefined => {
  if (name === "distance") {
    return /^\d+(\.\d+)?(mm|cm|m|km|in|ft|yd|mi|nmi|NM)?$/.test(text)
      ? undefined
      : "a length such as `500m` or `2km`";
  }
  const most = name === "latitude" ? 90 : 180;
  return number(text) && Math.abs(Number(text)) <= most
    ? undefined
    : `degrees between -${most} and ${most}`;
};
