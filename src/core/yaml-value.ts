/** What a YAML file says, as a tree that knows where each part of it stands. Never modified. */

import type { Place } from "./errors.ts";

export type YamlValue = YamlScalar | YamlList | YamlMap;

interface Located {
  readonly place: Place;
  /** The parameter of the pipeline's `include` that gives it, by which it is changed. */
  readonly parameter?: string;
}

export interface YamlScalar extends Located {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** The text in the file, before variables were replaced. */
  readonly source: string;
  /** Whether a variable was replaced in it: such a text counts as a number where one is wanted. */
  readonly isReplaced?: boolean;
  /** Whether it begins with a variable of the shell: a path is then relative to the working folder. */
  readonly isFromShell?: boolean;
  /** Names of variables in it that have no value; their text still stands in `value`. */
  readonly unset?: readonly string[];
}

export interface YamlList extends Located {
  readonly kind: "list";
  readonly items: readonly YamlValue[];
}

export interface YamlMap extends Located {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  /** Whether it may have other entries that could not be read. */
  readonly isPartial?: boolean;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: YamlValue;
}

/** The path from a value to one inside it: keys of maps and indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** The value as plain data. */
export const plain = (value: YamlValue): unknown => {
  if (value.kind === "scalar") return value.value;
  if (value.kind === "list") return value.items.map(plain);
  return Object.fromEntries(value.entries.map((entry) => [entry.key, plain(entry.value)]));
};

/** The same value, each part of it at another place. */
export const moved = (value: YamlValue, to: (place: Place) => Place): YamlValue => {
  const place = to(value.place);
  if (value.kind === "scalar") return { ...value, place };
  if (value.kind === "list") {
    return { ...value, place, items: value.items.map((item) => moved(item, to)) };
  }
  const entries = value.entries.map((entry) => ({
    ...entry,
    keyPlace: to(entry.keyPlace),
    value: moved(entry.value, to),
  }));
  return { ...value, place, entries };
};

/** The entry of a map with this key, if the value is a map that has one. */
export const entryOf = (value: YamlValue | undefined, key: string): YamlEntry | undefined =>
  value?.kind === "map" ? value.entries.find((entry) => entry.key === key) : undefined;

/** The value at a path, or undefined. */
export const valueAt = (value: YamlValue | undefined, path: YamlPath): YamlValue | undefined => {
  const [step, ...rest] = path;
  if (step === undefined || value === undefined) return value;
  if (value.kind === "list") return valueAt(value.items[Number(step)], rest);
  return valueAt(entryOf(value, String(step))?.value, rest);
};

/** All scalars of a value, in the order of the file. A list: generators inside each other take several times as long. */
export const scalarsOf = (value: YamlValue, into: YamlScalar[] = []): readonly YamlScalar[] => {
  if (value.kind === "scalar") into.push(value);
  else if (value.kind === "list") for (const item of value.items) scalarsOf(item, into);
  else for (const entry of value.entries) scalarsOf(entry.value, into);
  return into;
};

/** All entries of all maps of a value, in the order of the file. */
export function* entriesOf(value: YamlValue): Generator<YamlEntry> {
  if (value.kind === "list") for (const item of value.items) yield* entriesOf(item);
  if (value.kind !== "map") return;
  for (const entry of value.entries) {
    yield entry;
    yield* entriesOf(entry.value);
  }
}

/** Whether a value is a variable without one, or could not be read: it may be anything. */
export const isUnknown = (value: YamlValue): boolean =>
  value.kind === "scalar" && (value.unset?.length ?? 0) > 0;

/** Whether something in it could not be read, so that an entry may be missing. */
export const isPartial = (value: YamlValue): boolean => {
  if (value.kind === "scalar") return false;
  if (value.kind === "list") return value.items.some(isPartial);
  return value.isPartial === true || value.entries.some((entry) => isPartial(entry.value));
};

/** Names of the variables without a value in it. */
export const unsetIn = (value: YamlValue): string[] => {
  const names = new Set<string>();
  for (const { unset = [] } of scalarsOf(value)) for (const name of unset) names.add(name);
  return [...names];
};

/**
 * Where a name stands in it: as a value, else as a key; of `key: value`, where the value does. A key whose value a
 * parameter gives is changed where that is given, and not in a file that others share.
 */
export const placeOf = (value: YamlValue, subject: string): Place | undefined => {
  for (const scalar of scalarsOf(value)) if (scalar.value === subject) return scalar.place;
  for (const { key, keyPlace, value: one } of entriesOf(value)) {
    if (key === subject) return one.parameter === undefined ? keyPlace : one.place;
  }
  for (const { key, value: one } of subject.includes(": ") ? entriesOf(value) : []) {
    if (one.kind === "scalar" && `${key}: ${one.value}` === subject) return one.place;
  }
  return undefined;
};

/** How often a name stands in it, as a value or as a key. */
export const timesOf = (value: YamlValue, subject: string): number =>
  scalarsOf(value).filter((scalar) => scalar.value === subject).length +
  [...entriesOf(value)].filter(({ key }) => key === subject).length;
