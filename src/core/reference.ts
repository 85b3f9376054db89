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
import { ENGLISH_REFERENCE, type ReferenceWords } from "./reference-words.ts";

const KINDS = ["source", "transform", "sink"] as const;

/** The reference of all components in Markdown. */
export const componentReference = (
  components: readonly Component[],
  words: ReferenceWords = ENGLISH_REFERENCE,
): string => {
  const { page } = words;
  const ofKind = (kind: Component["kind"]) => components.filter((one) => one.kind === kind);
  const links = (kind: Component["kind"]) =>
    ofKind(kind)
      .map(({ name }) => `[\`${name}\`](#${name})`)
      .join(", ");
  return [
    `# ${page.title}`,
    page.other,
    page.introduction,
    KINDS.map((kind) => `- ${page[kind]}${page.colon} ${links(kind)}`).join("\n"),
    page.reading,
    ...filePart(words),
    ...KINDS.flatMap((kind) => [
      `## ${page[kind]}`,
      ...ofKind(kind).map((component) => componentPage(component, words)),
    ]),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
};

/** What stands around the components. */
const filePart = (words: ReferenceWords): string[] => [
  `## ${words.page.file}`,
  ...(
    [
      ["pipeline", pipelineOptions],
      ["flow", flowOptions],
      ["include", includeOptions],
      ["included", includedOptions],
      ["parameter", parameterOptions],
    ] as const
  ).flatMap(([what, options]) => [
    `${words.page[what]}${words.page.colon}`,
    optionTable(options as Schema, words),
  ]),
];

/** A table of names and summaries for the README; its head has the words for component, kind and what it does. */
export const componentTable = (
  components: readonly Component[],
  {
    head = ["component", "kind", "does"],
    kinds = { source: "source", transform: "transform", sink: "sink" },
    page = "docs/components.md",
    words = ENGLISH_REFERENCE,
  }: Partial<TableWords> = {},
): string =>
  [
    `| ${head.join(" | ")} |`,
    "|---|---|---|",
    ...components.map(
      ({ name, kind, summary }) =>
        `| [\`${name}\`](${page}#${name}) | ${kinds[kind]} | ${inCell(words.sentence(summary))} |`,
    ),
  ].join("\n");

/** What the table of the README says besides the components. */
interface TableWords {
  readonly head: readonly string[];
  readonly kinds: Readonly<Record<Component["kind"], string>>;
  readonly page: string;
  readonly words: ReferenceWords;
}

/** One component: summary, example, options, and examples of those that are maps. */
export const componentPage = (
  { name, summary, example, options }: Component,
  words: ReferenceWords = ENGLISH_REFERENCE,
): string =>
  [
    `### ${name}`,
    words.sentence(summary),
    `\`\`\`yaml\n${example}\n\`\`\``,
    optionTable(options as Schema, words),
    ...optionExamples(options as Schema, words),
  ].join("\n\n");

const optionExamples = ({ properties = {} }: Schema, { page }: ReferenceWords): string[] => {
  const given = Object.entries(properties).flatMap(([name, { examples = [] }]) =>
    examples.map((example) => stringify({ [name]: example }, { lineWidth: 0 })),
  );
  if (given.length === 0) return [];
  return [`${page.example}${page.colon}\n\n\`\`\`yaml\n${given.join("\n")}\`\`\``];
};

const optionTable = (schema: Schema, words: ReferenceWords): string => {
  const { option, type, default: fallback } = words.page;
  return [
    `| ${option} | ${type} | ${fallback} | |`,
    "|---|---|---|---|",
    ...optionRows(schema, "", words),
  ].join("\n");
};

/** `way` is which of several alternatives the map is. */
const optionRows = (
  schema: Schema,
  prefix: string,
  words: ReferenceWords,
  way?: number,
): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const isRequired = schema.required?.includes(name) && option.default === undefined;
    const fallback = option.default === undefined ? "" : `\`${JSON.stringify(option.default)}\``;
    const of = way === undefined ? [] : [`_${words.page.way} ${way}_`];
    const cells = [
      `\`${prefix}${name}\``,
      typeOf(option, words),
      [...of, isRequired ? `**${words.page.required}**` : fallback].filter(Boolean).join(", "),
      inCell(option.description === undefined ? "" : words.sentence(option.description)),
    ];
    return [`| ${cells.join(" | ")} |`, ...innerRows(option, `${prefix}${name}`, words)];
  });

/** The options of a map, of each map of a list, and of maps among the alternatives. */
const innerRows = (schema: Schema, path: string, words: ReferenceWords, way?: number): string[] => {
  const maps = schema.anyOf?.filter(({ properties }) => properties) ?? [];
  return [
    ...optionRows(schema, `${path}.`, words, way),
    ...(schema.items ? innerRows(schema.items, `${path}[]`, words) : []),
    ...(schema.anyOf ?? []).flatMap((one) =>
      innerRows(one, path, words, maps.length > 1 ? maps.indexOf(one) + 1 : undefined),
    ),
  ];
};

const typeOf = (schema: Schema, words: ReferenceWords): string => {
  const { page } = words;
  if (schema.enum) return schema.enum.map((choice) => `\`${choice}\``).join(", ");
  if (schema.runner) return page[schema.runner];
  if (schema.type === "array") return page.list.replace("TYPE", typeOf(schema.items ?? {}, words));
  if (schema.patternProperties) return page.object;
  const or = ` ${page.or} `;
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => typeOf(one, words)))].join(or);
  if (schema.const !== undefined) return `\`${schema.const}\``;
  return [schema.type ?? "value"]
    .flat()
    .map((type) => page[type as keyof typeof page] ?? type)
    .join(or);
};

const inCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
