import { count, counted } from "../core/progress.ts";
import { datesOf, idOf, linkOf, type Types, tieOf, typesOf } from "../guess/choices.ts";
import type { GuessedColumn } from "../guess/column-guess.ts";
import { lookAt, type Seen, type SeenTable } from "../guess/look.ts";
import { csvText, tableLines, widthOf } from "./table.ts";

export interface GuessFlags {
  readonly table?: string;
  readonly rows: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `runner guess ARCHIVE`: what the first records of each of its tables look like. */
export const guessCommand = async (
  location: string,
  flags: GuessFlags,
  signal: AbortSignal,
): Promise<number> => {
  const say = (text: string) => console.error(text);
  const log = { info: say, warn: (text: string) => say(`Warning: ${text}`), now: () => undefined };
  const seen = await lookAt(location, { rows: flags.rows, table: flags.table, signal, log });
  if (flags.json) console.log(JSON.stringify(guessObject(seen), null, 2));
  else if (flags.csv) process.stdout.write(csvText(guessRows(seen)));
  else for (const line of guessLines(seen, widthOf(process.stdout))) console.log(line);
  return seen.tables.some(({ problem }) => problem !== undefined) ? 1 : 0;
};

/** What was seen, for people. */
export const guessLines = ({ archive, tables }: Seen, width: number): string[] => [
  `${archive}: ${tables.length === 1 ? "1 table" : `${tables.length} tables`}.`,
  ...tables.flatMap((table) => ["", ...seenLines(table, { width, types: typesOf(tables) })]),
];

const seenLines = (
  table: SeenTable,
  { width, types }: { width: number; types: Types },
): string[] => {
  const { name, row_type: rowType, columns, rows, damaged, problem } = table;
  const head = rowType === "" || rowType.toLowerCase() === name ? name : `${name} (${rowType})`;
  if (problem !== undefined) return [`${head}: ${problem}`];
  const filled = columns.filter((column) => column.filled > 0);
  const empty = columns.length - filled.length;
  return [
    `${head}: ${extent(table)}${damaged > 0 ? `, ${count(damaged)} of them damaged` : ""}.`,
    ...(filled.length === 0
      ? []
      : tableLines([HEADER, ...filled.map((column) => cells(column, rows))], {
          width,
          indent: "  ",
        })),
    ...emptyLine(empty, filled.length),
    ...conclusions(table, types),
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

const cells = (column: GuessedColumn, rows: number): string[] => [
  column.name,
  share(column.filled, rows),
  column.type === "text" && column.isDates ? "dates" : column.type,
  column.examples.join(" · "),
];

/** Never 100 % of what lacks a value somewhere, nor 0 % of what has one. */
const share = (part: number, whole: number): string => {
  if (part === whole) return "100 %";
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))} %`;
};

const extent = ({ rows, total, is_whole: isWhole }: SeenTable): string =>
  isWhole
    ? counted(total, "record")
    : `about ${counted(total, "record")}; of the first ${count(rows)}`;

const conclusions = (table: SeenTable, types: Types): string[] => {
  const id = idOf(table);
  const tie = tieOf(table);
  const dates = datesOf(table);
  const links = linkOf(table);
  return [
    ...(id ? [`  Records are told apart by \`${id.name}\` (${types.get(id)}).`] : []),
    ...(tie && tie !== id ? [`  \`${tie.name}\` leads to the core (${types.get(tie)}).`] : []),
    ...[...new Set([id, tie])].flatMap((column) => oddLine(column)),
    ...(dates ? [`  \`${dates.name}\` says when: for \`parse_dates\`.`] : []),
    ...(links?.link
      ? [
          `  \`${links.name}\` has links with a number: for \`extract_id\`, pattern '${links.link.pattern}'.`,
        ]
      : []),
  ];
};

/** What keeps a number from being one, which may be a typing mistake. */
const oddLine = (column: GuessedColumn | undefined): string[] => {
  if (column?.odd === undefined) return [];
  const value = JSON.stringify(column.odd);
  return [
    column.type === "text"
      ? `  \`${column.name}\` is no number because of ${value}: all tables have it as text.`
      : `  \`${column.name}\` has ${value}, with spaces around it: loaded as the number.`,
  ];
};

/** The object of `--json`. */
export const guessObject = ({ archive, tables }: Seen) => ({
  archive,
  tables: tables.map((table) => ({
    ...table,
    columns: table.columns.map(({ isUnique, isDates, link, ...column }) => ({
      ...column,
      is_unique: isUnique,
      is_dates: isDates,
      ...(link === undefined ? {} : { link }),
    })),
    id: idOf(table)?.name ?? null,
    dates: datesOf(table)?.name ?? null,
    link: linkOf(table)?.name ?? null,
  })),
});

const guessRows = ({ tables }: Seen): string[][] => [
  ["table", "column", "filled", "records", "type", "for_example"],
  ...tables.flatMap(({ name, rows, columns }) =>
    columns.map(({ name: column, filled, type, examples }) => [
      name,
      column,
      String(filled),
      String(rows),
      type,
      examples.join(" · "),
    ]),
  ),
];
