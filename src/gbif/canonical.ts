/** The same text for every request that asks the same. */

import { SEARCH_KEYS } from "./search-keys.ts";

/** JSON of a request without who asks, how it is described, and what makes no difference. */
export const canonicalRequest = (body: Readonly<Record<string, unknown>>): string => {
  const { format, predicate, verbatimExtensions = [], checklistKey } = body;
  const extensions = asSet(verbatimExtensions as unknown[]);
  return JSON.stringify(
    sorted({
      format,
      predicate: canonicalPredicate(predicate),
      ...(extensions.length > 0 ? { verbatimExtensions: extensions } : {}),
      ...(checklistKey === undefined ? {} : { checklistKey: String(checklistKey).toLowerCase() }),
    }),
  );
};

/** The keys of all objects in order. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
};

type Predicate = Readonly<Record<string, unknown>>;

/**
 * A predicate without what makes no difference: the order of values and of the parts of `and` and `or`,
 * the case of uuids and booleans, spaces in polygons, `matchCase: false`.
 */
const canonicalPredicate = (given: unknown): unknown => {
  const { matchCase, ...predicate } = given as Predicate;
  const { key, value, values, predicates, predicate: inner, geometry } = predicate;
  const text = (one: unknown) => (isCaseless(key) ? String(one).toLowerCase() : one);
  return {
    ...predicate,
    ...(matchCase ? { matchCase } : {}),
    ...(value === undefined ? {} : { value: text(value) }),
    ...(values === undefined ? {} : { values: asSet((values as unknown[]).map(text)) }),
    ...(predicates === undefined
      ? {}
      : { predicates: asSet((predicates as unknown[]).map(canonicalPredicate).map(sorted)) }),
    ...(inner === undefined ? {} : { predicate: canonicalPredicate(inner) }),
    ...(geometry === undefined ? {} : { geometry: withoutSpaces(String(geometry)) }),
  };
};

const isCaseless = (key: unknown): boolean =>
  ["uuid", "boolean"].includes(SEARCH_KEYS.get(String(key)) ?? "");

/** Each once, in the order of their JSON. */
const asSet = (items: readonly unknown[]): unknown[] =>
  [...new Set(items.map((item) => JSON.stringify(item)))]
    .toSorted()
    .map((text) => JSON.parse(text));

const withoutSpaces = (wkt: string): string =>
  wkt
    .trim()
    .toUpperCase()
    .replace(/\s*([(),])\s*/g, "$1")
    .replace(/\s+/g, " ");
