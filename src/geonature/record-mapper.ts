import type { Batch, Reject } from "../core/batch.ts";
import { type Column, ConstantColumn, TextColumn } from "../core/columns.ts";
import { emptyValues } from "../core/map-column.ts";
import { type Field, isMade, nameOf } from "./fields.ts";
import type { Instance } from "./instance.ts";
import type { Mapping } from "./mapping.ts";
import type { RuleSettings, Text } from "./rules.ts";
import { stepOf, type Work } from "./steps.ts";
import type { Values } from "./translate.ts";

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
class Workspace implements Work {
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
