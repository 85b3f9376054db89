import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Place } from "./errors.ts";

/** `pipelines/inat.yaml:14:7`: clickable in terminals and editors. */
export const formatPlace = ({ file, line, column }: Place): string =>
  `${fileLabel(file)}:${line}:${column}`;

/** The place of a character of a text, counted from 1 as PostgreSQL does. */
export const placeInText = (file: string, text: string, position: number): Place => {
  const lines = text.slice(0, position - 1).split("\n");
  return { file, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
};

/**
 * The place of a character of a text that stands in YAML, counted from 1: in one line, folded or as a block. Where
 * the file does not have it letter for letter, as with a variable or a backslash in it, the place of its beginning.
 */
export const placeInScalar = (start: Place, text: string, position: number): Place => {
  const lines = linesOf(start.file).slice(start.line - 1);
  const written = lines.join("\n").slice(start.column - 1);
  let at = /^(?:[|>][^\n]*\n|["'])?\s*/.exec(written)?.[0].length ?? 0;
  // YAML may change any blank, and nothing else.
  const letters = text.slice(0, position).replace(/\s/g, "");
  for (const [index, letter] of [...letters].entries()) {
    while (/\s/.test(written[at] ?? "")) at++;
    if (!written.startsWith(letter, at)) return start;
    if (index < letters.length - 1 || position > text.length) at += letter.length;
  }
  const before = written.slice(0, at).split("\n");
  const column = (before.at(-1)?.length ?? 0) + (before.length === 1 ? start.column : 1);
  return { ...start, line: start.line + before.length - 1, column };
};

/** A file as people name it: relative to the working folder, absolute when it is not below it. */
export const fileLabel = (file: string): string => {
  const label = relative(process.cwd(), file);
  return label === "" || label === ".." || label.startsWith(`..${sep}`) ? file : label;
};

/** A word of a command that is suggested, with quotes where a shell would take it apart. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** "included from pipelines/inat.yaml:9:5", once for each file on the way; empty for the pipeline itself. */
export const inclusions = ({ includedFrom }: Place): string[] =>
  includedFrom ? [`included from ${formatPlace(includedFrom)}`, ...inclusions(includedFrom)] : [];

/** "default of `unknown`, pipelines/flows/check-datasets.yaml:12:7": what counts where a parameter is not given. */
export const fallbacks = ({ fallback }: Place): string[] =>
  fallback ? [`default of \`${fallback.parameter}\`, ${formatPlace(fallback.place)}`] : [];

/**
 * The line of a place with the one above it and a caret below; empty when the file cannot be read.
 *
 *     13 |     - project: { columns: { id: occurrenceID } }
 *     14 |     - extract_id: { form: id, to: id_inaturalist }
 *        |                     ^
 */
export const codeFrame = ({ file, ...at }: Place): string => frameOf(linesOf(file), at);

/** The same of a text's lines. */
export const frameOf = (
  lines: readonly string[],
  { line, column }: Pick<Place, "line" | "column">,
): string => {
  const at = lines[line - 1];
  if (at === undefined) return "";
  const above = visible(lines[line - 2] ?? "");
  const caret = visible(at.slice(0, column - 1)).length;
  // A long line is cut on the left only as far as the caret stays in sight.
  const from = Math.max(0, caret - CARET_SIGHT);
  const gutter = (text: string) => `  ${text.padStart(String(line).length)} | `;
  return [
    ...(above.trim() === "" ? [] : [gutter(String(line - 1)) + cut(above, from)]),
    gutter(String(line)) + cut(visible(at), from),
    `${gutter("")}${" ".repeat(from === 0 ? caret : CARET_SIGHT + 1)}^`,
  ]
    .map((text) => text.trimEnd())
    .join("\n");
};

const FRAME_WIDTH = 120;
const CARET_SIGHT = 90;

const cut = (line: string, from: number): string => {
  const text = from === 0 ? line : `…${line.slice(from)}`;
  return text.length > FRAME_WIDTH ? `${text.slice(0, FRAME_WIDTH)}…` : text;
};

/** Blanks that look like a space and are none: a tab, one that does not break. */
const BLANKS = /[\t\u00a0\u202f]/g;

/** A line with such blanks in sight. */
export const withBlanks = (line: string): string =>
  line.replace(BLANKS, (blank) => (blank === "\t" ? "→" : "␣"));

/** Each blank takes one column, so that the caret stands right; a password is not shown. */
const visible = (line: string): string =>
  withBlanks(
    withoutPasswords(line)
      .replace(DATABASE_KEY, (_, key: string, value: string) => key + withoutPassword(value))
      .replace(SECRET_KEY, "$1***"),
  );

/** The value of a pipeline's `database` that is no variable: by mistake it may be no URL, and still have a password. */
const DATABASE_KEY = /^(\s*["']?database["']?\s*:\s+)(?!["']?\$\{)(.+)$/;

/** The value of a key that is called a password; a variable is none. */
const SECRET_KEY =
  /(\b\w*(?:password|passwd|secret|token)["']?\s*:\s+)(?!["']?\$\{)("[^"]*"|'[^']*'|[^\s,{}[\]]+)/gi;

/**
 * A text with the passwords inside its URLs replaced by `***`. One of PostgreSQL may hold a `/` by
 * mistake: there, all up to the last `@` is taken for the password.
 */
export const withoutPasswords = (text: string): string =>
  [IN_POSTGRES_URL, IN_URL, IN_QUERY].reduce(
    (masked, pattern) =>
      masked.replace(pattern, (whole, start: string, end: string) =>
        whole.includes("${") ? whole : `${start}***${end}`,
      ),
    text,
  );

/** What names a database and may be no URL: all between the first colon behind a user and the last `@` is hidden. */
export const withoutPassword = (database: string): string =>
  withoutPasswords(
    database
      .replace(/^(\w+:\/+|postgres(?:ql)?:|(?!\w+:\/))([^:@]*:).*(@)/s, "$1$2***$3")
      .replace(/(\bpassword\s*=\s*)('[^']*'|\S+)/gi, "$1***"),
  );

const IN_POSTGRES_URL = /\b(postgres(?:ql)?:\/*[^\s:/?#"'`]*:)[^\s"'`]+(@)/g;
const IN_URL = /(\w:\/\/[^\s:/?#"'`]*:)[^\s/"'`]+(@)/g;
const IN_QUERY = /([?&](?:ssl)?password=)[^&\s"'`]+()/g;

const linesOf = (file: string): string[] => {
  try {
    const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    // What is no text would disturb a terminal.
    return /[\0\uFFFD]/.test(text) ? [] : text.split(/\r?\n/);
  } catch {
    return [];
  }
};
