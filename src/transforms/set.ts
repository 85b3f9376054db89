import { ConstantColumn } from "../core/columns.ts";
import { defineTransform } from "../core/component.ts";
import { plainValue } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Gives columns the same value in every record. */
export const set = defineTransform({
  name: "set",
  summary: "Gives columns the same value in every record; adds them where they are not there.",
  options: Type.Object({
    columns: Type.Record(Type.String({ minLength: 1 }), plainValue("The value; `null` empties."), {
      minProperties: 1,
      description: "Column → value; the same in all records, no expression.",
    }),
  }),
  example: "set: { columns: { source: GBIF, checked: null } }",
  create: ({ columns }) => {
    const constants = Object.entries(columns).map(([name, value]) => ({
      name,
      column: new ConstantColumn(value === null ? null : String(value)),
    }));
    return async function* (batches) {
      for await (const batch of batches) {
        yield constants.reduce((result, { name, column }) => result.with(name, column), batch);
      }
    };
  },
});
