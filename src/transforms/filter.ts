import { defineTransform } from "../core/component.ts";
import { filterCondition } from "../core/errors.ts";
import { narrowed } from "../core/narrowed-column.ts";
import { columnName, pattern, plainValue } from "../core/options.ts";
import { type Static, Type } from "../core/type.ts";

const options = Type.Object({
  column: columnName("The column to look at."),
  in: Type.Optional(
    Type.Array(plainValue(), {
      minItems: 1,
      hints: Object.fromEntries(
        ["equals", "equal", "is", "eq", "value"].map((word) => [word, "Did you mean `in: [ … ]`?"]),
      ),
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
    return async function* (batches, { mode }) {
      for await (const batch of batches) {
        const column = batch.column(settings.column);
        if (mode === "validate") {
          const condition = { holds, only: onlyOf(settings) };
          yield batch.with(settings.column, narrowed(settings.column, column, condition));
        } else yield batch.keep(batch.rows.filter((row) => holds(column.text(row))));
      }
    };
  },
});

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
