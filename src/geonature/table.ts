import { readFile } from "node:fs/promises";
import { type Info, parse } from "csv-parse/sync";
import type { Complain } from "../core/complaint.ts";
import { wholeText } from "../core/encoding.ts";
import { mappingFileMissing, type Place, suggestion } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { fileLabel, placeInText } from "../core/place.ts";
import { remembered } from "../core/remembered.ts";

/** A table, and the option of the component that leads to it. */
export interface TableFile {
  readonly path: string;
  readonly option: string;
}

/** One line of a table that people edit in a spreadsheet. */
export interface TableRow {
  /** Where the line begins. */
  readonly place: Place;
  /** The text of a cell without the blanks around it; empty when there is none. */
  text(column: string): string;
  /** Where a cell begins. */
  at(column: string): Place;
}

/**
 * The rows of a CSV file with a header, semicolons or commas, as a spreadsheet saves it; undefined, with
 * a complaint, when it is none. Columns may stand in any order, lines without text are passed over.
 */
export const readTable = async (
  file: TableFile,
  columns: readonly string[],
  complain: Complain,
): Promise<readonly TableRow[] | undefined> => {
  const start = { file: file.path, line: 1, column: 1 };
  const text = wholeText(await bytesOf(file));
  if (typeof text !== "string") {
    const place = placeInText(file.path, text.before, text.before.length + 1);
    complain("not_utf8", place, "The table is not in UTF-8. Save it as “CSV UTF-8”.");
    return undefined;
  }
  const [first, ...lines] = parsed(text);
  const header = first?.record.map((name) => name.trim()) ?? [];
  const missing = columns.filter((name) => !header.includes(name));
  for (const name of missing) {
    const [near] = nearest(name, header);
    const message =
      near === undefined
        ? `The table has no column \`${name}\`.${suggestion(name, header)}`
        : `The table has no column \`${name}\`, but one \`${near}\`: call it \`${name}\`.`;
    complain("table_column", start, message);
  }
  if (missing.length > 0) return undefined;
  return lines
    .filter(({ record }) => record.some((cell) => cell.trim() !== ""))
    .map((line) => rowOf(line, header, file.path));
};

const bytesOf = async ({ path, option }: TableFile): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (cause) {
    throw mappingFileMissing(fileLabel(path), option, cause);
  }
};

interface Line {
  readonly record: readonly string[];
  readonly raw: string;
  /** The number of its first line. */
  readonly line: number;
  readonly delimiter: string;
}

const parsed = remembered((text): readonly Line[] => {
  const header = text.slice(0, text.search(/\r?\n|$/));
  const delimiter = header.split(";").length > header.split(",").length ? ";" : ",";
  const found = parse(text, {
    delimiter,
    // A spreadsheet's line ends beside an editor's.
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    relax_quotes: true,
    info: true,
    raw: true,
  }) as unknown as { record: string[]; raw: string; info: Info }[];
  let line = 1;
  return found.map(({ record, raw }) => {
    const at = line;
    line += raw.split("\n").length - 1;
    return { record, raw, line: at, delimiter };
  });
});

const rowOf = (line: Line, header: readonly string[], file: string): TableRow => ({
  place: { file, line: line.line, column: 1 },
  text: (column) => line.record[header.indexOf(column)]?.trim() ?? "",
  at: (column) => {
    const [line_, column_] = cellStart(line, header.indexOf(column));
    return { file, line: line_, column: column_ };
  },
});

/** Line and column of the cell with this number: separators inside quotes are none. */
const cellStart = ({ raw, line, delimiter }: Line, cell: number): [number, number] => {
  let [atLine, atColumn, left] = [line, 1, cell];
  let isQuoted = false;
  for (const character of raw) {
    if (left === 0) break;
    if (character === '"') isQuoted = !isQuoted;
    if (character === delimiter && !isQuoted) left--;
    if (character === "\n") [atLine, atColumn] = [atLine + 1, 1];
    else atColumn += character.length;
  }
  return left === 0 ? [atLine, atColumn] : [line, 1];
};
