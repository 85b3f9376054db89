import { defineTransform } from "../core/component.ts";
import { columnName } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Keeps the first record of each key. */
export const distinct = defineTransform({
  name: "distinct",
  summary:
    "Keeps the first record of each key; later ones count as filtered. The keys of the flow are kept in memory: about 50 MB for a million of ten characters.",
  options: Type.Object({
    columns: Type.Array(columnName("A column of the key."), {
      minItems: 1,
      uniqueItems: true,
      description: "The columns that make the key. Empty values are equal.",
    }),
  }),
  example: "distinct: { columns: [gbif_id] }",
  create: ({ columns: names }) =>
    async function* (batches) {
      const seen = new Set<string>();
      for await (const batch of batches) {
        const columns = names.map((name) => batch.column(name));
        const rows = batch.rows.filter((row) => {
          // No value has a NUL, so it keeps `a`, `bc` and `ab`, `c` apart.
          const key = columns.map((column) => column.text(row) ?? "").join("\0");
          if (seen.has(key)) return false;
          seen.add(key);
          return true;
        });
        yield batch.keep(rows);
      }
    },
});
