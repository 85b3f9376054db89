import { type Field, nameOf } from "./fields.ts";
import type { Mapping } from "./mapping.ts";
import { ENGLISH_WORDS, introduction, type MappingWords } from "./mapping-words.ts";
import { OTHER_RULES, RULES } from "./rules.ts";
import { LEFT, type VocabularyRule } from "./vocabularies.ts";

/** The mapping as a page to print and to discuss, in Markdown. */
export const mappingPage = (mapping: Mapping, words: MappingWords = ENGLISH_WORDS): string => {
  const { page, sentence } = words;
  const of = (part: string) => mapping.fields.filter((field) => field.part === part);
  const synthese = of("synthese");
  const written = synthese.filter(({ rule }) => rule !== "left");
  const left = synthese.filter(({ rule }) => rule === "left");
  return `${[
    `# ${page.title}`,
    page.other,
    introduction(words, mapping.version),
    `## ${page.columns}`,
    fieldTable(written, mapping, words),
    page.not_written,
    table(
      [page.column, page.why],
      left.map(({ column, note }) => [code(column), sentence(note)]),
    ),
    `## ${page.between}`,
    page.between_text,
    fieldTable([...of("between"), ...of("output")], mapping, words),
    `## ${page.vocabularies}`,
    page.vocabularies_text,
    ...vocabularySections(mapping, words),
    `## ${page.read}`,
    page.read_text,
    table(
      [page.staged_column, page.name, "", ""],
      of("input").map((field) => [
        code(field.column),
        code(nameOf(field)),
        field.rule === "used" ? page.used : page.not_used,
        sentence(field.note),
      ]),
    ),
    `## ${page.rules}`,
    page.rules_text,
    rulesTable(words),
  ].join("\n\n")}\n`;
};

const rulesTable = ({ page, sentence }: MappingWords): string =>
  table(
    [page.rule, page.reads, page.gives],
    [
      ...Object.entries(RULES).map(([name, { reads, summary }]) => [
        code(name),
        reads === "any" ? page.any : reads.join(", "),
        sentence(summary),
      ]),
      ...Object.entries(OTHER_RULES).map(([name, summary]) => [code(name), "", sentence(summary)]),
    ],
  );

const fieldTable = (
  fields: readonly Field[],
  { lists }: Mapping,
  { page, sentence }: MappingWords,
): string =>
  table(
    [page.column, page.made_of, page.rule, page.list, page.default, ""],
    fields.map(({ column, from, rule, nomenclature, defaultCode, note }) => [
      code(column),
      from.map(code).join(" "),
      rule,
      nomenclature,
      defaultCode && `${defaultCode} ${lists.get(nomenclature)?.get(defaultCode) ?? ""}`,
      sentence(note),
    ]),
  );

const vocabularySections = (
  { vocabularies, lists }: Mapping,
  { page, sentence }: MappingWords,
): string[] => {
  const terms = [...new Set(vocabularies.map(({ term }) => term))];
  const line = ({ value, condition, type, code: own, confidence, reason }: VocabularyRule) => [
    value === "" ? `*(${page.empty})*` : code(value),
    condition && code(condition),
    type,
    own === LEFT ? page.left : own,
    lists.get(type)?.get(own) ?? "",
    confidence,
    sentence(reason),
  ];
  const head = [page.value, page.if, page.list, page.code, page.label, page.confidence, page.why];
  return terms.flatMap((term) => [
    `### ${term}`,
    table(head, vocabularies.filter((rule) => rule.term === term).map(line)),
  ]);
};

const code = (text: string): string => `\`${text}\``;

/** A bar separates cells, also between backticks. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map(cell).join(" | ")} |`.replace(/ {2,}/g, " "))
    .join("\n");
