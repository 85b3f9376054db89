/** Writes a pipeline for an archive, out of what was seen of it. */

import { stringify } from "yaml";
import { datesOf, idOf, linkOf, type Types, typesOf } from "../guess/choices.ts";
import type { GuessedColumn } from "../guess/column-guess.ts";
import type { Seen, SeenTable } from "../guess/look.ts";
import { pipelineName } from "./begin-with.ts";
import { sqlName } from "./sql-name.ts";
import { tablesToLoad } from "./tables-to-load.ts";

/** A pipeline with a flow for each table that has records, which loads what is filled into a schema of its own. */
export const archivePipeline = (
  { archive, tables }: Seen,
  { name, path, head }: { name: string; path: string; head: string },
): string =>
  [
    head,
    `name: ${name}`,
    `description: The records of ${inline(archive)}.`,
    "# A server, if DATABASE_URL names one; else a PostgreSQL in the folder .runner/db beside this file.",
    "database: ${DATABASE_URL:-embedded}",
    "",
    "flows:",
    tablesToLoad(tables)
      .map((table) => flowOf(table, { schema: sqlName(name), path, types: typesOf(tables) }))
      .join("\n"),
  ].join("\n");

const flowOf = (
  table: SeenTable,
  { schema, path, types }: { schema: string; path: string; types: Types },
): string => {
  const flow = pipelineName(table.name);
  const id = idOf(table);
  const made = madeColumns(table);
  const filled = table.columns.filter((column) => column.filled > 0 || column === id);
  const names = new Map<string, GuessedColumn>();
  for (const column of filled)
    names.set(freeName(column.name, [...names.keys(), ...made.keys()]), column);
  const key = [...names].find(([, column]) => column === id)?.[0];
  const empty = table.columns.length - filled.length;
  const left = empty > 0 ? ` ${empty} columns without a value are left out.` : "";
  return [
    `  - name: ${flow}`,
    `    source: { dwca: { path: ${inline(path)}, table: ${inline(table.name)} } }`,
    "    transforms:",
    ...transformLines(table, [...made.keys()]),
    `      # Left the column of the table, right that of the archive.${left}`,
    "      - project:",
    "          columns:",
    ...[...names].map(([to, { name }]) => `            ${to}: ${inline(name)}`),
    ...[...made.keys()].map((to) => `            ${to}: ${to}`),
    "    sink:",
    "      postgres_copy:",
    `        table: ${schema}.${flow}`,
    "        # Each load takes the place of the one before. `append` adds each archive once.",
    "        mode: replace",
    "        create:",
    "          # Guessed from the first records: `text` takes anything.",
    "          columns:",
    ...[...names].map(([to, column]) => `            ${to}: ${types.get(column)}`),
    ...[...made].map(([to, type]) => `            ${to}: ${type}`),
    ...(key === undefined ? [] : [`          primary_key: [${key}]`]),
    "    # How many records may be set aside before nothing is loaded.",
    "    rejects: { max: 1% }",
    "",
  ].join("\n");
};

/** Columns that transforms make, with their types. */
const madeColumns = (table: SeenTable): Map<string, string> => {
  const taken = table.columns.map(({ name }) => sqlName(name));
  const made = new Map<string, string>();
  if (datesOf(table)) {
    for (const name of ["date_min", "date_max"]) made.set(freeName(name, taken), "timestamp");
  }
  const link = linkOf(table)?.link;
  if (link) made.set(freeName(link.to, [...taken, ...made.keys()]), "bigint");
  return made;
};

const transformLines = (table: SeenTable, made: readonly string[]): string[] => {
  const dates = datesOf(table);
  const links = linkOf(table);
  const [first, last] = made;
  const pattern = links?.link?.pattern ?? "";
  const example = links?.examples.find((text) => new RegExp(pattern).test(text));
  return [
    ...(dates
      ? [
          `      # \`${dates.name}\` may be a year, a month or an interval: its first and last moment.`,
          `      - parse_dates: { from: ${inline(dates.name)}, min: ${first}, max: ${last}, missing: null }`,
        ]
      : []),
    ...(links?.link
      ? [
          `      # The number in links such as ${example}.`,
          `      - extract_id: { from: ${inline(links.name)}, to: ${made.at(-1)}, pattern: '${links.link.pattern}', missing: null }`,
        ]
      : []),
  ];
};

const freeName = (term: string, taken: readonly string[]): string => {
  const name = sqlName(term);
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.includes(candidate)) return candidate;
  }
};

/** A text as it may stand inside `{ }`. A `${` of it is no variable. */
const inline = (text: string): string => {
  const literal = text.replaceAll("${", () => "$${");
  const written = stringify([literal], { collectionStyle: "flow", lineWidth: 0 }).trim();
  return written.slice(1, -1).trim();
};
