import { matcherOf } from "./patterns.ts";

/** `order=Lepidoptera`, `kingdom<>Plantae`, `platform=`: what else must hold for a rule of the vocabularies. */
export interface Condition {
  readonly name: string;
  holds(text: string | null): boolean;
}

/**
 * The conditions in a cell, joined by `and`; undefined when it is written otherwise. Nothing after `=`
 * stands for an empty value.
 */
export const parseConditions = (cell: string): readonly Condition[] | undefined => {
  if (cell === "") return [];
  const conditions = cell.split(/\s+and(?:\s+|$)/i).map(parseCondition);
  return conditions.every((one) => one !== undefined) ? conditions : undefined;
};

const parseCondition = (text: string): Condition | undefined => {
  const [, name, sign, wanted = ""] = /^(\w+)\s*(=|<>)\s*([^=<>]*)$/.exec(text.trim()) ?? [];
  if (name === undefined) return undefined;
  const matches = wanted === "" ? () => false : remembered(matcherOf(wanted));
  const isWanted = (value: string | null) => (value === null ? wanted === "" : matches(value));
  return { name, holds: sign === "=" ? isWanted : (value) => !isWanted(value) };
};

/** Conditions ask about few different values, over and over. */
const remembered = (matches: (text: string) => boolean): ((text: string) => boolean) => {
  const seen = new Map<string, boolean>();
  return (text) => {
    const known = seen.get(text);
    if (known !== undefined) return known;
    if (seen.size >= KEPT) seen.clear();
    const isMatch = matches(text);
    seen.set(text, isMatch);
    return isMatch;
  };
};

const KEPT = 1000;
