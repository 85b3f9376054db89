import { knownColumns, readTable, tableOptions } from "../archive/read-table.ts";
import { defineSource } from "../core/component.ts";
import { location } from "../core/options.ts";
import { Type } from "../core/type.ts";
import { fileUse } from "../core/uses.ts";

/** Reads a table of a Darwin Core Archive: columns by term name, as `meta.xml` has them. */
export const dwca = defineSource({
  name: "dwca",
  summary: "Reads a table of a Darwin Core Archive, such as a GBIF download.",
  options: Type.Object({
    path: location("The archive: a zip, a `.tgz`, a folder, or an http(s) URL of one."),
    encoding: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "The encoding of the table, such as `windows-1252`, for an archive whose `meta.xml` says it wrongly or that has none; else UTF-8 or what `meta.xml` says.",
      }),
    ),
    ...tableOptions,
  }),
  example: "dwca: { path: ../samples/demo.zip, table: occurrence }",
  columns: knownColumns,
  uses: ({ path }) => fileUse(path, "read"),
  create:
    ({ path, ...table }) =>
    (context) =>
      readTable(path, table, context),
});
