import type { Text } from "./rules.ts";
import { LEFT, type VocabularyRule } from "./vocabularies.ts";

/** The values of one name, by row number. */
export type Values = readonly Text[];

/** A column of codes, as the fields have it. */
interface Column {
  readonly type: string;
  readonly terms: readonly string[];
  /** Those of the terms that no column before this one reads. */
  readonly own: readonly string[];
  readonly defaultCode: string;
}

/** What becomes of one value, as far as the value alone tells. */
type Choice =
  /** Always this code. */
  | { readonly kind: "code"; readonly code: string }
  /** The first of these whose conditions hold. */
  | { readonly kind: "conditional"; readonly rules: readonly VocabularyRule[] }
  /** Nothing for this list, but for another, or with a reason. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "unknown" };

interface Term {
  readonly name: string;
  /** Lines of this term and list for values that are not empty, in the order of the file. */
  readonly rules: readonly VocabularyRule[];
  /** Lines of this term for other lists, or that leave it. */
  readonly others: readonly VocabularyRule[];
  /** Lines for the empty value. */
  readonly whenEmpty: readonly VocabularyRule[];
  /** Whether this is the column that tells of values that no line has, if several read the term. */
  readonly isOwn: boolean;
  /** Values seen: a vocabulary has few. */
  readonly seen: Map<string, Choice>;
}

/** Distinct values kept per term; free text has many, and is looked up again. */
const KEPT = 10_000;

/**
 * Makes the codes of a column: of the first term whose value has a line that fits; else, if all terms are
 * empty, of a line for the empty value; else the default. A value that led to the default although
 * it was there is reported.
 */
export const translator = (
  column: Column,
  vocabularies: readonly VocabularyRule[],
  report: (name: string, value: string) => void,
): ((valuesOf: (name: string) => Values) => (row: number) => string) => {
  const { defaultCode } = column;
  const terms = column.terms.map((name) => termOf(name, column, vocabularies));
  return (valuesOf) => {
    const sources = terms.map((term) => ({ term, values: valuesOf(term.name) }));
    const holds = (rule: VocabularyRule, row: number) =>
      rule.conditions.every(({ name, holds: isMet }) => isMet(valuesOf(name)[row] ?? null));
    const conditional = (rules: readonly VocabularyRule[], row: number) =>
      rules.find((rule) => holds(rule, row))?.code;
    return (row) => {
      let unknown: [string, string] | undefined;
      for (const { term, values } of sources) {
        const text = values[row] ?? null;
        if (text === null) continue;
        const choice = choose(term, text);
        if (choice.kind === "code") return choice.code;
        if (choice.kind === "elsewhere") continue;
        const code = choice.kind === "conditional" ? conditional(choice.rules, row) : undefined;
        if (code !== undefined) return code;
        unknown ??= [term.name, text];
      }
      if (unknown !== undefined) {
        report(...unknown);
        return defaultCode;
      }
      for (const { term, values } of sources) {
        if ((values[row] ?? null) !== null || term.whenEmpty.length === 0) continue;
        const code = conditional(term.whenEmpty, row);
        if (code !== undefined) return code;
      }
      return defaultCode;
    };
  };
};

const termOf = (
  name: string,
  { type, own: ownTerms }: Column,
  vocabularies: readonly VocabularyRule[],
): Term => {
  const own = vocabularies.filter(({ term }) => term === name);
  return {
    name,
    rules: own.filter((rule) => rule.type === type && rule.code !== LEFT && rule.value !== ""),
    others: own.filter((rule) => rule.type !== type || rule.code === LEFT),
    whenEmpty: own.filter((rule) => rule.type === type && rule.value === ""),
    isOwn: ownTerms.includes(name),
    seen: new Map(),
  };
};

const choose = (term: Term, text: string): Choice => {
  const known = term.seen.get(text);
  if (known !== undefined) return known;
  const choice = choiceOf(term, text);
  if (term.seen.size >= KEPT) term.seen.clear();
  term.seen.set(text, choice);
  return choice;
};

const choiceOf = ({ rules, others, isOwn }: Term, text: string): Choice => {
  const fitting = rules.filter((rule) => rule.matches(text));
  const [first] = fitting;
  if (first === undefined) {
    const isElsewhere = !isOwn || others.some((rule) => rule.matches(text));
    return { kind: isElsewhere ? "elsewhere" : "unknown" };
  }
  return first.conditions.length === 0
    ? { kind: "code", code: first.code }
    : { kind: "conditional", rules: fitting };
};
