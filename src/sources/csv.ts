import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { openFolder } from "../archive/folder.ts";
import type { Table } from "../archive/meta.ts";
import { tableBatches } from "../archive/table-batches.ts";
import { defineSource } from "../core/component.ts";
import { archiveMissing, inputIsFolder } from "../core/errors.ts";
import { requireText } from "../core/file-kind.ts";
import { meaning } from "../core/option-schema.ts";
import { oneOf, path as pathOption } from "../core/options.ts";
import { Type } from "../core/type.ts";
import { fileUse } from "../core/uses.ts";

const HEADER =
  "The first line has the names of the columns; a file without them gets `columns: [a, b]`.";

/** Reads a delimited text file. */
export const csv = defineSource({
  name: "csv",
  summary: "Reads a delimited text file: CSV, tab-separated and the like.",
  options: Type.Object({
    path: pathOption("The file."),
    delimiter: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'What separates fields, `"\\t"` for a tab; found out from the first line when absent.',
        hints: meaning("delimiter", ["separator", "sep"]),
      }),
    ),
    quote: oneOf(['"', "'", null], {
      description:
        'What encloses values, written twice inside them; `null` for nothing. Values such as `"said ""so"""`, which GBIF encloses one by one, are read without even then.',
      default: '"',
    }),
    encoding: Type.String({
      default: "utf-8",
      description: "The encoding, such as `utf-16` or `windows-1252`.",
    }),
    skip_lines: Type.Integer({
      default: 0,
      minimum: 0,
      description: "Lines before the header, or before the first record if there is no header.",
    }),
    columns: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description: "The names of the columns, for a file without a header line.",
        hints: Object.fromEntries(
          ["header", "headers", "has_header"].map((word) => [word, HEADER]),
        ),
      }),
    ),
  }),
  example: 'csv: { path: ../samples/taxa.csv, delimiter: "," }',
  columns: ({ columns }) => columns,
  uses: ({ path }) => fileUse(path, "read"),
  create: ({ path, delimiter, quote, encoding, skip_lines, columns }) => {
    const table: Table = {
      rowType: "",
      isCore: true,
      files: [path],
      encoding,
      // In single quotes, YAML leaves `\t` as two characters.
      fieldsTerminatedBy: delimiter?.replaceAll("\\t", "\t"),
      linesTerminatedBy: "\n",
      fieldsEnclosedBy: quote ?? "",
      ignoreHeaderLines: skip_lines + (columns ? 0 : 1),
      idIndex: undefined,
      fields: (columns ?? []).map((name, index) => ({
        index,
        name,
        term: name,
        default: undefined,
        delimitedBy: undefined,
      })),
    };
    return async function* ({ signal }) {
      const info = await stat(path).catch((error: unknown) => {
        throw archiveMissing(path, error);
      });
      if (info.isDirectory()) throw inputIsFolder(path, "csv");
      requireText(path, "csv");
      await using file = await openFolder(path, basename(path));
      const [entry] = file.entries.values();
      if (entry === undefined) throw archiveMissing(path, undefined);
      const input = {
        name: entry.name,
        sizeBytes: entry.sizeBytes,
        identity: () => file.identity(),
      };
      yield* tableBatches(table, entry.read(signal), input);
    };
  },
});
