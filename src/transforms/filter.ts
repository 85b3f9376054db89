import type { Batch } from "../core/batch.ts";
import type { Column } from "../core/columns.ts";
import { defineTransform } from "../core/component.ts";
import { filterCondition } from "../core/errors.ts";
import { narrowed } from "../core/narrowed-column.ts";
import { columnName, pattern, plainValue } from "../core/options.ts";
import { count } from "../core/progress.ts";
import { type Static, Type } from "../core/type.ts";

const EQUAL = ["equals", "equal", "is", "eq", "value"];
const COMPARED = ["min", "max", "gt", "gte", "lt", "lte", "greater_than", "less_than", "between"];
const NO_SIZES =
  "`filter` compares no sizes: the SQL of the source `postgres` does, once the records are in a table.";

const options = Type.Object({
  column: columnName("The column to look at."),
  in: Type.Optional(
    Type.Array(plainValue(), {
      minItems: 1,
      hints: {
        ...Object.fromEntries(EQUAL.map((word) => [word, "Did you mean `in: [ … ]`?"])),
        ...Object.fromEntries(COMPARED.map((word) => [word, NO_SIZES])),
      },
      description: "Keeps records with one of these values; `null` is the empty one.",
    }),
  ),
  not_in: Type.Optional(
    Type.Array(plainValue(), {
      minItems: 1,
      description: "Leaves out records with one of these values; `null` is the empty one.",
    }),
  ),
  matches: Type.Optional(pattern("Keeps records whose value matches this regular expression.")),
  present: Type.Optional(
    Type.Boolean({ description: "`true` keeps records with a value, `false` those without one." }),
  ),
});

/** Keeps the records that meet a condition. */
export const filter = defineTransform({
  name: "filter",
  summary:
    "Keeps the records that meet a condition; the others count as filtered. For several conditions, write several.",
  options,
  example: "filter: { column: license, in: [CC0_1_0, CC_BY_4_0, CC_BY_NC_4_0] }",
  create: (settings) => {
    const holds = conditionOf(settings);
    return async function* (batches, { mode, log }) {
      const leftOut = new LeftOut();
      for await (const batch of batches) {
        const column = batch.column(settings.column);
        if (mode === "validate") {
          const condition = { holds, only: onlyOf(settings) };
          yield batch.with(settings.column, narrowed(settings.column, column, condition));
        } else {
          const rows = batch.rows.filter((row) => holds(column.text(row)));
          leftOut.add(batch, { column, kept: rows.length });
          yield batch.keep(rows);
        }
      }
      const told = leftOut.sentence(settings);
      if (told !== undefined) log.warn(told);
    };
  },
});

/** Looks at what a filter leaves out for as long as that is everything: then its condition is seldom what was meant. */
class LeftOut {
  #isAll = true;
  #records = 0;
  #input = "";
  readonly #byValue = new Map<string | null, number>();

  add({ rows, input }: Batch, { column, kept }: { column: Column; kept: number }): void {
    if (!this.#isAll) return;
    if (kept > 0) {
      this.#isAll = false;
      this.#byValue.clear();
      return;
    }
    this.#records += rows.length;
    this.#input = input.name;
    for (const row of rows) {
      const value = column.text(row);
      const before = this.#byValue.get(value);
      if (before !== undefined) this.#byValue.set(value, before + 1);
      else if (this.#byValue.size < VALUES) this.#byValue.set(value, 1);
    }
  }

  /** Undefined when records were kept, or none came. */
  sentence(settings: Static<typeof options>): string | undefined {
    if (!this.#isAll || this.#records === 0) return undefined;
    const all = [...this.#byValue].sort((a, b) => b[1] - a[1]);
    const told = all
      .slice(0, TOLD)
      .map(([value, records]) => `${shown(value)} (${count(records)})`);
    const more = all.length > TOLD ? ", …" : "";
    const left = this.#records === 1 ? "the only record" : `all ${count(this.#records)} records`;
    return (
      `\`filter: { column: ${settings.column}, ${conditionText(settings)} }\` left out ${left} of ${this.#input} that came to it. ` +
      `Its column has ${told.join(", ")}${more}.`
    );
  }
}

/** So many different values are counted; the frequent ones are seldom later. */
const VALUES = 10_000;
const TOLD = 5;

const shown = (value: string | null): string => {
  if (value === null) return "no value";
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
};

const conditionText = ({ in: some, not_in: none, matches, present }: Static<typeof options>) => {
  if (some) return `in: ${listText(some)}`;
  if (none) return `not_in: ${listText(none)}`;
  return matches ? `matches: ${matches.source}` : `present: ${present}`;
};

const listText = (values: readonly (string | number | boolean | null)[]): string => {
  const all = values.map((value) => String(value));
  return `[${(all.length > TOLD ? [...all.slice(0, TOLD), "…"] : all).join(", ")}]`;
};

const conditionOf = (settings: Static<typeof options>): ((text: string | null) => boolean) => {
  const { in: some, not_in: none, matches, present } = settings;
  const given = [some, none, matches, present].filter((condition) => condition !== undefined);
  if (given.length !== 1) throw filterCondition(given.length);
  if (some) return isOneOf(some);
  if (none) {
    const isUnwanted = isOneOf(none);
    return (text) => !isUnwanted(text);
  }
  if (matches) return (text) => text !== null && matches.test(text);
  return (text) => (text !== null) === present;
};

/** The values that pass, where they can be listed. */
const onlyOf = ({ in: some, present }: Static<typeof options>): (string | null)[] | undefined => {
  if (present === false) return [null];
  return some?.map((value) => (value === null ? null : String(value)));
};

/** `null` in the list stands for a record without a value. */
const isOneOf = (values: readonly (string | number | boolean | null)[]) => {
  const wanted = new Set(values.map((value) => (value === null ? null : String(value))));
  return (text: string | null): boolean => wanted.has(text);
};
