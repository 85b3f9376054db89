/** GBIF's predicates, checked without asking GBIF: https://techdocs.gbif.org/en/data-use/api-downloads */

import type { Complain } from "../core/complaint.ts";
import { suggestion } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { placeInScalar } from "../core/place.ts";
import { whyNoRows } from "../core/sql-text.ts";
import {
  entryOf,
  isUnknown,
  type YamlEntry,
  type YamlMap,
  type YamlValue,
} from "../core/yaml-value.ts";
import { checkProperties, PREDICATE_TYPES, SHAPES } from "./predicate-shapes.ts";
import { type KeyKind, SEARCH_KEYS } from "./search-keys.ts";
import { distanceProblem, isOrdered, isUuid, wantedInstead } from "./values.ts";
import { readPolygons } from "./wkt.ts";

/** What GBIF limits. */
export interface Size {
  readonly items: number;
  /** Of polygons. */
  readonly points: number;
}

/** What a predicate is checked with. */
export interface Checking {
  readonly complain: Complain;
  /** Whether a taxonomy is named: its taxon keys need not be numbers. */
  readonly hasChecklist: boolean;
}

const NOTHING: Size = { items: 0, points: 0 };

/** Complains of whatever GBIF would refuse, or take for something else; gives the predicate's size. */
export const checkPredicate = (value: YamlValue, checking: Checking): Size => {
  const { complain } = checking;
  if (isUnknown(value)) return NOTHING;
  if (value.kind !== "map") {
    complain(
      "wrong_type",
      value.place,
      "A predicate is a map: `{ type: equals, key: DATASET_KEY, value: … }`.",
    );
    return NOTHING;
  }
  const typeEntry = entryOf(value, "type");
  const type = typeEntry?.value.kind === "scalar" ? String(typeEntry.value.value) : undefined;
  const shape = type === undefined ? undefined : SHAPES[type];
  if (shape === undefined || type === undefined) {
    const place = typeEntry?.value.place ?? value.place;
    const types = suggestion(type ?? "", PREDICATE_TYPES);
    if (typeEntry !== undefined && isUnknown(typeEntry.value)) return NOTHING;
    complain(
      "unknown_predicate",
      place,
      typeEntry === undefined
        ? `This predicate has no \`type\`.${types}`
        : `There is no predicate \`${type}\`.${types}`,
    );
    return NOTHING;
  }
  checkProperties(value, { type, shape, complain });
  return checkParts(value, type, {
    ...checking,
    hasChecklist: checking.hasChecklist || entryOf(value, "checklistKey") !== undefined,
  });
};

const checkParts = (value: YamlMap, type: string, checking: Checking): Size => {
  const { complain } = checking;
  let size: Size = { items: type === "and" || type === "or" || type === "not" ? 0 : 1, points: 0 };
  let kind: KeyKind | undefined;
  for (const entry of value.entries) {
    if (entry.key === "key" || entry.key === "parameter") kind = keyKind(entry, type, complain);
  }
  for (const { key, value: part } of value.entries) {
    if (isUnknown(part)) continue;
    if (key === "predicates" && type !== "not") {
      size = sum([
        size,
        ...itemsOf(part, key, complain).map((item) => checkPredicate(item, checking)),
      ]);
    } else if (key === "predicate" && type === "not") {
      size = sum([size, checkPredicate(part, checking)]);
    } else if (key === "value" && type !== "in") {
      checkValue(part, { key, kind, checking });
    } else if (key === "values" && type === "in" && !isStatement(part)) {
      const items = itemsOf(part, key, complain);
      for (const item of items) checkValue(item, { key, kind, checking });
      size = { items: items.length, points: 0 };
    } else if (key === "values" && type === "in") {
      checkStatement(part as YamlMap, complain);
    } else if (key === "geometry") {
      size = { items: 1, points: checkGeometry(part, complain) };
    } else if (["latitude", "longitude", "distance"].includes(key) && type === "geoDistance") {
      const wanted = distanceProblem(key, textIn(part));
      if (wanted !== undefined) wrong(part, `\`${key}\``, wanted, complain);
    } else if (key === "matchCase") {
      if (!/^(true|false)$/.test(textIn(part))) {
        wrong(part, "`matchCase`", "`true` or `false`", complain);
      }
    } else if (key === "checklistKey") checkChecklist(part, complain);
  }
  return size;
};

/** A taxonomy is named by the uuid of its data set. */
export const checkChecklist = (value: YamlValue, complain: Complain): void => {
  if (!isUnknown(value) && !isUuid(textIn(value))) {
    wrong(value, "`checklistKey`", "the uuid of a checklist", complain);
  }
};

const sum = (sizes: readonly Size[]): Size => ({
  items: sizes.reduce((total, { items }) => total + items, 0),
  points: sizes.reduce((total, { points }) => total + points, 0),
});

/** `{ sql, column }` instead of a list: values that the database has. */
export const isStatement = (value: YamlValue): value is YamlMap =>
  value.kind === "map" && entryOf(value, "sql") !== undefined;

const checkStatement = (value: YamlMap, complain: Complain): void => {
  for (const { key, keyPlace, value: part } of value.entries) {
    if (key !== "sql" && key !== "column") {
      const message = `\`values\` has no option \`${key}\`.${suggestion(key, ["sql", "column"])}`;
      complain("unknown_property", keyPlace, message);
    } else if (!isUnknown(part) && (part.kind !== "scalar" || textIn(part) === "")) {
      wrong(part, `\`${key}\` of \`values\``, "a text", complain);
    } else if (key === "sql" && !isUnknown(part)) {
      const error = whyNoRows(textIn(part));
      if (error === undefined) continue;
      const place = placeInScalar(part.place, textIn(part), error.position ?? 1);
      complain(error.code, place, error.message);
    }
  }
};

const itemsOf = (value: YamlValue, name: string, complain: Complain): readonly YamlValue[] => {
  if (value.kind === "list" && value.items.length > 0) return value.items;
  if (value.kind === "list") {
    complain("empty_list", value.place, `\`${name}\` is empty, and GBIF takes no empty list.`);
  } else
    wrong(value, `\`${name}\``, name === "values" ? "a list, or `{ sql: … }`" : "a list", complain);
  return [];
};

const ORDERED = /^(less|greater)Than/;

/** What the values of a key are; undefined when the key is wrong. */
const keyKind = (
  { key: name, value }: YamlEntry,
  type: string,
  complain: Complain,
): KeyKind | undefined => {
  if (isUnknown(value)) return undefined;
  const key = textIn(value);
  const kind = SEARCH_KEYS.get(key);
  if (kind === undefined) {
    // `datasetKey`, as GBIF's search has it, is one step away.
    const snake = key.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
    const close = nearest(snake, SEARCH_KEYS.keys());
    const advice = SEARCH_KEYS.has(snake)
      ? ` Keys are written like \`${snake}\`.`
      : close.length > 0
        ? suggestion(snake, close)
        : " The list is at https://techdocs.gbif.org/en/data-use/api-downloads.";
    complain(
      "unknown_key",
      value.place,
      value.kind === "scalar"
        ? `GBIF has no key \`${key}\`.${advice}`
        : `\`${name}\` must be the name of a key, such as \`DATASET_KEY\`.`,
    );
    return undefined;
  }
  if (ORDERED.test(type) && !isOrdered(kind)) {
    const message = `\`${type}\` compares numbers and dates; \`${key}\` is neither.`;
    complain("not_ordered", value.place, message);
  }
  if (type === "like" && kind !== "text") {
    const message = `\`like\` is for texts, and \`${key}\` has none. Write \`equals\`.`;
    complain("not_text", value.place, message);
  }
  return kind;
};

const checkValue = (
  value: YamlValue,
  { key, kind, checking }: { key: string; kind: KeyKind | undefined; checking: Checking },
): void => {
  const { complain, hasChecklist } = checking;
  if (isUnknown(value)) return;
  const text = textIn(value);
  if (value.kind !== "scalar" || value.value === null || text === "") {
    const label = key === "value" ? "`value`" : "An item of `values`";
    wrong(value, label, "a text, a number or a boolean", complain);
    return;
  }
  const actual = kind === "taxon" && hasChecklist ? "text" : kind;
  const wanted = actual && wantedInstead(actual, text);
  if (wanted !== undefined) wrong(value, "The value", wanted, complain);
};

const checkGeometry = (value: YamlValue, complain: Complain): number => {
  const { points, problem } = readPolygons(value.kind === "scalar" ? textIn(value) : "");
  if (problem !== undefined) complain("bad_geometry", value.place, `\`geometry\`: ${problem}`);
  return points;
};

const wrong = (value: YamlValue, label: string, wanted: string, complain: Complain): void => {
  const given = value.kind === "scalar" ? JSON.stringify(value.value) : `a ${value.kind}`;
  complain("wrong_value", value.place, `${label} must be ${wanted}, and is ${given}.`);
};

/** A scalar as it is sent: a number as it is written, `1.50` and not 1.5; empty when it is none. */
export const textIn = (value: YamlValue): string => {
  if (value.kind !== "scalar") return "";
  return typeof value.value === "number" ? value.source : String(value.value ?? "");
};
