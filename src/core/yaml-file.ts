import { readFile } from "node:fs/promises";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLParseError,
} from "yaml";
import type { Complain } from "./complaint.ts";
import type { Place } from "./errors.ts";
import type { YamlValue } from "./yaml-value.ts";

/** Reads a YAML file; undefined when it cannot be taken apart, with the complaints that say why. */
export const readYaml = async (
  file: string,
  complain: Complain,
  includedFrom?: Place,
): Promise<YamlValue | undefined> => {
  const start: Place = includedFrom
    ? { file, line: 1, column: 1, includedFrom }
    : { file, line: 1, column: 1 };
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "is not there" : "cannot be read";
    complain("file_missing", includedFrom ?? start, `The file ${file} ${reason}.`);
    return undefined;
  }
  return parseYaml(text, start, complain);
};

/** The same for text that is read already; `start` is its first character. */
export const parseYaml = (
  text: string,
  start: Place,
  complain: Complain,
): YamlValue | undefined => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
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
  if (first) complainOfSyntax(first, text, placeAt(first.pos[0]), complain);
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) {
    complain("empty_file", start, "The file is empty.");
    return undefined;
  }
  return yamlValue(document.contents as ParsedNode, placeAt, complain);
};

const complainOfSyntax = (
  error: YAMLParseError,
  text: string,
  place: Place,
  complain: Complain,
): void => {
  const line = text.split("\n")[place.line - 1] ?? "";
  const variable = /[{[,:]\s*(\$\{[^}]*\})/.exec(line);
  const isUnquoted = variable !== null && variable.index < place.column + 1;
  if (isUnquoted && /UNEXPECTED_TOKEN|MISSING_CHAR/.test(error.code)) {
    const column = variable.index + variable[0].indexOf("$") + 1;
    complain(
      "unquoted_variable",
      { ...place, column },
      `Inside \`{ }\` and \`[ ]\` a variable needs quotes: "${variable[1]}".`,
    );
    return;
  }
  const message = SENTENCES[error.code] ?? `This is not YAML: ${error.message.replace(/\.$/, "")}.`;
  complain("yaml_syntax", place, message);
};

const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "YAML is indented with spaces, not with tabs.",
  MULTIPLE_DOCS: "A second document begins here (`---`); a file holds one.",
  BLOCK_AS_IMPLICIT_KEY:
    "A value with `: ` in it needs quotes; or a line break is missing before the key.",
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
    return { kind: "scalar", place, value: null, source: "" };
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
