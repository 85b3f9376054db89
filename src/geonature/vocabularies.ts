import type { Complain } from "../core/complaint.ts";
import { suggestion } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { type Condition, parseConditions } from "./conditions.ts";
import { matcherOf } from "./patterns.ts";
import { readTable, type TableFile, type TableRow } from "./table.ts";

/** A line of `vocabularies.csv`: what a value of a term means in one of the SINP's lists. */
export interface VocabularyRule {
  readonly term: string;
  /** As it is written: `Adult|Imago`, `*obscured*`; empty for the empty value. */
  readonly value: string;
  readonly condition: string;
  readonly conditions: readonly Condition[];
  /** The SINP's list; empty when the value is left. */
  readonly type: string;
  /** A code of the list, or `left`: the value means nothing to the SINP. */
  readonly code: string;
  readonly confidence: string;
  readonly reason: string;
  readonly row: TableRow;
  /** Whether a value that is not empty is meant. */
  matches(text: string): boolean;
}

const COLUMNS = ["term", "value", "condition", "type", "code", "confidence", "reason"];
const CONFIDENCES = ["high", "medium", "low"];

/** The lines of `vocabularies.csv`, complained of where they are wrong; undefined when it is no table. */
export const readVocabularies = async (
  file: TableFile,
  complain: Complain,
): Promise<readonly VocabularyRule[] | undefined> => {
  const rows = await readTable(file, COLUMNS, complain);
  return rows?.map((row) => ruleOf(row, complain));
};

const ruleOf = (row: TableRow, complain: Complain): VocabularyRule => {
  const condition = row.text("condition");
  const conditions = parseConditions(condition);
  if (conditions === undefined) {
    const message = `A condition is \`name=value\` or \`name<>value\`, several joined by \`and\`; this is none: ${JSON.stringify(condition)}.`;
    complain("bad_condition", row.at("condition"), message);
  }
  const confidence = row.text("confidence");
  if (!CONFIDENCES.includes(confidence)) {
    const message = `A confidence is \`high\`, \`medium\` or \`low\`, not ${JSON.stringify(confidence)}.${nearest(confidence, CONFIDENCES).length > 0 ? suggestion(confidence, CONFIDENCES) : ""}`;
    complain("unknown_confidence", row.at("confidence"), message);
  }
  const value = row.text("value");
  const isMeant = matcherOf(value);
  return {
    term: row.text("term"),
    value,
    condition,
    conditions: conditions ?? [],
    type: row.text("type"),
    code: row.text("code"),
    confidence,
    reason: row.text("reason"),
    row,
    matches: (text) => value !== "" && isMeant(text),
  };
};

/** The code of a value that means nothing to the SINP, on purpose. */
export const LEFT = "left";
