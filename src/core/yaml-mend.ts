/** Makes YAML of a text that is almost YAML, so that the rest of it can be looked at; nothing is written. */

import { type Document, type ParsedNode, parseDocument, visit } from "yaml";
import { oddCharacters } from "./odd-characters.ts";
import { openDepths } from "./yaml-depths.ts";
import { type Problem, syntaxProblem } from "./yaml-syntax.ts";

/** Stands for what could not be read: as a value, as an item of a list, or as a key with all that belongs to it. */
export const LOST = "\uE000";

/** A text that was taken apart as far as possible. */
export interface Mended {
  /** Undefined when it cannot be understood. */
  readonly document: Document.Parsed | undefined;
  /** What is wrong with the text, by its own offsets. */
  readonly problems: readonly Problem[];
  /** The offset in the text of one in the document. */
  readonly offsetIn: (offset: number) => number;
  /** The offsets in the document of what was left out. */
  readonly lost: readonly number[];
}

interface Edit {
  readonly offset: number;
  readonly was: string;
  readonly becomes: string;
}

/** A text on the way: each of the edits by the offsets that it found. */
interface Attempt {
  readonly text: string;
  readonly edits: readonly Edit[];
  readonly document: Document.Parsed;
  /** The first one, by the offsets of this text. */
  readonly problem: Problem | undefined;
}

/** More mistakes than anyone wants to read of one file. */
const MOST_MENDED = 200;

/**
 * Mends one mistake after the other: as its fix says, else by putting a crooked line straight, else by
 * leaving out the smallest part around it. When that does not lead to YAML, what the parser said after the
 * first guess is not told: it may follow from it.
 */
export const mended = (text: string): Mended => {
  const problems: Problem[] = oddCharacters(text);
  // From the last to the first, so that each finds its place as it was.
  const odd = problems.flatMap(({ fix }) => fix ?? []).toReversed();
  let attempt = attemptOf(odd.reduce(edited, text), odd);
  while (attempt.problem !== undefined) {
    problems.push(inOriginal(attempt.problem, attempt.edits));
    const next = problems.length < MOST_MENDED ? furtherThan(attempt) : undefined;
    if (next === undefined) {
      const guessed = problems.findIndex(({ fix }) => fix === undefined);
      const told = guessed < 0 ? problems : problems.slice(0, guessed + 1);
      return { document: undefined, problems: told, offsetIn: (offset) => offset, lost: [] };
    }
    attempt = next;
  }
  const { document, edits } = attempt;
  const lost = [...attempt.text.matchAll(new RegExp(LOST, "g"))].map(({ index }) => index);
  const told = problems.filter((one, index) => !isEcho(one, problems[index - 1], text));
  return { document, problems: told, lost, offsetIn: (offset) => originalOffset(edits, offset) };
};

const edited = (text: string, { offset, was, becomes }: Edit): string =>
  text.slice(0, offset) + becomes + text.slice(offset + was.length);

/** What is said of a line of which a part is a guess may follow from that. */
const isEcho = (problem: Problem, before: Problem | undefined, text: string): boolean =>
  before !== undefined &&
  before.fix === undefined &&
  !text.slice(before.offset, problem.offset).includes("\n");

const attemptOf = (text: string, edits: readonly Edit[]): Attempt => {
  const document = parseDocument(text, { prettyErrors: false });
  // One mistake makes many errors behind it: only the first says something.
  const first = document.errors.find(({ code }) => !HARMLESS.has(code));
  return { text, edits, document, problem: first && syntaxProblem(first, text, document) };
};

/** The document is understood all the same. */
export const HARMLESS: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "MULTIPLE_DOCS"]);

/** The text with its first mistake mended, by the first way that leads past it. */
const furtherThan = ({ text, edits, document, problem }: Attempt): Attempt | undefined => {
  if (problem === undefined) return undefined;
  const place = originalOffset(edits, problem.offset);
  for (const edit of editsFor(problem, text, document)) {
    const next = attemptOf(edited(text, edit), [...edits, edit]);
    if (next.problem === undefined) return next;
    if (originalOffset(next.edits, next.problem.offset) > place) return next;
  }
  return undefined;
};

function* editsFor(problem: Problem, text: string, document: Document): Generator<Edit> {
  const { offset, fix, isCrooked = false, lacksComma = false } = problem;
  if (fix) yield fix;
  if (lacksComma) yield { offset, was: "", becomes: "," };
  if (isCrooked) yield* straightened(text, offset);
  for (const part of partsAround(document, offset)) yield withoutPart(text, part);
}

/** The line indented as others of its kind, keys or items, when it is one space off. */
function* straightened(text: string, at: number): Generator<Edit> {
  const offset = text.lastIndexOf("\n", at - 1) + 1;
  const was = /^[ \t]*/.exec(text.slice(offset))?.[0] ?? "";
  const isItem = text.startsWith("- ", offset + was.length);
  const now = was.replaceAll("\t", "  ").length;
  const depths = openDepths(text.slice(0, offset).split("\n"))
    .filter((open) => open.isItem === isItem)
    .map(({ depth }) => depth);
  // One that stands well is wrong otherwise, and one that is far from all may belong to any.
  if (depths.includes(was.length) && !was.includes("\t")) return;
  for (const depth of new Set([now, now + 1, now - 1])) {
    if (depths.includes(depth)) yield { offset, was, becomes: " ".repeat(depth) };
  }
}

/** A `key: value` or an item of a list, outside of brackets. */
interface Part {
  readonly offset: number;
  readonly isItem: boolean;
}

/** The parts that have an offset in them, or end before it, smallest first. */
const partsAround = (document: Document, at: number): Part[] => {
  const parts: Part[] = [];
  const add = (first: unknown, last: unknown, isItem: boolean) => {
    const start = (first as ParsedNode)?.range?.[0];
    const end = (last as ParsedNode)?.range?.[2];
    if (start === undefined || end === undefined || start > at || at > end) return;
    parts.push({ offset: start, isItem });
  };
  visit(document, {
    Map: (_key, { flow, items }) => {
      for (const { key, value } of flow ? [] : items) add(key, value ?? key, false);
    },
    Seq: (_key, { flow, items }) => {
      for (const item of flow ? [] : items) add(item, item, true);
    },
  });
  return parts.sort((a, b) => b.offset - a.offset || Number(a.isItem) - Number(b.isItem));
};

const KEY = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s"'{}[\],#&*!|>%@`][^:\n]*?)\s*:(?=\s|$)/;

/** The key or the dash stays; what belongs to it, by its indentation, is lost. */
const withoutPart = (text: string, { offset, isItem }: Part): Edit => {
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  const dash = isItem ? text.slice(line, offset).lastIndexOf("-") : -1;
  const depth = dash < 0 ? offset - line : dash;
  const key = isItem ? undefined : KEY.exec(text.slice(offset, endOfLine(text, offset)))?.[0];
  const from = offset + (key?.length ?? 0);
  let to = endOfLine(text, offset);
  while (to < text.length) {
    const next = text.slice(to + 1, endOfLine(text, to + 1));
    const indent = /^[ \t]*/.exec(next)?.[0].length ?? 0;
    if (indent <= depth && !/^[\s\]},]*$/.test(next)) break;
    to += 1 + next.length;
  }
  const becomes = isItem ? LOST : key === undefined ? `${LOST}: ${LOST}` : ` ${LOST}`;
  return { offset: from, was: text.slice(from, to), becomes };
};

const endOfLine = (text: string, offset: number): number => {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
};

const inOriginal = (problem: Problem, edits: readonly Edit[]): Problem => ({
  ...problem,
  offset: originalOffset(edits, problem.offset),
  ...(problem.fix
    ? { fix: { ...problem.fix, offset: originalOffset(edits, problem.fix.offset) } }
    : {}),
});

/** Where in the text as it was first something stands that is at an offset after these edits. */
const originalOffset = (edits: readonly Edit[], after: number): number =>
  edits.toReversed().reduce((at, { offset, was, becomes }) => {
    if (at >= offset + becomes.length) return at - becomes.length + was.length;
    return Math.min(at, offset + was.length);
  }, after);
