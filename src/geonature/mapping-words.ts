import { parse } from "yaml";
import { UUID_NAMESPACE } from "./uuid.ts";

/** The words of the mapping's page in one language. */
export interface MappingWords {
  /** What the page itself says, by a short name. */
  readonly page: Readonly<Record<keyof typeof ENGLISH, string>>;
  /** A sentence of the mapping's files or of a rule, which are English. */
  sentence(english: string): string;
}

/** `docs/mapping.fr.yaml`: the page's own words, and the French of each sentence by its English. */
export interface FrenchMapping {
  readonly page: MappingWords["page"];
  readonly sentences: Readonly<Record<string, string>>;
}

export const readFrenchMapping = (text: string): FrenchMapping => parse(text) as FrenchMapping;

/** A sentence that has no French stays English, so that whoever adds one sees the page at once; a test finds it. */
export const frenchWords = ({ page, sentences }: FrenchMapping): MappingWords => ({
  page,
  sentence: (english) => sentences[english] ?? english,
});

const ENGLISH = {
  title: "From GBIF to the SINP",
  other: "[Français](fr/mapping.md)",
  introduction: `Version VERSION. This page is made by \`npm run docs\` from the two files that \`map_sinp\` follows:
[\`pipelines/sinp/fields.csv\`](../pipelines/sinp/fields.csv), a line for each column, and
[\`pipelines/sinp/vocabularies.csv\`](../pipelines/sinp/vocabularies.csv), what GBIF's values mean. Open them in a spreadsheet
(separator: semicolon, UTF-8), change what your region sees otherwise, save them as CSV, and run \`runner validate\`: it says
where a code does not exist, a column is forgotten or a concept of GBIF has no line. The next run updates the rows that come out otherwise,
and no others.

A value without a line takes the default of its column; at the end of a run all such values are listed, the most frequent first.
A uuid that neither iNaturalist nor the publisher gives is a uuid v5 in the namespace \`NAMESPACE\`.`,
  columns: "Columns of the synthese",
  not_written: "Not written:",
  between: "Values made on the way",
  between_text:
    "Columns, conditions and each other read them by these names; `output` goes to the sink beside the columns.",
  vocabularies: "Vocabularies",
  vocabularies_text: `The first line that fits wins. \`Adult|Imago\` is one or the other, \`*\` any text, \`?\` any letter; upper and lower case
do not differ. A condition reads other values of the record: \`order=Lepidoptera\`, \`kingdom<>Plantae\`, \`platform=\` (empty), several joined by \`and\`.
A column that reads several terms takes the first that gives a code; lines for the empty value count when all of them are empty.`,
  read: "What is read",
  read_text: "The columns of the staging table, and what is looked up before the mapping.",
  rules: "Rules",
  rules_text: `A line of \`fields.csv\` names one of these under \`rule\` and, under \`from\`, what it is to read, in this order: inputs,
or lines above it.`,
  column: "column",
  made_of: "made of",
  rule: "rule",
  list: "list",
  default: "default",
  why: "why",
  value: "value",
  if: "if",
  code: "code",
  label: "label",
  confidence: "confidence",
  staged_column: "staged column",
  name: "name in the mapping",
  used: "used",
  not_used: "not used",
  reads: "reads",
  gives: "gives",
  any: "any",
  empty: "empty",
  left: "left",
};

/** The page in English, whose sentences are those of the files. */
export const ENGLISH_WORDS: MappingWords = { page: ENGLISH, sentence: (english) => english };

/** The introduction, with what it tells of this mapping. */
export const introduction = ({ page }: MappingWords, version: string): string =>
  page.introduction.replace("VERSION", version).replace("NAMESPACE", UUID_NAMESPACE);
