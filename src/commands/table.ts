/** A value on one line, cut to so many characters. */
export const cut = (value: string, width: number): string => {
  const line = value.replaceAll(/\s+/g, " ");
  const characters = [...line];
  return characters.length > width
    ? `${characters.slice(0, Math.max(0, width - 1)).join("")}…`
    : line;
};

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

/**
 * Rows as lines of equal columns, the first row being the header; numbers stand to the right. What does
 * not fit into `width` is taken from the widest columns, whose values are cut.
 */
export const tableLines = (
  rows: readonly (readonly string[])[],
  { width, indent = "" }: { width: number; indent?: string },
): string[] => {
  const [header = [], ...body] = rows;
  const widths = header.map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? "").replaceAll(/\s+/g, " ")].length)),
  );
  const total = () =>
    indent.length + widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  while (total() > width && Math.max(...widths) > NARROWEST) {
    widths[widths.indexOf(Math.max(...widths))] = Math.max(...widths) - 1;
  }
  const isNumber = header.map((_, column) =>
    body.every((row) => /^[\d,]*$/.test(row[column] ?? "")),
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

/** Rows as a spreadsheet opens them: semicolons, as the tables of the mapping; the first row is the header. */
export const csvText = (rows: readonly (readonly (string | null)[])[]): string =>
  rows.map((row) => `${row.map((value) => csvCell(value ?? "")).join(";")}\n`).join("");

const csvCell = (value: string): string =>
  /[";\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
