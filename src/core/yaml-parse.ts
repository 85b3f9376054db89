/** From the text of a YAML file to a tree that knows where each part of it stands. */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { Complain, Complaint } from "./complaint.ts";
import type { Place } from "./errors.ts";
import { inTypographicQuotes } from "./odd-characters.ts";
import { remembered } from "./remembered.ts";
import { LOST, mended } from "./yaml-mend.ts";
import { syntaxProblem } from "./yaml-syntax.ts";
import {
  moved,
  type YamlEntry,
  type YamlMap,
  type YamlScalar,
  type YamlValue,
} from "./yaml-value.ts";

/**
 * What a text says; `start` is its first character. Complains of what is wrong with its syntax. What could
 * not be read for that is in the value as if it hung on a variable without a value; undefined when nothing
 * can be read.
 */
export const parseYaml = (
  text: string,
  start: Place,
  complain: Complain,
): YamlValue | undefined => {
  const { value, complaints } = parsed(text);
  const at = ({ line, column }: Place): Place => ({ ...start, line, column });
  for (const { code, place, message, fix, ...details } of complaints) {
    const own = fix ? { fix: { ...fix, place: at(fix.place) } } : {};
    complain(code, at(place), message, { ...details, ...own });
  }
  return value && moved(value, at);
};

/** What a text says in whatever file it stands: several pipelines include the same one. */
interface Parsed {
  readonly value: YamlValue | undefined;
  readonly complaints: readonly Complaint[];
}

const NO_FILE: Place = { file: "", line: 1, column: 1 };

/** Kept without the parser's own tree, which is many times as large. */
const parsed = remembered((text): Parsed => {
  const complaints: Complaint[] = [];
  const value = valueIn(text, (code, place, message, details) => {
    complaints.push({ code, place, message, ...details });
  });
  return { value, complaints };
});

const valueIn = (text: string, complain: Complain): YamlValue | undefined => {
  const { document, problems, offsetIn, lost } = mended(text);
  const place = placesIn(text);
  for (const { code, offset, message, fix } of problems) {
    const details = fix ? { fix: { ...fix, place: place(fix.offset) } } : {};
    complain(code, place(offset), message, details);
  }
  if (document === undefined) return undefined;
  const placeAt: PlaceAt = (offset) => place(offsetIn(offset));
  complainOfDocument(document, placeAt, complain);
  for (const { pos } of problems.length > 0 ? [] : document.warnings) {
    const tag = text.slice(pos[0], pos[1]);
    complain("yaml_tag", placeAt(pos[0]), `The tag \`${tag}\` has no meaning here: leave it out.`);
  }
  if (document.contents === null) {
    complain("empty_file", NO_FILE, "The file is empty.");
    return undefined;
  }
  const value = yamlValue(document.contents, { placeAt, complain, lost });
  // What the first of two documents lacks may stand in the second.
  return value.kind === "map" && document.errors.some(isOfSeveral)
    ? { ...value, isPartial: true }
    : value;
};

const placesIn = (text: string): PlaceAt => {
  const lines = new LineCounter();
  for (let start = 0; start >= 0; ) {
    lines.addNewLine(start);
    start = text.indexOf("\n", start) + 1 || -1;
  }
  return (offset) => {
    const { line, col } = lines.linePos(offset);
    return { ...NO_FILE, line, column: col };
  };
};

type PlaceAt = (offset: number) => Place;

interface Reading {
  readonly placeAt: PlaceAt;
  readonly complain: Complain;
  readonly lost: readonly number[];
}

/** Whether something of a node may have been left out: inside of it, or right behind it. */
const isTorn = ({ range }: ParsedNode, { lost }: Reading): boolean =>
  lost.some((offset) => range[0] <= offset && offset <= range[2]);

const isOfSeveral = ({ code }: { code: string }): boolean => code === "MULTIPLE_DOCS";

/** What is wrong with a document that can be read all the same. */
const complainOfDocument = (
  document: Document.Parsed,
  placeAt: PlaceAt,
  complain: Complain,
): void => {
  for (const error of document.errors) {
    const [at] = error.pos;
    if (isOfSeveral(error)) {
      const { code, message } = syntaxProblem(error, "", document);
      complain(code, placeAt(at), message);
    } else {
      complain("duplicate_key", placeAt(at), "This key stands here twice; which one counts?");
    }
  }
};

const yamlValue = (node: ParsedNode, reading: Reading): YamlValue => {
  const { placeAt, complain } = reading;
  const place = placeAt(node.range[0]);
  if (isSeq(node)) {
    const items = node.items.map((item) => yamlValue(item as ParsedNode, reading));
    const more = isTorn(node, reading) ? [unknownAt(place, LOST)] : [];
    return { kind: "list", place, items: [...items, ...more] };
  }
  if (isMap(node)) return bracedVariable(node, reading) ?? mapValue(node, reading);
  if (isAlias(node)) {
    complain(
      "alias",
      place,
      `\`*${node.source}\` points elsewhere; write the value itself, or use \`include\`.`,
    );
    return unknownAt(place, `*${node.source}`);
  }
  if (node.source === LOST) return unknownAt(place, LOST);
  complainOfQuotes(node, reading);
  const { value } = node;
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  return {
    kind: "scalar",
    place,
    value: isPlain ? (value as string | number | boolean | null) : String(value),
    source: node.source ?? "",
  };
};

/** `{{ NAME }}`, as templates have it: a map whose key is a map, to YAML. */
const bracedVariable = (
  { items, range }: YAMLMap.Parsed,
  { placeAt, complain }: Reading,
): YamlScalar | undefined => {
  const [only, other] = items;
  const [inner] = isMap(only?.key) ? only.key.items : [];
  if (other !== undefined || only?.value || inner?.value || !isScalar(inner?.key)) return undefined;
  const name = String(inner.key.source);
  if (!/^[A-Za-z_]\w*$/.test(name)) return undefined;
  const place = placeAt(range[0]);
  complain("bad_variable", place, `A variable is written \`\${${name}}\`, not \`{{ ${name} }}\`.`);
  return unknownAt(place, name);
};

const mapValue = (node: YAMLMap.Parsed, reading: Reading): YamlMap | YamlScalar => {
  const { placeAt, complain } = reading;
  const place = placeAt(node.range[0]);
  for (const { key } of node.items) complainOfKey(key, reading);
  const merge = node.items.find(({ key }) => isScalar(key) && key.source === "<<");
  if (merge) {
    const at = placeAt(merge.key.range[0]);
    complain("alias", at, "`<<` takes keys from elsewhere; write them here, or use `include`.");
    return unknownAt(place, "<<");
  }
  const entries = new Map<string, YamlEntry>();
  const isMapTorn = isTorn(node, reading);
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.source ?? key.value) : String(key);
    const keyPlace = placeAt(key.range[0]);
    const isNothing = !value || (isScalar(value) && value.source === "" && value.value === null);
    // Its value may have been left out.
    const read =
      isNothing && isMapTorn ? unknownAt(place, LOST) : valueUnder(value, place, reading);
    const first = entries.get(name);
    entries.set(name, first ? oneOf(first, read) : { key: name, keyPlace, value: read });
  }
  const isPartial = entries.size < node.items.length || isMapTorn;
  entries.delete(LOST);
  const map = { kind: "map", place, entries: [...entries.values()] } as const;
  return isPartial ? { ...map, isPartial } : map;
};

const valueUnder = (value: ParsedNode | null, place: Place, reading: Reading): YamlValue =>
  value ? yamlValue(value, reading) : { kind: "scalar", place, value: null, source: "" };

/** What stands under a key that is there twice: two lists are one, of anything else nobody knows. */
const oneOf = (first: YamlEntry, second: YamlValue): YamlEntry => {
  const { key, value } = first;
  return value.kind === "list" && second.kind === "list"
    ? { ...first, value: { ...value, items: [...value.items, ...second.items] } }
    : { ...first, value: unknownAt(value.place, key) };
};

/** As if a variable had no value: nobody complains of it again. */
const unknownAt = (place: Place, why: string): YamlScalar => ({
  kind: "scalar",
  place,
  value: "${}",
  source: "",
  unset: [`not read: ${why}`],
});

/** YAML knows no other quotes than `"` and `'`. */
const complainOfQuotes = ({ type, source, range }: Scalar.Parsed, reading: Reading): void => {
  const inside = type === "PLAIN" ? inTypographicQuotes(source) : undefined;
  if (inside === undefined) return;
  const place = reading.placeAt(range[0]);
  const becomes = JSON.stringify(inside);
  const message = `To YAML these quotes are letters of the text. Write ${becomes}.`;
  reading.complain("odd_character", place, message, {
    isWarning: true,
    fix: { place, was: source, becomes },
  });
};

/** Keys are names: nothing is replaced in them. */
const complainOfKey = (key: ParsedNode, { placeAt, complain }: Reading): void => {
  const place = placeAt(key.range[0]);
  if (!isScalar(key)) complain("bad_key", place, "A key is a name, not a list or a map.");
  else if (key.source.includes("${")) {
    complain(
      "variable_in_key",
      place,
      "A variable works only as a value: no `${…}` is replaced in a key.",
    );
  }
};
