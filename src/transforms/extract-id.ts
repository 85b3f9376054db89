import { Reject } from "../core/batch.ts";
import { defineTransform } from "../core/component.ts";
import { mapColumn } from "../core/map-column.ts";
import { columnName, missing, pattern } from "../core/options.ts";
import { Type } from "../core/type.ts";

/** Takes what a pattern finds in a column, such as the observation's number in its link. */
export const extractId = defineTransform({
  name: "extract_id",
  summary: "Takes an identifier out of a column and puts it in another.",
  options: Type.Object({
    from: columnName("The column to search, usually a URL."),
    to: columnName("The column to write."),
    pattern: pattern(
      "A regular expression; the identifier is its first group, or all that it matches.",
    ),
    missing: missing(["reject", null], "reject", "in which nothing matches (`no_id`)"),
  }),
  example: String.raw`extract_id: { from: references, to: id_inaturalist, pattern: '/observations/(\d+)', missing: null }`,
  create: ({ from, to, pattern: expression, missing: otherwise }) =>
    mapColumn(from, to, (text) => {
      const found = text === null ? null : expression.exec(text);
      const id = found?.[1] ?? found?.[0];
      if (id) return id;
      if (otherwise === null) return null;
      return new Reject(
        "no_id",
        text === null
          ? `\`${from}\` is empty.`
          : `\`${from}\` has no identifier: ${JSON.stringify(text)} does not match ${expression.source}.`,
      );
    }),
});
