import { Type } from "typebox";
import { defineTransform } from "../core/component.ts";
import { columnName } from "../core/options.ts";

/** Keeps, names and orders columns; moves no data. */
export const project = defineTransform({
  name: "project",
  summary: "Keeps some columns, in this order and under these names, and drops all others.",
  options: Type.Object({
    columns: Type.Record(Type.String({ minLength: 1 }), columnName("The column that it is now."), {
      minProperties: 1,
      description: "New name → present name: `{ gbif_id: gbifID, modified: modified }`.",
    }),
  }),
  example: "project: { columns: { gbif_id: gbifID, modified: modified, event_date: eventDate } }",
  create: ({ columns }) => {
    const wanted = new Map(Object.entries(columns));
    return async function* (batches) {
      for await (const batch of batches) yield batch.select(wanted);
    };
  },
});
