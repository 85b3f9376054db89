import type { Complain } from "../core/complaint.ts";
import { LEFT, type VocabularyRule } from "./vocabularies.ts";

/** Complains of lines that never decide anything, since lines above them take all of their values. */
export const checkOrder = (vocabularies: readonly VocabularyRule[], complain: Complain): void => {
  for (const [index, rule] of vocabularies.entries()) {
    if (rule.code === LEFT) continue;
    const above = vocabularies.slice(0, index).filter((earlier) => isAsked(earlier, rule));
    const takers = valuesOf(rule).map((value) => above.find((earlier) => takes(earlier, value)));
    const [first] = takers;
    if (first === undefined || takers.includes(undefined)) continue;
    const { line } = first.row.place;
    const what = rule.value === "" ? "the empty value" : "all its values";
    const message = `Line ${line} takes ${what} first, so this line has no effect. Put it above line ${line}, or remove it.`;
    complain("line_without_effect", rule.row.at("value"), message);
  }
};

/** Whether a line is asked before another whatever the record, or under the same condition. */
const isAsked = (earlier: VocabularyRule, { term, type, condition }: VocabularyRule): boolean =>
  earlier.term === term &&
  earlier.type === type &&
  earlier.code !== LEFT &&
  (earlier.condition === "" || earlier.condition === condition);

/** Each alternative of a line, as the texts by which it is told whether another line takes it. */
const valuesOf = ({ value }: VocabularyRule): readonly (readonly string[])[] =>
  value.split("|").map((one) => {
    const text = one.trim().replaceAll("?", "x");
    return [text.replaceAll("*", ""), text.replaceAll("*", " anything ")];
  });

const takes = (rule: VocabularyRule, texts: readonly string[]): boolean =>
  texts.every((text) => (text === "" ? rule.value === "" : rule.matches(text)));
