import type { Text } from "./rules.ts";
import { LEFT, type VocabularyRule } from "./vocabularies.ts";

/** The values of one name, by row number. */
export type Values = readonly Text[];

/** What becomes of one value, as far as the value alone tells. */
type Choice =
  /** Always this code. */
  | { readonly kind: "code"; readonly code: string }
  /** The first of these whose conditions hold. */
  | { readonly kind: "conditional"; readonly rules: readonly VocabularyRule[] }
  /** Not for this list, but another list or a reason has it. */
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
  {
    type,
    terms: names,
    defaultCode,
  }: { type: string; terms: readonly string[]; defaultCode: string },
  vocabularies: readonly VocabularyRule[],
  report: (name: string, value: string) => void,
): ((valuesOf: (name: string) => Values) => (row: number) => string) => {
  const terms = names.map((name) => termOf(name, type, vocabularies));
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

const termOf = (name: string, type: string, vocabularies: readonly VocabularyRule[]): Term => {
  const own = vocabularies.filter(({ term }) => term === name);
  return {
    name,
    rules: own.filter((rule) => rule.type === type && rule.code !== LEFT && rule.value !== ""),
    others: own.filter((rule) => rule.type !== type || rule.code === LEFT),
    whenEmpty: own.filter((rule) => rule.type === type && rule.value === ""),
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

const choiceOf = ({ rules, others }: Term, text: string): Choice => {
  const fitting = rules.filter((rule) => rule.matches(text));
  const [first] = fitting;
  if (first === undefined) {
    return { kind: others.some((rule) => rule.matches(text)) ? "elsewhere" : "unknown" };
  }
  return first.conditions.length === 0
    ? { kind: "code", code: first.code }
    : { kind: "conditional", rules: fitting };
};
