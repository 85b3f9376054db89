import type { Complain } from "../core/complaint.ts";
import { suggestion } from "../core/errors.ts";
import { OTHER_RULES, RULES } from "./rules.ts";
import { PROCEDURE_COLUMNS, SYNTHESE_COLUMNS } from "./synthese-columns.ts";
import { readTable, type TableFile, type TableRow } from "./table.ts";

/** A line of `fields.csv`: a value that is read, made on the way, or written. */
export interface Field {
  /** `input`: a column that is read; `between`: made on the way; `output`: for the sink; `synthese`. */
  readonly part: string;
  readonly column: string;
  /** The names of what it is made of; of an input, its own name in the mapping. */
  readonly from: readonly string[];
  readonly rule: string;
  /** The SINP's list of codes, of a column that has one; else empty. */
  readonly nomenclature: string;
  /** The code when nothing else gives one; else empty. */
  readonly defaultCode: string;
  readonly note: string;
  readonly row: TableRow;
}

/** The name by which other lines read it. */
export const nameOf = ({ part, column, from }: Field): string =>
  part === "input" ? (from[0] ?? column) : column;

/** Whether the mapping makes a value for it, of a code or a text. */
export const isMade = ({ part, rule }: Field): boolean =>
  part !== "input" && rule !== "left" && rule !== "sink";

const COLUMNS = ["part", "column", "from", "rule", "nomenclature", "default", "note"];
const PARTS = ["input", "between", "output", "synthese"];

/** The lines of `fields.csv`, complained of where they are wrong; undefined when it is no table. */
export const readFields = async (
  file: TableFile,
  complain: Complain,
): Promise<readonly Field[] | undefined> => {
  const rows = await readTable(file, COLUMNS, complain);
  if (rows === undefined) return undefined;
  const fields = rows.map(fieldOf);
  const known = new Set<string>();
  for (const field of fields) {
    checkField(field, known, complain);
    known.add(nameOf(field));
  }
  checkCompleteness(fields, file.path, complain);
  return fields;
};

const fieldOf = (row: TableRow): Field => ({
  part: row.text("part"),
  column: row.text("column"),
  from: row
    .text("from")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
  rule: row.text("rule"),
  nomenclature: row.text("nomenclature"),
  defaultCode: row.text("default"),
  note: row.text("note"),
  row,
});

const checkField = (field: Field, known: ReadonlySet<string>, complain: Complain): void => {
  const { part, column, from, rule, row } = field;
  if (!PARTS.includes(part)) {
    const message = `A part is ${PARTS.map((one) => `\`${one}\``).join(", ")}, not ${JSON.stringify(part)}.`;
    complain("unknown_part", row.at("part"), message);
    return;
  }
  if (known.has(nameOf(field))) {
    complain("field_twice", row.at("column"), `\`${nameOf(field)}\` is in the table twice.`);
  }
  if (part === "synthese" && !SYNTHESE_COLUMNS.has(column)) {
    const message = `gn_synthese.synthese has no column \`${column}\`.${suggestion(column, SYNTHESE_COLUMNS.keys())}`;
    complain("no_synthese_column", row.at("column"), message);
  }
  if (rule === "left" && field.note === "") {
    const message = `\`${column}\` is left without a reason. Give one under \`note\`.`;
    complain("left_without_reason", row.at("rule"), message);
  }
  if (part === "input") checkInput(field, complain);
  else checkRule(field, complain);
  if (part !== "input" && rule !== "sink") {
    for (const name of from.filter((one) => !known.has(one))) {
      const message = `\`${column}\` reads \`${name}\`, which no line above it has.${suggestion(name, known)}`;
      complain("unknown_name", row.at("from"), message);
    }
  }
};

const checkInput = ({ column, rule, row }: Field, complain: Complain): void => {
  if (rule === "used" || rule === "left") return;
  const message = `The input \`${column}\` is \`used\` or \`left\`, not ${JSON.stringify(rule)}.`;
  complain("unknown_rule", row.at("rule"), message);
};

const checkRule = (field: Field, complain: Complain): void => {
  const { column, from, rule, nomenclature, defaultCode, row } = field;
  const own = Object.hasOwn(RULES, rule) ? RULES[rule] : undefined;
  if (own === undefined && !Object.hasOwn(OTHER_RULES, rule)) {
    const names = [...Object.keys(RULES), ...Object.keys(OTHER_RULES)];
    complain(
      "unknown_rule",
      row.at("rule"),
      `There is no rule \`${rule}\`.${suggestion(rule, names)}`,
    );
    return;
  }
  if (own && own.reads !== "any" && own.reads.length !== from.length) {
    const reads = own.reads.length === 0 ? "nothing" : own.reads.join(", ");
    const message = `The rule \`${rule}\` reads ${reads}; \`${column}\` gives it ${from.length} names.`;
    complain("rule_inputs", row.at("from"), message);
  }
  const wantsCode = rule === "vocabulary" || rule === "constant";
  if (wantsCode !== (nomenclature !== "") || wantsCode !== (defaultCode !== "")) {
    const message = wantsCode
      ? `\`${column}\` needs a nomenclature and a default code.`
      : `The rule \`${rule}\` takes no nomenclature and no default.`;
    complain("rule_nomenclature", row.at("nomenclature"), message);
  }
  if (rule === "vocabulary" && from.length === 0) {
    complain(
      "rule_inputs",
      row.at("from"),
      `\`${column}\` names no terms, so no vocabulary is read.`,
    );
  }
};

/** Every column of the synthese is mapped or left, every column of the procedure used or left. */
const checkCompleteness = (fields: readonly Field[], file: string, complain: Complain): void => {
  const place = { file, line: 1, column: 1 };
  const of = (part: string) =>
    new Set(fields.filter((field) => field.part === part).map(({ column }) => column));
  const synthese = of("synthese");
  for (const column of SYNTHESE_COLUMNS.keys()) {
    if (synthese.has(column)) continue;
    const message = `Column \`${column}\` of gn_synthese.synthese is not in the table. Map it, or leave it with a reason.`;
    complain("synthese_column_missing", place, message);
  }
  const inputs = of("input");
  for (const column of PROCEDURE_COLUMNS) {
    if (inputs.has(column)) continue;
    const message = `The staged column \`${column}\` is not in the table. Use it, or leave it with a reason.`;
    complain("staged_column_missing", place, message);
  }
};

/** What is said to be used is read by a line or by a condition, what is said to be left by none. */
export const checkUse = (
  fields: readonly Field[],
  conditions: ReadonlySet<string>,
  complain: Complain,
): void => {
  const read = new Set([...conditions, ...fields.filter(isMade).flatMap(({ from }) => from)]);
  const wrong = fields.filter(
    (field) =>
      field.part === "input" &&
      (field.rule === "used" || field.rule === "left") &&
      read.has(nameOf(field)) !== (field.rule === "used"),
  );
  for (const field of wrong) {
    const message =
      field.rule === "used"
        ? `\`${nameOf(field)}\` is said to be used, and no line reads it.`
        : `\`${nameOf(field)}\` is said to be left, and a line reads it.`;
    complain("use_of_input", field.row.at("rule"), message);
  }
};
