import { type Batch, Reject } from "../core/batch.ts";
import { type Column, ConstantColumn, TextColumn } from "../core/columns.ts";
import { emptyValues } from "../core/map-column.ts";
import { type Field, isMade, nameOf } from "./fields.ts";
import type { Instance } from "./instance.ts";
import type { Mapping } from "./mapping.ts";
import { RULES, type RuleSettings, type Text, type Value } from "./rules.ts";
import { SYNTHESE_COLUMNS } from "./synthese-columns.ts";
import { translator, type Values } from "./translate.ts";

/** The columns that a mapped batch has, in the order of the mapping. */
export const outputNames = ({ fields }: Mapping): string[] =>
  fields.filter(isOutput).map(({ column }) => column);

/** The columns that a mapping reads, by their names in it. */
export const inputColumns = ({ fields }: Mapping): Map<string, string> =>
  new Map(
    fields
      .filter(({ part, rule }) => part === "input" && rule === "used")
      .map((field) => [nameOf(field), field.column]),
  );

const isOutput = (field: Field): boolean => isMade(field) && field.part !== "between";

/** Makes the values of one line for all rows. */
type Step = (work: Workspace, out: Text[]) => void;

/**
 * Makes rows of the synthese out of records, line by line of the mapping and column by column: each line reads inputs
 * and lines above it. The first line that rejects a record decides the reason.
 */
export const recordMapper = (
  mapping: Mapping,
  settings: RuleSettings,
  ids: Instance["ids"],
): ((batch: Batch) => Batch) => {
  const inputs = inputColumns(mapping);
  const lines = mapping.fields.filter(isMade).map((field) => ({
    field,
    name: nameOf(field),
    step: stepOf(field, mapping, settings),
    codes: ids.get(field.nomenclature),
  }));
  return (batch) => {
    const work = new Workspace(batch, inputs);
    const columns = new Map<string, Column>();
    for (const { field, name, step, codes } of lines) {
      const out = emptyValues(batch);
      step(work, out);
      work.keep(name, out);
      if (isOutput(field)) columns.set(field.column, columnOf(field, out, codes));
    }
    return batch.reject(work.rejects).withOnly(columns);
  };
};

/** The values of a batch while it is mapped. */
class Workspace {
  /** Rows that are not rejected so far. */
  rows: Uint32Array;
  readonly rejects = new Map<number, Reject>();
  /** How many of the rejects `rows` lacks already. */
  #rejected = 0;
  readonly #batch: Batch;
  readonly #inputs: ReadonlyMap<string, string>;
  readonly #values = new Map<string, Values>();

  constructor(batch: Batch, inputs: ReadonlyMap<string, string>) {
    this.rows = batch.rows;
    this.#batch = batch;
    this.#inputs = inputs;
  }

  /** The values of a line that is done, or of an input: a column is read once, however many lines read it. */
  readonly values = (name: string): Values => {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const column = this.#batch.column(this.#inputs.get(name) ?? name);
    const values = emptyValues(this.#batch);
    for (const row of this.#batch.rows) values[row] = column.text(row);
    this.#values.set(name, values);
    return values;
  };

  /** Keeps what a line made; goes on without the records that it rejected. */
  keep(name: string, values: Values): void {
    this.#values.set(name, values);
    if (this.rejects.size === this.#rejected) return;
    this.#rejected = this.rejects.size;
    this.rows = this.rows.filter((row) => !this.rejects.has(row));
  }
}

const stepOf = (field: Field, mapping: Mapping, settings: RuleSettings): Step => {
  const { rule, from, nomenclature, defaultCode } = field;
  if (rule === "constant") return filled(defaultCode);
  if (rule === "vocabulary") return translated(field, mapping, settings);
  const value = RULES[rule]?.make(settings, from);
  if (value === undefined)
    throw new Error(`the mapping was checked, yet has rule ${rule}${nomenclature}`);
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

/** A column with a list of codes holds the instance's ids of them. */
const columnOf = (
  { rule, defaultCode }: Field,
  values: Text[],
  codes: ReadonlyMap<string, string> | undefined,
): Column => {
  if (codes === undefined) return new TextColumn(values);
  if (rule === "constant") return new ConstantColumn(codes.get(defaultCode) ?? null);
  return new TextColumn(values.map((code) => (code === null ? null : (codes.get(code) ?? null))));
};
