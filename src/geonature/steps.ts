import { Reject } from "../core/batch.ts";
import type { Field } from "./fields.ts";
import type { Mapping } from "./mapping.ts";
import { RULES, type RuleSettings, type Text, type Value } from "./rules.ts";
import { SYNTHESE_COLUMNS } from "./synthese-columns.ts";
import { translator, type Values } from "./translate.ts";

/** A batch as a line of the mapping sees it. */
export interface Work {
  /** Rows that are not rejected so far. */
  readonly rows: Uint32Array;
  /** Reasons by row; a step adds its own. */
  readonly rejects: Map<number, Reject>;
  /** The values of an input, or of a line that is done. */
  readonly values: (name: string) => Values;
}

/** Makes the values of one line for all rows. */
export type Step = (work: Work, out: Text[]) => void;

/** What a line of the mapping does. */
export const stepOf = (field: Field, mapping: Mapping, settings: RuleSettings): Step => {
  const { rule, from, defaultCode } = field;
  if (rule === "constant") return filled(defaultCode);
  if (rule === "vocabulary") return translated(field, mapping, settings);
  const value = RULES[rule]?.make(settings, from);
  // It was complained of: only a run without records gets here.
  if (value === undefined) return () => undefined;
  return computed(value, from, limited(field, settings));
};

const filled =
  (code: string): Step =>
  (_, out) =>
    void out.fill(code);

const translated = (
  field: Field,
  { fields, vocabularies, lists }: Mapping,
  { report }: RuleSettings,
): Step => {
  const { column, from, nomenclature, defaultCode } = field;
  const label = lists.get(nomenclature)?.get(defaultCode) ?? "";
  const told = (name: string, value: string) =>
    report(`\`${name}\` has no ${nomenclature} (${column} is ${defaultCode}, ${label})`, value);
  const own = from.filter(
    (term) => field === fields.find((one) => one.rule === "vocabulary" && one.from.includes(term)),
  );
  const translate = translator(
    { type: nomenclature, terms: from, own, defaultCode },
    vocabularies,
    told,
  );
  return (work, out) => {
    const codeOf = translate(work.values);
    for (const row of work.rows) out[row] = codeOf(row);
  };
};

type Limit = (text: Text) => Text;

/** A text that is longer than its column is cut there, and counted. */
const limited = ({ part, column }: Field, { report }: RuleSettings): Limit | undefined => {
  const longest = part === "synthese" ? SYNTHESE_COLUMNS.get(column) : undefined;
  if (longest === undefined) return undefined;
  return (text) => {
    // PostgreSQL counts characters; JavaScript's own length is never less.
    if (text === null || text.length <= longest) return text;
    const characters = [...text];
    if (characters.length <= longest) return text;
    report(`\`${column}\` takes ${longest} characters, so these were cut`, text);
    return `${characters.slice(0, longest - 1).join("")}…`;
  };
};

/** The loops differ only in how many values the rule reads: spreading them costs more than most rules do. */
const computed = (value: Value, from: readonly string[], limit: Limit | undefined): Step => {
  const caller = CALLERS[from.length] ?? callAny;
  return (work, out) => {
    const call = caller(
      value,
      from.map((name) => work.values(name)),
    );
    for (const row of work.rows) {
      const made = call(row);
      if (made instanceof Reject) work.rejects.set(row, made);
      else out[row] = limit ? limit(made) : made;
    }
  };
};

type Caller = (value: Value, inputs: readonly Values[]) => (row: number) => Text | Reject;

const NONE: Values = [];

const CALLERS: readonly Caller[] = [
  (value) => () => value(),
  (value, [a = NONE]) =>
    (row) =>
      value(a[row] ?? null),
  (value, [a = NONE, b = NONE]) =>
    (row) =>
      value(a[row] ?? null, b[row] ?? null),
  (value, [a = NONE, b = NONE, c = NONE]) =>
    (row) =>
      value(a[row] ?? null, b[row] ?? null, c[row] ?? null),
  (value, [a = NONE, b = NONE, c = NONE, d = NONE]) =>
    (row) =>
      value(a[row] ?? null, b[row] ?? null, c[row] ?? null, d[row] ?? null),
];

const callAny: Caller = (value, inputs) => {
  const texts: Text[] = inputs.map(() => null);
  return (row) => {
    for (let index = 0; index < inputs.length; index++) texts[index] = inputs[index]?.[row] ?? null;
    return value(...texts);
  };
};
