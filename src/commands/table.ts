/** A value on one line, cut to so many characters. */
export const cut = (value: string, width: number): string => {
  const line = onOneLine(value);
  const characters = [...line];
  return characters.length > width
    ? `${characters.slice(0, Math.max(0, width - 1)).join("")}…`
    : line;
};

const onOneLine = (value: string): string => value.replaceAll(/\s+/g, " ");

/** How wide tables may be: as the terminal, or as is usual where there is none, or one that does not tell. */
export const widthOf = ({ columns }: { readonly columns?: number | undefined }): number =>
  columns || USUAL_WIDTH;

const USUAL_WIDTH = 120;

const GAP = "  ";

/** A column is not made narrower than this. */
const NARROWEST = 8;

/** Whether a table with these columns can be read across, each of a usual width. */
export const fits = (columns: readonly string[], width: number): boolean =>
  columns.reduce((sum, name) => sum + Math.max(name.length, READABLE) + GAP.length, 0) <= width;

const READABLE = 12;

/** A table: its rows, the first of which is the header. */
type Table = readonly (readonly string[])[];

const widthsOf = (rows: Table): number[] =>
  (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => [...onOneLine(row[column] ?? "")].length)),
  );

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);

/** Whether nothing of a table has to be cut. */
export const isWithin = (rows: Table, width: number): boolean => totalOf(widthsOf(rows)) <= width;

/** A table that does not fit, without those of the columns `spare` in which there is nothing but 0. */
export const sparing = (rows: Table, spare: readonly string[], width: number): Table => {
  if (isWithin(rows, width)) return rows;
  const [header = [], ...body] = rows;
  const keeps = header.map(
    (name, column) => !spare.includes(name) || body.some((row) => row[column] !== "0"),
  );
  return rows.map((row) => row.filter((_, column) => keeps[column]));
};

/** A count, with its difference to an earlier one. */
const NUMBER = /^([\d,]+( \([+-][\d,]+\))?)?$/;

/**
 * Rows as lines of equal columns, the first row being the header; numbers stand to the right. What does
 * not fit into `width` is taken from the widest columns, whose values are cut; from numbers last.
 */
export const tableLines = (
  rows: Table,
  { width, indent = "" }: { width: number; indent?: string },
): string[] => {
  const [header = [], ...body] = rows;
  const widths = widthsOf(rows);
  const isNumber = header.map((_, column) => body.every((row) => NUMBER.test(row[column] ?? "")));
  while (indent.length + totalOf(widths) > width) {
    const words = widths.map((one, column) => (isNumber[column] ? 0 : one));
    const some = Math.max(...words) > NARROWEST ? words : widths;
    const widest = Math.max(...some);
    if (widest <= NARROWEST) break;
    widths[some.indexOf(widest)] = widest - 1;
  }
  return rows.map((row) => {
    const cells = row.map((value, column) => {
      const text = cut(value, widths[column] ?? 0);
      const blank = " ".repeat(Math.max(0, (widths[column] ?? 0) - [...text].length));
      return isNumber[column] ? blank + text : text + blank;
    });
    return (indent + cells.join(GAP)).trimEnd();
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

/** Rows as a spreadsheet opens them: semicolons, as the tables of the mapping; the first row is the header. */
export const csvText = (rows: readonly (readonly (string | null)[])[]): string =>
  rows.map((row) => `${row.map((value) => csvCell(value ?? "")).join(";")}\n`).join("");

const csvCell = (value: string): string =>
  /[";\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
