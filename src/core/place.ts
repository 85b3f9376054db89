import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Place } from "./errors.ts";

/** `pipelines/inat.yaml:14:7`: clickable in terminals and editors. */
export const formatPlace = ({ file, line, column }: Place): string =>
  `${fileLabel(file)}:${line}:${column}`;

/** A file as people name it: relative to the working folder, absolute when it is not below it. */
export const fileLabel = (file: string): string => {
  const label = relative(process.cwd(), file);
  return label === "" || label === ".." || label.startsWith(`..${sep}`) ? file : label;
};

/** "included from pipelines/inat.yaml:9:5", once for each file on the way; empty for the pipeline itself. */
export const inclusions = ({ includedFrom }: Place): string[] =>
  includedFrom ? [`included from ${formatPlace(includedFrom)}`, ...inclusions(includedFrom)] : [];

/**
 * The line of a place with the one above it and a caret below; empty when the file cannot be read.
 *
 *     13 |     - project: { columns: { id: occurrenceID } }
 *     14 |     - extract_id: { form: id, to: id_inaturalist }
 *        |                     ^
 */
export const codeFrame = ({ file, line, column }: Place): string => {
  const lines = linesOf(file);
  const at = lines[line - 1];
  if (at === undefined) return "";
  const width = String(line).length;
  const above = lines[line - 2];
  // A long line is cut on the left only as far as the caret stays in sight.
  const from = Math.max(0, column - 1 - CARET_SIGHT);
  const gutter = (text: string) => `  ${text.padStart(width)} | `;
  return [
    ...(above === undefined || above.trim() === ""
      ? []
      : [gutter(String(line - 1)) + cut(above, from)]),
    gutter(String(line)) + cut(at, from),
    `${gutter("")}${" ".repeat(shown(at.slice(0, column - 1), from).length)}^`,
  ]
    .map((text) => text.trimEnd())
    .join("\n");
};

const FRAME_WIDTH = 120;
const CARET_SIGHT = 90;

const cut = (line: string, from: number): string => {
  const text = shown(line, from);
  return text.length > FRAME_WIDTH ? `${text.slice(0, FRAME_WIDTH)}…` : text;
};

/** A tab takes one column here, so that the caret stands right; a password is not shown. */
const shown = (line: string, from: number): string =>
  (from === 0 ? "" : "…") + withoutPasswords(line.slice(from)).replaceAll("\t", " ");

/** A text with the passwords inside its URLs replaced by `***`. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(\w+:\/\/[^\s:/?#]*:)(?!\*\*\*@)[^\s/]+@/g, (whole, start: string) =>
    whole.includes("${") ? whole : `${start}***@`,
  );

const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/);
  } catch {
    return [];
  }
};
