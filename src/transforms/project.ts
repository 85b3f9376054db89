import type { Batch } from "../core/batch.ts";
import { ConstantColumn } from "../core/columns.ts";
import { defineTransform } from "../core/component.ts";
import { listed, unknownColumn } from "../core/errors.ts";
import { columnName } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Keeps, names and orders columns; moves no data. */
export const project = defineTransform({
  name: "project",
  summary: "Keeps some columns, in this order and under these names, and drops all others.",
  options: Type.Object({
    columns: Type.Record(Type.String({ minLength: 1 }), columnName("The column that it is now."), {
      minProperties: 1,
      description:
        "New name → present name, in the order of the table: `{ gbif_id: gbifID, modified: modified }`. No expressions: `set`, `map_values`, `extract_id` and `parse_dates` make columns before it; SQL belongs into `derive` of `postgres_upsert` or into the source `postgres`.",
    }),
    optional: Type.Optional(
      Type.Array(columnName("One of the present names."), {
        minItems: 1,
        description:
          "Present names, out of `columns`, that the source may lack: they are empty then, and the log says so. Any other that it lacks is an error.",
      }),
    ),
  }),
  example: "project: { columns: { gbif_id: gbifID, modified: modified, event_date: eventDate } }",
  create: ({ columns, optional = [] }) => {
    const wanted = new Map(Object.entries(columns));
    const known = new Set(wanted.values());
    const stranger = optional.find((name) => !known.has(name));
    if (stranger !== undefined) throw unknownColumn(stranger, known);
    return async function* (batches, { log }) {
      let isTold = false;
      for await (const batch of batches) {
        const lacking = lackingIn(batch, optional);
        if (lacking.length > 0 && !isTold) {
          isTold = true;
          log.info(`${batch.input.name} has no ${listed(lacking)}: left empty.`);
        }
        yield lacking.reduce((whole, name) => whole.with(name, empty), batch).select(wanted);
      }
    };
  },
});

const empty = new ConstantColumn(null);

const lackingIn = (batch: Batch, optional: readonly string[]): readonly string[] => {
  if (optional.length === 0 || !batch.isClosed) return [];
  const names = new Set(batch.names);
  return optional.filter((name) => !names.has(name));
};
