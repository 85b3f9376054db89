/** Writes a pipeline for an archive, out of what was seen of it. */

import { stringify } from "yaml";
import { counted } from "../core/progress.ts";
import { commasOf, datesOf, linkOf, type Types, typesOf } from "../guess/choices.ts";
import type { GuessedColumn } from "../guess/column-guess.ts";
import { whyText } from "../guess/doubts.ts";
import type { Seen, SeenTable } from "../guess/look.ts";
import { schemaName } from "./sql-name.ts";
import { damagedWords, encodingWords, type TableFlow } from "./table-flow.ts";

/** A pipeline with these flows, which load what is filled into a schema of its own. */
export const archivePipeline = (
  { archive, tables, text }: Seen,
  { name, path, head, flows }: Settings,
): string =>
  [
    head,
    `name: ${name}`,
    `description: The records of ${inline(archive)}.`,
    "# A server, if DATABASE_URL names one; else a PostgreSQL in the folder .runner/db beside this file.",
    "database: ${DATABASE_URL:-embedded}",
    "",
    "flows:",
    flows
      .map((flow) =>
        flowLines(flow, { schema: schemaName(name), path, text, types: typesOf(tables) }),
      )
      .map((lines) => lines.join("\n"))
      .join("\n"),
  ].join("\n");

interface Settings {
  readonly name: string;
  /** The archive, as the pipeline is to name it. */
  readonly path: string;
  /** The comment on top. */
  readonly head: string;
  readonly flows: readonly TableFlow[];
}

interface Around extends Pick<Settings, "path">, Pick<Seen, "text"> {
  readonly schema: string;
  readonly types: Types;
}

const flowLines = (
  { name, table, columns, made, key, maxPercent, limits }: TableFlow,
  { schema, path, text, types }: Around,
): string[] => {
  const what = text ? "file" : "archive";
  const empty = table.columns.length - columns.length;
  const left =
    empty > 0
      ? ` ${counted(empty, "column")} without a value ${empty === 1 ? "is" : "are"} left out.`
      : "";
  return [
    `  - name: ${name}`,
    ...(table.encoding_example ? [`    # ${encodingWords(table)}`] : []),
    `    source: ${sourceText(table, { path, text })}`,
    "    transforms:",
    ...transformLines(table, [...made.keys()]),
    `      # Left the column of the table, right that of the ${what}.${left}`,
    "      - project:",
    "          columns:",
    ...columns.map(
      ({ to, of, why }) => `            ${to}: ${inline(of.name)}${why ? ` # ${why}` : ""}`,
    ),
    ...[...made.keys()].map((to) => `            ${to}: ${to}`),
    "    sink:",
    "      postgres_copy:",
    `        table: ${schema}.${name}`,
    `        # Each load takes the place of the one before. \`append\` adds each ${what} once.`,
    ...(key === undefined
      ? []
      : [
          `        # The sink \`postgres_upsert: { table: …, key: [${key}], create: … }\` touches what has changed alone, and \`plan\` shows it.`,
        ]),
    "        mode: replace",
    "        create:",
    "          # Guessed from the first records: `text` takes anything.",
    "          columns:",
    ...columns.map(({ to, of }) => `            ${to}: ${typeText(of, types)}`),
    ...[...made].map(([to, type]) => `            ${to}: ${type}`),
    ...(key === undefined ? [] : [`          primary_key: [${key}]`]),
    "    # How many records may be set aside before nothing is loaded.",
    ...(maxPercent > 1 ? [`    # ${damagedWords(table)}`] : []),
    `    rejects: { ${[["max", maxPercent] as const, ...limits].map(([code, percent]) => `${code}: ${percent}%`).join(", ")} }`,
    "",
  ];
};

/** A text file by itself is no archive. */
const sourceText = (
  { name, encoding }: SeenTable,
  { path, text }: Pick<Around, "path" | "text">,
): string => {
  const own =
    text === undefined ? [`table: ${inline(name)}`] : text.isQuoted ? [] : ["quote: null"];
  const options = [
    `path: ${inline(path)}`,
    ...own,
    ...(encoding === undefined ? [] : [`encoding: ${inline(encoding)}`]),
  ];
  return `{ ${text === undefined ? "dwca" : "csv"}: { ${options.join(", ")} } }`;
};

const typeText = (column: GuessedColumn, types: Types): string => {
  const why = whyText(column, types);
  return `${types.get(column) ?? "text"}${why === undefined ? "" : ` # ${why}`}`;
};

const transformLines = (table: SeenTable, made: readonly string[]): string[] => {
  const dates = datesOf(table);
  const commas = commasOf(table);
  const links = linkOf(table);
  const [first, last] = made;
  const pattern = links?.link?.pattern ?? "";
  const example = links?.examples.find((text) => new RegExp(pattern).test(text));
  return [
    ...(dates
      ? [
          `      # \`${dates.name}\` may be a year, a month or an interval: its first and last moment.`,
          `      - parse_dates: { from: ${inline(dates.name)}, min: ${first}, max: ${last},${dates.isDayFirst ? " day_first: true," : ""} missing: null }`,
        ]
      : []),
    ...(commas.length > 0
      ? [
          "      # A decimal comma becomes the point that PostgreSQL reads; spaces between thousands go.",
          `      - parse_numbers: { columns: [${commas.map(({ name }) => inline(name)).join(", ")}] }`,
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

/** A text as it may stand inside `{ }`. A `${` of it is no variable. */
const inline = (text: string): string => {
  const literal = text.replaceAll("${", () => "$${");
  const written = stringify([literal], { collectionStyle: "flow", lineWidth: 0 }).trim();
  return written.slice(1, -1).trim();
};
