/** What is wrong with text that is no YAML, in the words of someone who writes pipelines. */

import { type Document, isScalar, type Scalar, visit, type YAMLParseError } from "yaml";
import { lookalike } from "./odd-characters.ts";
import { depthMeant } from "./yaml-depths.ts";

export interface Problem {
  readonly code: "unquoted_variable" | "yaml_syntax" | "odd_character";
  /** Where to look: not always where the parser gave up. */
  readonly offset: number;
  readonly message: string;
  /** A change at an offset that mends it. */
  readonly fix?: { readonly offset: number; readonly was: string; readonly becomes: string };
  /** Whether a line is not indented as it should be. */
  readonly isCrooked?: boolean;
  /** Whether a comma is missing at its place. */
  readonly lacksComma?: boolean;
}

/** The sentence for a parser's error. */
export const syntaxProblem = (error: YAMLParseError, text: string, document: Document): Problem => {
  const [at] = error.pos;
  const variable = unquotedVariable(text, at);
  if (variable) return variable;
  const other =
    dashWithoutSpace(text, at) ??
    keyWithoutColon(text, at) ??
    lookalike(text, at) ??
    tabbed(error, text);
  if (other) return other;
  const offset = openQuote(error, document) ?? at;
  const message = (SENTENCES[error.code] ?? otherSentence)(error, text);
  const fix = syntaxFix(error, text);
  const said = `${error.code} ${error.message}`;
  const isCrooked = CROOKED.test(said);
  const lacksComma = /^MISSING_CHAR .*,/.test(said);
  return { code: "yaml_syntax", offset, message, isCrooked, lacksComma, ...(fix ? { fix } : {}) };
};

/** A line that begins with a tab besides spaces, which the parser does not always call by its name. */
const tabbed = (
  { code, message, pos: [at] }: YAMLParseError,
  text: string,
): Problem | undefined => {
  const offset = text.lastIndexOf("\n", at - 1) + 1;
  const was = /^[ \t]*/.exec(text.slice(offset))?.[0] ?? "";
  if (!was.includes("\t") || !CROOKED.test(`${code} ${message}`)) return undefined;
  const depth = depthMeant(text, { offset, end: offset + was.length });
  return {
    code: "yaml_syntax",
    offset: offset + was.indexOf("\t"),
    message: TABS,
    isCrooked: true,
    ...(depth === undefined ? {} : { fix: { offset, was, becomes: " ".repeat(depth) } }),
  };
};

const TABS = "YAML is indented with spaces, not with tabs.";

const CROOKED =
  /^TAB_AS_INDENT|^BAD_INDENT (?!Flow)|^MISSING_CHAR .* - indicator|^BLOCK_AS_IMPLICIT_KEY .*sequence/;

/** Inside `{ }` and `[ ]`, YAML reads the brace of `${NAME}` as the start of a map, and stops there. */
const unquotedVariable = (text: string, at: number): Problem | undefined => {
  const dollar = at - 1;
  if (!text.startsWith("${", dollar)) return undefined;
  const variable = /^\$\{[^}\n]*\}?/.exec(text.slice(dollar))?.[0] ?? "";
  // The quotes belong around the whole value: `"data/${NAME}.zip"`.
  const before = /[^\s,[{"']*$/.exec(text.slice(0, dollar))?.[0] ?? "";
  const behind = /^[^\s,\]}]*/.exec(text.slice(dollar + variable.length))?.[0] ?? "";
  const whole = before + variable + behind;
  return {
    code: "unquoted_variable",
    offset: dollar,
    message: `Inside \`{ }\` and \`[ ]\` a variable needs quotes: "${before}${variable}${behind}".`,
    ...(variable.endsWith("}") && !/["'\\]/.test(whole)
      ? { fix: { offset: dollar - before.length, was: whole, becomes: `"${whole}"` } }
      : {}),
  };
};

/** `-filter:` is a key to YAML; what stands behind it makes no sense then. */
const dashWithoutSpace = (text: string, at: number): Problem | undefined => {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  const start = text.slice(0, line).trimEnd().lastIndexOf("\n") + 1;
  const found = /^[ \t]*(-\w+:)/m.exec(
    `${text.slice(start, line)}${text.slice(line).split("\n", 1)}`,
  );
  if (found === null) return undefined;
  const [whole, was = ""] = found;
  const offset = start + found.index + whole.length - was.length;
  return {
    code: "yaml_syntax",
    offset,
    message: "A space is missing after this dash.",
    fix: { offset, was, becomes: `- ${was.slice(1)}` },
  };
};

/** `source { … }`: a text to YAML, up to a bracket or a colon that makes no sense then. */
const keyWithoutColon = (text: string, at: number): Problem | undefined => {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  const found = /^([ \t]*(?:- )*)([A-Za-z_]\w*)[ \t]+[{[]/.exec(text.slice(line));
  if (found === null) return undefined;
  const [, before = "", was = ""] = found;
  const offset = line + before.length;
  return {
    code: "yaml_syntax",
    offset: offset + was.length,
    message: `A colon is missing behind \`${was}\`.`,
    fix: { offset, was, becomes: `${was}:` },
  };
};

/** Backslashes of a pattern in double quotes; quotes around a value that YAML ends too early. */
const syntaxFix = ({ code, pos: [at] }: YAMLParseError, text: string): Problem["fix"] => {
  const whole = code === "UNEXPECTED_TOKEN" ? closedEarly(text, at) : undefined;
  if (whole) return { offset: whole.offset, was: whole.value, becomes: `'${whole.value}'` };
  const offset = text.lastIndexOf("\n", at - 1) + 1;
  if (code !== "BAD_DQ_ESCAPE") return undefined;
  const line = text.slice(offset).split("\n")[0] ?? "";
  const quoted = [...line.matchAll(/"[^"']*"/g)].find(
    (match) => offset + match.index < at && at < offset + match.index + match[0].length,
  );
  // Two backslashes, or one before n or t, are meant as they are read.
  if (quoted === undefined || /\\[\\nrt"]/.test(quoted[0])) return undefined;
  const becomes = `'${quoted[0].slice(1, -1)}'`;
  return { offset: offset + quoted.index, was: quoted[0], becomes };
};

/** An open quote is noticed where the lines are less indented, or at the end; its place is where it opens. */
const openQuote = (
  { code, message, pos: [at] }: YAMLParseError,
  document: Document,
): number | undefined => {
  if (code !== "MISSING_CHAR" || !message.includes("quote")) return undefined;
  let opening: number | undefined;
  const note = ({ type, range }: Scalar) => {
    if (type?.startsWith("QUOTE") && range && range[0] < at) opening = range[0];
  };
  visit(document, {
    Scalar: (_key, scalar) => note(scalar),
    Pair: (_key, { key }) => {
      if (isScalar(key)) note(key);
    },
  });
  return opening;
};

/** A bracket that a comment has swallowed. */
const commentAdvice = (text: string, at: number): string => {
  const line = text.slice(0, at).trimEnd().split("\n").at(-1) ?? "";
  return /[[{,:]\s+(?:\S+\s+)?#.*[}\]]\s*$/.test(line)
    ? " Behind ` #` all is a comment: put quotes around a value that begins so."
    : "";
};

/** `[0-9]+` and `"schema"."table"`: one value to who writes it, a list or a quoted text and something behind it to YAML. */
const closedEarly = (text: string, at: number): { offset: number; value: string } | undefined => {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  const before = /(?<=[:,{[-]\s+)(\[[^\][\n']*\]|"[^"\n']*")$/.exec(text.slice(line, at))?.[0];
  // Up to where the value may end; what has brackets of its own is not cut.
  const behind = /^(?:[+*?|.\\(^$][^\s,[\]{}'#]*|\."[^"\n']*")(?=\s*(?:[,}\]]|$))/m.exec(
    text.slice(at),
  )?.[0];
  if (before === undefined || behind === undefined) return undefined;
  // A quote too many is not to be told from one too few.
  if (before.startsWith('"') && !behind.startsWith('."')) return undefined;
  return { offset: at - before.length, value: before + behind };
};

type Sentence = (error: YAMLParseError, text: string) => string;

const otherSentence: Sentence = ({ message }) =>
  `This is not YAML: ${message.replace(/\.$/, "").split("\n")[0]}.`;

const SENTENCES: Readonly<Record<string, Sentence>> = {
  TAB_AS_INDENT: () => TABS,
  MULTIPLE_DOCS: () => "A second document begins here (`---`); a file holds one.",
  BLOCK_AS_IMPLICIT_KEY: ({ message }) =>
    message.includes("sequence")
      ? "This list belongs to no key: the line above it has a value already."
      : "A value with `: ` in it needs quotes; or a line break is missing before the key.",
  MULTILINE_IMPLICIT_KEY: () =>
    "This line is no `key: value`: a key is followed by a colon and a space.",
  BLOCK_IN_FLOW: () =>
    "Inside `[ ]` and `{ }` a comma is missing here; or, before a list or map of several lines, the bracket is too much.",
  RESOURCE_EXHAUSTION: () => "This is nested too deeply.",
  BAD_INDENT: ({ message, pos }, text) =>
    message.startsWith("Flow")
      ? `A bracket is not closed: \`${message.at(-1)}\` is missing before this.${commentAdvice(text, pos[0])}`
      : "This line is indented neither as the lines above it nor as their content.",
  BAD_SCALAR_START: ({ pos }, text) =>
    `A value that begins with ${JSON.stringify(text[pos[0]])} needs quotes.`,
  BAD_DQ_ESCAPE: ({ pos }, text) =>
    `\`${text.slice(pos[0], pos[0] + 2)}\` means nothing inside double quotes. Use single quotes: in them a backslash is itself.`,
  MISSING_CHAR: ({ message, pos }, text) => {
    if (message.includes("quote")) return "The quote that opens here is never closed.";
    if (/must end with/.test(message))
      return `A bracket is not closed: \`${message.at(-1)}\` is missing at the end.${commentAdvice(text, pos[0])}`;
    if (/ - indicator/.test(message))
      return "This line is indented neither as the lines above it nor as their content.";
    return /,/.test(message) ? "A comma is missing before this." : "A `: ` is missing here.";
  },
  UNEXPECTED_TOKEN: ({ pos }, text) => {
    const whole = closedEarly(text, pos[0]);
    if (whole !== undefined)
      return `YAML takes the value to end before \`${text[pos[0]]}\`. Put single quotes around the whole: '${whole.value}'.`;
    const token = /^\S*/.exec(text.slice(pos[0]))?.[0] ?? "";
    return `\`${token.slice(0, 20)}\` has no place here. Is a quote or a bracket before it closed too early, or not opened?`;
  },
};
