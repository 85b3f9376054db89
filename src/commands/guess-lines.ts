/** What was seen of an archive, as people read it. */

import { listed } from "../core/errors.ts";
import { shellWord } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { count, counted } from "../core/progress.ts";
import { commasOf, datesOf, idOf, linkOf, type Types, tieOf, typesOf } from "../guess/choices.ts";
import type { GuessedColumn } from "../guess/column-guess.ts";
import { doubtsOf } from "../guess/doubts.ts";
import type { Seen, SeenTable } from "../guess/look.ts";
import { encodingWords } from "../scaffold/table-flow.ts";
import { isCoreAgain, tablesToLoad } from "../scaffold/tables-to-load.ts";
import { tableLines, wrapped } from "./table.ts";

/** What was seen, for people. */
export const guessLines = (seen: Seen, { given, encoding, width }: Settings): string[] => {
  const { archive, tables, asked } = seen;
  const types = typesOf(tables);
  // The core is what people look for; what belongs to it would be as long again.
  const [first, ...others] = asked;
  return [
    `${archive}: ${counted(tables.length, "table")}.`,
    ...(first ? ["", ...seenLines(first, { width, types, isCore: first === tables[0] })] : []),
    ...others.flatMap((table) => ["", ...summaryLines(table, { width, types, tables })]),
    ...nextLines(seen, shellWord(given) + (encoding ? ` --encoding ${shellWord(encoding)}` : "")),
  ];
};

/** How to see what is only summed up, and what comes next. */
const nextLines = ({ tables, asked }: Seen, given: string): string[] => {
  const others = asked.slice(1).filter(({ rows }) => rows > 0);
  const other = others.find((table) => !isCoreAgain(table, tables)) ?? others[0];
  const steps = [
    ...(other
      ? [`\`${RUNNER} guess ${given} --table ${shellWord(other.name)}\` shows its columns`]
      : []),
    ...(tablesToLoad(tables).length > 0 ? [`\`${RUNNER} init ${given}\` writes a pipeline`] : []),
  ];
  return steps.length === 0 ? [] : ["", `Next: ${steps.join(",\n  ")}.`];
};

interface Settings {
  /** The archive, as it was given. */
  readonly given: string;
  /** How it is encoded, where the user said so. */
  readonly encoding?: string | undefined;
  readonly width: number;
}

/** An extension in a few lines: how many records and columns, and what ties it to the core. */
const summaryLines = (
  table: SeenTable,
  { width, types, tables }: { width: number; types: Types; tables: readonly SeenTable[] },
): string[] => {
  const { columns, rows, problem } = table;
  if (problem !== undefined) return [`${headOf(table)}: ${problem}`];
  if (rows === 0) return extentLines(table, width);
  const filled = columns.filter((column) => column.filled > 0).length;
  const tie = tieOf(table);
  const details = [
    ...(tie ? [`\`${tie.name}\` leads to the core (${types.get(tie)}).`] : []),
    ...oddLine(tie),
    ...(isCoreAgain(table, tables)
      ? [`The records of ${tables[0]?.name} once more, as they were published; ${INIT}.`]
      : []),
  ];
  return [
    ...extentLines(table, width),
    `  ${count(filled)} of ${counted(columns.length, "column")} ${filled === 1 ? "has" : "have"} values.`,
    ...details.flatMap((sentence) => wrapped(sentence, { width, indent: "  " })),
  ];
};

const INIT = `\`${RUNNER} init\` leaves them out`;

const seenLines = (
  table: SeenTable,
  { width, types, isCore }: { width: number; types: Types; isCore: boolean },
): string[] => {
  const { columns, rows, problem } = table;
  if (problem !== undefined) return [`${headOf(table)}: ${problem}`];
  const filled = columns.filter((column) => column.filled > 0);
  const empty = columns.length - filled.length;
  return [
    ...extentLines(table, width),
    ...(filled.length === 0
      ? []
      : tableLines([HEADER, ...filled.map((column) => cells(column, rows, types))], {
          width,
          indent: "  ",
        })),
    ...(rows === 0 && table.damaged > 0 ? [] : emptyLine(empty, filled.length)),
    ...(rows === 0 ? [] : conclusions(table, { width, types, isCore })),
  ];
};

const emptyLine = (empty: number, filled: number): string[] => {
  if (empty === 0) return [];
  if (filled === 0)
    return [
      empty === 1 ? "  Its only column is empty." : `  All ${count(empty)} columns are empty.`,
    ];
  return [empty === 1 ? "  1 more column is empty." : `  ${count(empty)} more columns are empty.`];
};

const HEADER = ["column", "filled", "type", "for example"];

const cells = (column: GuessedColumn, rows: number, types: Types): string[] => [
  column.name,
  share(column.filled, rows),
  types.get(column) ?? "text",
  column.examples.join(" · "),
];

/** Never 100 % of what lacks a value somewhere, nor 0 % of what has one. */
const share = (part: number, whole: number): string => {
  if (part === whole) return "100 %";
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))} %`;
};

const headOf = ({ name, row_type: rowType }: SeenTable): string =>
  rowType === "" || rowType.toLowerCase() === name ? name : `${name} (${rowType})`;

/** How many records, and why the first of those that are damaged is so. */
const extentLines = (table: SeenTable, width: number): string[] => {
  const { rows, total, is_whole: isWhole, damaged, damage } = table;
  const whole = isWhole
    ? counted(total, "record")
    : `about ${counted(total, "record")}; of the first ${count(rows)}`;
  const head = `${headOf(table)}: ${whole}`;
  return [
    ...(damaged === 0
      ? [`${head}.`]
      : wrapped(`${head}, ${count(damaged)} of them damaged: ${damage}`, { width })),
    ...(table.encoding_example === undefined
      ? []
      : wrapped(`${encodingWords(table)} If not, say \`--encoding\`.`, { width, indent: "  " })),
  ];
};

const conclusions = (
  table: SeenTable,
  { width, types, isCore }: { width: number; types: Types; isCore: boolean },
): string[] => {
  const id = idOf(table);
  const tie = tieOf(table);
  const dates = datesOf(table);
  const links = linkOf(table);
  const commas = commasOf(table);
  return [
    ...(id ? [`\`${id.name}\` tells records apart (${types.get(id)}).`] : []),
    ...(tie && tie !== id ? [tieSentence(tie, { isCore, type: types.get(tie) })] : []),
    ...[...new Set([id, tie])].flatMap((column) => oddLine(column)),
    ...(dates
      ? [
          `\`${dates.name}\` says when: for \`parse_dates\`${dates.isDayFirst ? " with `day_first: true`" : ""}.`,
        ]
      : []),
    ...(commas.length > 0
      ? [
          `${listed(commas.map(({ name }) => name))} ${commas.length === 1 ? "has" : "have"} numbers with a decimal comma or spaces: for \`parse_numbers\`.`,
        ]
      : []),
    ...doubtsOf(table, types, ({ name }) => name),
    ...(links?.link
      ? [
          `\`${links.name}\` has links with a number: for \`extract_id\`, pattern '${links.link.pattern}'.`,
        ]
      : []),
  ].flatMap((sentence) => wrapped(sentence, { width, indent: "  " }));
};

const tieSentence = (
  { name, filled }: GuessedColumn,
  { isCore, type }: { isCore: boolean; type: string | undefined },
): string => {
  if (!isCore) return `\`${name}\` leads to the core (${type}).`;
  return filled === 0
    ? `\`${name}\`, by which records should be told apart, is empty.`
    : `\`${name}\`, by which records should be told apart, is empty somewhere or the same twice.`;
};

/** What keeps a number from being one, which may be a typing mistake. */
const oddLine = (column: GuessedColumn | undefined): string[] => {
  if (column?.odd === undefined) return [];
  const value = JSON.stringify(column.odd);
  return [
    column.type === "text"
      ? `\`${column.name}\` is no number because of ${value}: all tables have it as text.`
      : `\`${column.name}\` has ${value}, with spaces around it: loaded as the number.`,
  ];
};
