import { Reject } from "../core/batch.ts";
import { defineTransform } from "../core/component.ts";
import { mapColumn } from "../core/map-column.ts";
import { meaning } from "../core/option-schema.ts";
import { columnName, missing, plainValue } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Replaces values by a table in the YAML. */
export const mapValues = defineTransform({
  name: "map_values",
  summary: "Replaces values by others. An empty value stays empty.",
  options: Type.Object({
    from: columnName("The column to read."),
    to: Type.Optional(columnName("The column to write; the same one when absent.")),
    values: Type.Record(Type.String(), plainValue("What it becomes; `null` empties."), {
      minProperties: 1,
      hints: meaning("values", ["mapping", "map", "replace", "with"]),
      description: "Value → what it becomes. Upper and lower case differ.",
    }),
    missing: missing(
      ["keep", "reject", null],
      "keep",
      "whose value is not among `values` (`unmapped_value`)",
    ),
  }),
  example: "map_values: { from: sex, values: { MALE: Male, FEMALE: Female }, missing: keep }",
  create: ({ from, to = from, values, missing: otherwise }) => {
    const table = new Map(
      Object.entries(values).map(([value, other]) => [
        value,
        other === null ? null : String(other),
      ]),
    );
    return mapColumn(from, to, (text) => {
      if (text === null) return null;
      const mapped = table.get(text);
      if (mapped !== undefined) return mapped;
      if (otherwise === "keep") return text;
      if (otherwise === null) return null;
      return new Reject(
        "unmapped_value",
        `\`${from}\` is ${JSON.stringify(text)}, which \`values\` does not have.`,
      );
    });
  },
});
