/** Characters that look like others, or like nothing, and come with what is pasted from a web page or a word processor. */

import type { Problem } from "./yaml-syntax.ts";

const SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000";
const INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\ufeff";
const ODD = new RegExp(`[${SPACES}${INVISIBLE}]`);

/** Spaces where YAML wants one of its own: before what a line says, and around the colon and dash of a key. */
const MISPLACED: readonly { readonly pattern: RegExp; readonly becomes: string }[] = [
  { pattern: new RegExp(`^[ \\t${INVISIBLE}]*([${SPACES}][ ${SPACES}]*)`, "d"), becomes: " " },
  { pattern: new RegExp(`^\\s*-([${SPACES}]+)`, "d"), becomes: " " },
  { pattern: new RegExp(`^\\s*(?:-\\s+)*["']?[\\w.-]+["']?:([${SPACES}]+)`, "d"), becomes: " " },
  { pattern: new RegExp(`[{,]\\s*["']?[\\w.-]+["']?:([${SPACES}]+)`, "dg"), becomes: " " },
  { pattern: new RegExp(`^\\s*(?:-\\s+)*[\\w.-]+([${SPACES}]+):(?:\\s|$)`, "d"), becomes: "" },
];
const AT_END = new RegExp(`[ ${SPACES}]*[${SPACES}][ ${SPACES}]*\\r?$`);

/** What is odd in a text outside of quotes, comments and blocks, where nothing of it can be meant. */
export const oddCharacters = (text: string): Problem[] => {
  if (!ODD.test(text)) return [];
  const problems: Problem[] = [];
  let offset = 0;
  let block: number | undefined;
  for (const line of text.split("\n")) {
    const depth = /^ */.exec(line)?.[0].length ?? 0;
    if (block !== undefined && line.trim() !== "" && depth <= block) block = undefined;
    if (block === undefined) {
      problems.push(...inLine(line).map((one) => problemAt(offset, one)));
      if (/(?:^|[:-]\s+)[|>][+\-\d]*\s*(?:#.*)?$/.test(line)) block = depth;
    }
    offset += line.length + 1;
  }
  return problems;
};

interface Odd {
  readonly at: number;
  readonly was: string;
  readonly becomes: string;
}

const inLine = (line: string): Odd[] => {
  if (!ODD.test(line)) return [];
  const end = endOfYaml(line);
  const found = new Map<number, Odd>();
  for (const { pattern, becomes } of MISPLACED) {
    for (const match of pattern.global ? line.matchAll(pattern) : [pattern.exec(line)]) {
      const at = match?.indices?.[1]?.[0];
      const was = match?.[1] ?? "";
      if (at !== undefined) found.set(at, { at, was, becomes: becomes.repeat(was.length) });
    }
  }
  const last = AT_END.exec(line.slice(0, end));
  if (last)
    found.set(last.index, { at: last.index, was: last[0].replace(/[ \r]+$/, ""), becomes: "" });
  for (const { index, 0: was } of line.matchAll(new RegExp(`[${INVISIBLE}]+`, "g"))) {
    if (index < end && !isQuoted(line, index)) found.set(index, { at: index, was, becomes: "" });
  }
  return [...found.values()].filter(({ at }) => at < end).sort((a, b) => a.at - b.at);
};

/** Where a comment begins, or the line ends. */
const endOfYaml = (line: string): number => {
  for (const { index } of line.matchAll(/(?<=^|\s)#/g)) if (!isQuoted(line, index)) return index;
  return line.length;
};

/** Whether a character of a line stands in quotes that open in it. */
const isQuoted = (line: string, at: number): boolean => {
  const open = /(?<=^|[\s[{,:(])(?:"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)/g;
  return [...line.matchAll(open)].some(
    ({ index, 0: quoted }) => index < at && at < index + quoted.length,
  );
};

const problemAt = (line: number, { at, was, becomes }: Odd): Problem => {
  const odd = ODD.exec(was)?.[0] ?? "";
  const number = `U+${odd.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  const isSpace = new RegExp(`[${SPACES}]`).test(odd);
  const what = isSpace
    ? `This is no ordinary space (${number}), and YAML takes it for a letter: `
    : `An invisible character (${number}) stands here: `;
  const advice = becomes === "" ? "delete it." : "write an ordinary one.";
  const offset = line + at;
  return {
    code: "odd_character",
    offset,
    message: what + advice,
    fix: { offset, was, becomes },
  };
};

const QUOTES = /^([“”„‟‘’‚]\s*)(.+?)(\s*[“”‟‘’])$|^(«\s*)(\S+?)(\s*»)$/;

/** The text inside typographic quotes that are meant as quotes of YAML; undefined where there are none. */
export const inTypographicQuotes = (text: string): string | undefined => {
  const [, , inside, , , other] = QUOTES.exec(text) ?? [];
  return inside ?? other;
};

/** A dash or colon of another kind where YAML has its own, in the line of a mistake or the one above. */
export const lookalike = (text: string, at: number): Problem | undefined => {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  const start = text.slice(0, line).trimEnd().lastIndexOf("\n") + 1;
  const end = text.indexOf("\n", line);
  const near = text.slice(start, end < 0 ? text.length : end);
  const dash = /^[ \t]*([‐‑‒–—−•])(?=[ \t])/dm.exec(near);
  const colon = /^[ \t]*(?:- +)*["']?[\w.-]+["']?(：|﹕)/dm.exec(near);
  const [was, becomes, found] = dash ? [dash[1], "-", dash] : [colon?.[1], ": ", colon];
  const index = found?.indices?.[1]?.[0];
  if (was === undefined || index === undefined) return undefined;
  const offset = start + index;
  return {
    code: "odd_character",
    offset,
    message: `\`${was}\` only looks like \`${becomes.trim()}\`: YAML takes it for a letter. Write \`${becomes.trim()}\`.`,
    fix: { offset, was, becomes },
  };
};
