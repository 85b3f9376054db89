import { readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from "yaml";
import type { Complain } from "./complaint.ts";
import { elsewhere } from "./elsewhere.ts";
import { type Place, suggestion } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { fileLabel } from "./place.ts";
import { remembered } from "./remembered.ts";
import { syntaxProblem } from "./yaml-syntax.ts";
import type { YamlValue } from "./yaml-value.ts";

/** More than any pipeline; an archive or a table that is named by mistake is not read to its end. */
const MAX_BYTES = 5_000_000;

/** Reads a YAML file; undefined when it cannot be taken apart, with the complaints that say why. */
export const readYaml = async (
  file: string,
  complain: Complain,
  includedFrom?: Place,
): Promise<YamlValue | undefined> => {
  const start: Place = includedFrom
    ? { file, line: 1, column: 1, includedFrom }
    : { file, line: 1, column: 1 };
  try {
    const text = textOf(file);
    if (text !== undefined) return parseYaml(text, start, complain);
    const label = fileLabel(file);
    const advice = /\.(zip|tgz|tar\.gz)$/i.test(file)
      ? ` If it is an archive, \`runner init ${label}\` writes a pipeline for it.`
      : "";
    complain("no_text", includedFrom ?? start, `${label} is no YAML file in UTF-8.${advice}`);
  } catch (error) {
    const system = error as NodeJS.ErrnoException;
    if (system.syscall === undefined) throw error;
    complain("file_missing", includedFrom ?? start, await missingSentence(file, system));
  }
  return undefined;
};

/** At once, not in the background: the files are small, and waiting for each costs more than reading it. */
const textOf = (file: string): string | undefined => {
  if (statSync(file).size > MAX_BYTES) return undefined;
  const bytes = readFileSync(file);
  try {
    // It also takes the byte order mark away, which would shift the columns of the first line.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const KINDS = [/\.ya?ml$/, /\.json$/];

const missingSentence = async (file: string, { code }: NodeJS.ErrnoException): Promise<string> => {
  const label = fileLabel(file);
  if (code === "EISDIR") return `${label} is a folder, and this is the place of a YAML file.`;
  if (code !== "ENOENT") return `The file ${label} cannot be read.`;
  const beside = await readdir(dirname(file)).catch(() => []);
  // Of the same kind: who misspelt a pipeline is not helped by a `package.json`.
  const kind = KINDS.find((one) => one.test(file));
  const files = beside.filter((name) => kind?.test(name));
  const [there] = nearest(basename(file), files).length > 0 ? [] : elsewhere(file);
  const hint = there ? ` Did you mean \`${there}\`?` : suggestion(basename(file), files);
  return `The file ${label} is not there.${hint}`;
};

/** Never modified, so that it can be shared. */
const documentOf = remembered((text) => {
  const lines = new LineCounter();
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines };
});

/** The same for text that is read already; `start` is its first character. */
export const parseYaml = (
  text: string,
  start: Place,
  complain: Complain,
): YamlValue | undefined => {
  const { document, lines } = documentOf(text);
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { ...start, line, column: col };
  };
  const duplicates = document.errors.filter(({ code }) => code === "DUPLICATE_KEY");
  for (const { pos } of duplicates) {
    complain("duplicate_key", placeAt(pos[0]), "This key stands here twice; which one counts?");
  }
  // One mistake makes many errors behind it: only the first says something.
  const [first] = document.errors.filter(({ code }) => code !== "DUPLICATE_KEY");
  if (first) {
    const { code, offset, message, fix } = syntaxProblem(first, text, document);
    const place = fix && placeAt(fix.offset);
    complain(code, placeAt(offset), message, fix && place ? { fix: { ...fix, place } } : {});
  }
  for (const { pos } of document.errors.length > 0 ? [] : document.warnings) {
    const tag = text.slice(pos[0], pos[1]);
    complain("yaml_tag", placeAt(pos[0]), `The tag \`${tag}\` has no meaning here: leave it out.`);
  }
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) {
    complain("empty_file", start, "The file is empty.");
    return undefined;
  }
  return yamlValue(document.contents as ParsedNode, placeAt, complain);
};

const yamlValue = (
  node: ParsedNode,
  placeAt: (offset: number) => Place,
  complain: Complain,
): YamlValue => {
  const place = placeAt(node.range[0]);
  if (isSeq(node)) {
    const items = node.items.map((item) => yamlValue(item as ParsedNode, placeAt, complain));
    return { kind: "list", place, items };
  }
  if (isMap(node)) {
    for (const { key } of node.items) complainOfKey(key as ParsedNode, placeAt, complain);
    const merge = node.items.find(({ key }) => isScalar(key) && key.source === "<<");
    if (merge) {
      const at = placeAt((merge.key as ParsedNode).range[0]);
      complain("alias", at, "`<<` takes keys from elsewhere; write them here, or use `include`.");
      return unknownAt(place, "<<");
    }
    const entries = node.items.map(({ key, value }) => ({
      key: isScalar(key) ? String(key.source ?? key.value) : String(key),
      keyPlace: placeAt((key as ParsedNode).range[0]),
      value:
        value === null
          ? ({ kind: "scalar", place, value: null, source: "" } as const)
          : yamlValue(value as ParsedNode, placeAt, complain),
    }));
    return { kind: "map", place, entries };
  }
  if (isAlias(node)) {
    complain(
      "alias",
      place,
      `\`*${node.source}\` points elsewhere; write the value itself, or use \`include\`.`,
    );
    return unknownAt(place, `*${node.source}`);
  }
  const { value } = node;
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  return {
    kind: "scalar",
    place,
    value: isPlain ? (value as string | number | boolean | null) : String(value),
    source: node.source ?? "",
  };
};

/** As if a variable had no value: nobody complains of it again. */
const unknownAt = (place: Place, name: string): YamlValue => ({
  kind: "scalar",
  place,
  value: "",
  source: "",
  unset: [name],
});

/** Keys are names: nothing is replaced in them. */
const complainOfKey = (
  key: ParsedNode,
  placeAt: (offset: number) => Place,
  complain: Complain,
): void => {
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
