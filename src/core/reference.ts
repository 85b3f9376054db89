import { stringify } from "yaml";
import type { Component } from "./component.ts";
import type { Schema } from "./option-schema.ts";
import {
  flowOptions,
  includedOptions,
  includeOptions,
  parameterOptions,
  pipelineOptions,
} from "./pipeline-schema.ts";

/** The reference of all components in Markdown. */
export const componentReference = (components: readonly Component[]): string => {
  const kinds = ["source", "transform", "sink"] as const;
  const parts = kinds.flatMap((kind) => [
    `## ${titleOf(kind)}`,
    ...components.filter((component) => component.kind === kind).map(componentPage),
  ]);
  return [
    "# Components",
    "This page is made from the components themselves by `npm run docs`; do not edit it.",
    kinds
      .map((kind) => {
        const ofKind = components.filter((component) => component.kind === kind);
        return `- ${titleOf(kind)}: ${ofKind.map(({ name }) => `[\`${name}\`](#${name})`).join(", ")}`;
      })
      .join("\n"),
    "`runner components NAME` prints one of them. Paths are relative to the YAML file; columns are those of the step before. An option of a map is written with a dot: `create.columns` is `create: { columns: … }`; with `[]`, it belongs to each map of a list.",
    ...filePart(),
    ...parts,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
};

/** What stands around the components. */
const filePart = (): string[] => [
  "## The file",
  ...(
    [
      ["A pipeline", pipelineOptions],
      ["A flow, under `flows`", flowOptions],
      ["A file of flows, in the place of a flow", includeOptions],
      ["Such a file", includedOptions],
      ["A parameter of it, under `params`", parameterOptions],
    ] as const
  ).flatMap(([title, options]) => [`${title}:`, optionTable(options as Schema)]),
];

const titleOf = (kind: string): string => `${kind.charAt(0).toUpperCase()}${kind.slice(1)}s`;

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

/** One component: summary, example, options, and examples of those that are maps. */
export const componentPage = ({ name, summary, example, options }: Component): string =>
  [
    `### ${name}`,
    summary,
    `\`\`\`yaml\n${example}\n\`\`\``,
    optionTable(options as Schema),
    ...optionExamples(options as Schema),
  ].join("\n\n");

const optionExamples = ({ properties = {} }: Schema): string[] => {
  const given = Object.entries(properties).flatMap(([name, { examples = [] }]) =>
    examples.map((example) => stringify({ [name]: example }, { lineWidth: 0 })),
  );
  return given.length === 0 ? [] : [`For example:\n\n\`\`\`yaml\n${given.join("\n")}\`\`\``];
};

const optionTable = (schema: Schema): string =>
  ["| option | type | default | |", "|---|---|---|---|", ...optionRows(schema, "")].join("\n");

const optionRows = (schema: Schema, prefix: string): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const isRequired = schema.required?.includes(name) && option.default === undefined;
    const fallback = option.default === undefined ? "" : `\`${JSON.stringify(option.default)}\``;
    const row = `| \`${prefix}${name}\` | ${typeOf(option)} | ${isRequired ? "**required**" : fallback} | ${inCell(option.description ?? "")} |`;
    return [row, ...innerRows(option, `${prefix}${name}`)];
  });

/** The options of a map, of each map of a list, and of maps among the alternatives. */
const innerRows = (schema: Schema, path: string): string[] => [
  ...optionRows(schema, `${path}.`),
  ...(schema.items ? innerRows(schema.items, `${path}[]`) : []),
  ...(schema.anyOf ?? []).flatMap((one) => innerRows(one, path)),
];

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
