import type { Component } from "./component.ts";
import type { Schema } from "./options-check.ts";

/** The reference of all components in Markdown. */
export const componentReference = (components: readonly Component[]): string => {
  const kinds = ["source", "transform", "sink"] as const;
  const parts = kinds.flatMap((kind) => [
    `## ${kind[0]?.toUpperCase()}${kind.slice(1)}s`,
    ...components.filter((component) => component.kind === kind).map(componentPage),
  ]);
  return [
    "# Components",
    "This page is made from the components themselves by `npm run docs`; do not edit it.",
    ...parts,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
};

/** A table of names and summaries for the README. */
export const componentTable = (components: readonly Component[]): string =>
  [
    "| component | kind | does |",
    "|---|---|---|",
    ...components.map(
      ({ name, kind, summary }) =>
        `| [\`${name}\`](docs/components.md#${name}) | ${kind} | ${inCell(summary)} |`,
    ),
  ].join("\n");

/** One component: summary, example, options. */
export const componentPage = ({ name, summary, example, options }: Component): string =>
  [`### ${name}`, summary, `\`\`\`yaml\n${example}\n\`\`\``, optionTable(options as Schema)].join(
    "\n\n",
  );

const optionTable = (schema: Schema): string =>
  ["| option | type | default | |", "|---|---|---|---|", ...optionRows(schema, "")].join("\n");

const optionRows = (schema: Schema, prefix: string): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const isRequired = schema.required?.includes(name) && option.default === undefined;
    const fallback = option.default === undefined ? "" : `\`${JSON.stringify(option.default)}\``;
    const row = `| \`${prefix}${name}\` | ${typeOf(option)} | ${isRequired ? "**required**" : fallback} | ${inCell(option.description ?? "")} |`;
    return [row, ...optionRows(option, `${prefix}${name}.`)];
  });

const typeOf = (schema: Schema): string => {
  if (schema.enum) return schema.enum.map((choice) => `\`${choice}\``).join(", ");
  if (schema.runner) return KINDS[schema.runner];
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.patternProperties) return "map";
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  return [schema.type ?? "value"]
    .flat()
    .map((type) => TYPES[type] ?? type)
    .join(" or ");
};

const KINDS = {
  pattern: "regular expression",
  secret: "secret text",
  path: "path",
  location: "path or URL",
  document: "path or map",
} as const;

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  object: "map",
};

const inCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
