import { type Field, nameOf } from "./fields.ts";
import type { Mapping } from "./mapping.ts";
import { OTHER_RULES, RULES } from "./rules.ts";
import { UUID_NAMESPACE } from "./uuid.ts";
import { LEFT, type VocabularyRule } from "./vocabularies.ts";

/** The mapping as a page to print and to discuss, in Markdown. */
export const mappingPage = (mapping: Mapping): string => {
  const { fields, version } = mapping;
  const of = (part: string) => fields.filter((field) => field.part === part);
  const synthese = of("synthese");
  return `${[
    "# From GBIF to the SINP",
    INTRODUCTION.replace("VERSION", version),
    "## Columns of the synthese",
    fieldTable(
      synthese.filter(({ rule }) => rule !== "left"),
      mapping,
    ),
    "Not written:",
    table(
      ["column", "why"],
      synthese
        .filter(({ rule }) => rule === "left")
        .map(({ column, note }) => [code(column), note]),
    ),
    "## Values made on the way",
    "Columns, conditions and each other read them by these names; `output` goes to the sink beside the columns.",
    fieldTable([...of("between"), ...of("output")], mapping),
    "## Vocabularies",
    VOCABULARIES,
    ...vocabularySections(mapping),
    "## What is read",
    "The columns of the staging table, and what is looked up before the mapping.",
    table(
      ["staged column", "name in the mapping", "", ""],
      of("input").map((field) => [
        code(field.column),
        code(nameOf(field)),
        field.rule === "used" ? "used" : "not used",
        field.note,
      ]),
    ),
    "## Rules",
    RULES_TEXT,
    table(
      ["rule", "reads", "gives"],
      [
        ...Object.entries(RULES).map(([name, { reads, summary }]) => [
          code(name),
          reads === "any" ? "any" : reads.join(", "),
          summary,
        ]),
        ...Object.entries(OTHER_RULES).map(([name, summary]) => [code(name), "", summary]),
      ],
    ),
  ].join("\n\n")}\n`;
};

const INTRODUCTION = `Version VERSION. This page is made by \`npm run docs\` from the two files that \`map_sinp\` follows:
[\`pipelines/sinp/fields.csv\`](../pipelines/sinp/fields.csv), a line for each column, and
[\`pipelines/sinp/vocabularies.csv\`](../pipelines/sinp/vocabularies.csv), what GBIF's values mean. Open them in a spreadsheet
(separator: semicolon, UTF-8), change what your region sees otherwise, save them as CSV, and run \`runner validate\`: it says
where a code does not exist, a column is forgotten or a concept of GBIF has no line. The next run updates the rows that come out otherwise,
and no others.

A value without a line takes the default of its column; at the end of a run all such values are listed, the most frequent first.
A uuid that neither iNaturalist nor the publisher gives is a uuid v5 in the namespace \`${UUID_NAMESPACE}\`.`;

const VOCABULARIES = `The first line that fits wins. \`Adult|Imago\` is one or the other, \`*\` any text, \`?\` any letter; upper and lower case
do not differ. A condition reads other values of the record: \`order=Lepidoptera\`, \`kingdom<>Plantae\`, \`platform=\` (empty), several joined by \`and\`.
A column that reads several terms takes the first that gives a code; lines for the empty value count when all of them are empty.`;

const RULES_TEXT = `A line of \`fields.csv\` names one of these under \`rule\` and, under \`from\`, what it is to read, in this order: inputs,
or lines above it.`;

const fieldTable = (fields: readonly Field[], { lists }: Mapping): string =>
  table(
    ["column", "made of", "rule", "list", "default", ""],
    fields.map(({ column, from, rule, nomenclature, defaultCode, note }) => [
      code(column),
      from.map(code).join(" "),
      rule,
      nomenclature,
      defaultCode && `${defaultCode} ${lists.get(nomenclature)?.get(defaultCode) ?? ""}`,
      note,
    ]),
  );

const vocabularySections = ({ vocabularies, lists }: Mapping): string[] => {
  const terms = [...new Set(vocabularies.map(({ term }) => term))];
  const line = ({ value, condition, type, code: own, confidence, reason }: VocabularyRule) => [
    value === "" ? "*(empty)*" : code(value),
    condition && code(condition),
    type,
    own === LEFT ? "left" : own,
    lists.get(type)?.get(own) ?? "",
    confidence,
    reason,
  ];
  return terms.flatMap((term) => [
    `### ${term}`,
    table(
      ["value", "if", "list", "code", "label", "confidence", "why"],
      vocabularies.filter((rule) => rule.term === term).map(line),
    ),
  ]);
};

const code = (text: string): string => `\`${text}\``;

/** A bar separates cells, also between backticks. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map(cell).join(" | ")} |`.replace(/ {2,}/g, " "))
    .join("\n");
