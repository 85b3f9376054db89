/** A value on one line, cut to so many characters: a name in the middle, as many begin alike. */
export const cut = (value: string, width: number): string => {
  const line = onOneLine(value);
  const characters = [...line];
  if (characters.length <= width) return line;
  const kept = Math.max(0, width - 1);
  const end = NAME.test(line) ? Math.ceil(kept * 0.6) : 0;
  const tail = end === 0 ? [] : characters.slice(-end);
  return `${characters.slice(0, kept - end).join("")}…${tail.join("")}`;
};

const onOneLine = (value: string): string => value.replaceAll(/\s+/g, " ");

/** How wide tables may be: as the terminal, or as is usual where there is none, or one that does not tell. */
export const widthOf = ({ columns }: { readonly columns?: number | undefined }): number =>
  columns || USUAL_WIDTH;

const USUAL_WIDTH = 120;

const GAP = "  ";

/** A table: its rows, the first of which is the header. */
export type Table = readonly (readonly string[])[];

const lengthOf = (value: string): number => [...onOneLine(value)].length;

const widest = (values: readonly string[]): number => Math.max(0, ...values.map(lengthOf));

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);

const columnsOf = (rows: Table): string[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? ""));

/** Whether nothing of a table has to be cut. */
export const isWithin = (rows: Table, width: number): boolean =>
  totalOf(columnsOf(rows).map(widest)) <= width;

/** Whether a table tells enough in so many characters: no number, date, place or name in it is cut. */
export const isReadable = (rows: Table, width: number): boolean =>
  totalOf(narrowed(rows, width, 1)) <= width;

/** A table that does not fit, without those of the columns `spare` in which there is nothing but 0. */
export const sparing = (rows: Table, spare: readonly string[], width: number): Table => {
  if (isWithin(rows, width)) return rows;
  const [header = [], ...body] = rows;
  const keeps = header.map(
    (name, column) => !spare.includes(name) || body.some((row) => !/^0?$/.test(row[column] ?? "")),
  );
  return rows.map((row) => row.filter((_, column) => keeps[column]));
};

/** A count, with its difference to an earlier one. */
const NUMBER = /^([\d,]+( \([+-][\d,]+\))?)?$/;

/** What says nothing when it is cut: a number, a date, a place (`occurrence.txt:12`, `staged.sql (id 12)`). */
const EXACT = /^([-+\d,.:TZ/e ]{0,36}( \([+-][\d,]+\))?|.{1,36}:\d+|\S{1,36} \(\S+ \S{1,36}\))$/i;

/** A number with its name before a text, as in `id_synthese 4711, Aglais io`. */
const NUMBERED = /^\S{1,36} \d+(?=, )/;

/** A name as tables have it: `id_nomenclature_life_stage`. */
const NAME = /^[a-z]+_\w{0,36}$/;

/** A name or a key; an address or a text is longer. */
const WORD = /^\S{0,36}$/;

/** Text is not made narrower than this, as long as there is another way. */
const READABLE = 12;

/** No column is made narrower than this. */
const NARROWEST = 8;

/** How narrow a column may become: at first only text, then words, then names, at last whatever there is. */
const floorsOf = ([, ...values]: readonly string[]): readonly number[] => {
  const exact = widest(values.filter((value) => EXACT.test(value)));
  const words = values.every((value) => WORD.test(value)) ? widest(values) : exact;
  const numbered = widest(values.map((value) => NUMBERED.exec(value)?.[0] ?? "")) + "…".length;
  const names = Math.max(exact, numbered, widest(values.filter((value) => NAME.test(value))));
  return [Math.max(words, numbered, READABLE), names, Math.max(exact, numbered), 0].map((floor) =>
    Math.max(floor, NARROWEST),
  );
};

/** The widths of the columns once what does not fit is taken from the widest, in so many steps. */
const narrowed = (rows: Table, width: number, steps: number): number[] => {
  const columns = columnsOf(rows);
  const widths = columns.map(widest);
  const floors = columns.map(floorsOf);
  for (let step = 0; step < steps; step++) {
    while (totalOf(widths) > width) {
      const spare = widths.map((one, column) => (one > (floors[column]?.[step] ?? 0) ? one : 0));
      const most = Math.max(...spare);
      if (most === 0) break;
      widths[spare.indexOf(most)] = most - 1;
    }
  }
  return widths;
};

/**
 * Rows as lines of equal columns, the first row being the header; numbers stand to the right. What does
 * not fit into `width` is taken from the widest columns, whose values are cut: texts first, numbers last.
 */
export const tableLines = (
  rows: Table,
  { width, indent = "" }: { width: number; indent?: string },
): string[] => {
  const widths = narrowed(rows, width - indent.length, 4);
  const isNumber = columnsOf(rows).map(([, ...values]) =>
    values.every((value) => NUMBER.test(value)),
  );
  return rows.map((row) => {
    const cells = row.map((value, column) => {
      const text = cut(value, widths[column] ?? 0);
      const blank = " ".repeat(Math.max(0, (widths[column] ?? 0) - [...text].length));
      return isNumber[column] ? blank + text : text + blank;
    });
    return (indent + cells.join(GAP)).trimEnd();
  });
};

/**
 * The counts of flows, each a row behind a header: a table where no number has to be cut, else a list for each
 * flow, without what is 0.
 */
export const countLines = (rows: Table, spare: readonly string[], width: number): string[] => {
  const table = sparing(rows, spare, width);
  if (isReadable(table, width)) return tableLines(table, { width });
  const [[, ...names] = [], ...flows] = rows;
  return flows.flatMap(([flow = "", ...counts]) => {
    const pairs = names.map((name, at) => [name, counts[at] ?? ""]);
    const shown = pairs.filter(([, value], at) => at === 0 || value !== "0");
    return [
      cut(flow, width),
      ...tableLines([["", ""], ...shown], { width, indent: "  " }).slice(1),
    ];
  });
};

/** A sentence as lines that fit, broken between words; all but the first are indented two further. */
export const wrapped = (
  text: string,
  { width, indent = "" }: { width: number; indent?: string },
): string[] => {
  const lines: string[] = [];
  let line = indent;
  let isEmpty = true;
  for (const word of onOneLine(text).split(" ")) {
    if (!isEmpty && [...line].length + 1 + [...word].length > width) {
      lines.push(line);
      line = `${indent}  `;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
};

/**
 * The beginning of a table as a spreadsheet opens it, its header first: semicolons, as the tables of the mapping, and
 * the mark without which Excel takes UTF-8 for something else.
 */
export const csvTable = (rows: readonly (readonly (string | null)[])[]): string =>
  `\ufeff${csvText(rows)}`;

/** More rows of it. */
export const csvText = (rows: readonly (readonly (string | null)[])[]): string =>
  rows.map((row) => `${row.map((value) => csvCell(value ?? "")).join(";")}\n`).join("");

const csvCell = (value: string): string =>
  /[";\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
