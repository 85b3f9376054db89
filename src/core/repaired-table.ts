/** A table of rejects as people save it, by a spreadsheet or an editor, with the damage that these do. */

import { TextDecoder } from "node:util";
import { CsvError, type Info, parse } from "csv-parse/sync";
import { csvInvalid, repairedInvalid, repairedKind } from "./errors.ts";
import { kindOf } from "./file-kind.ts";
import { nearest } from "./nearest.ts";

/** The columns of a table of rejects that are not its record's: what each is called there. */
export const REJECT_COLUMNS = {
  flow: "reject_flow",
  code: "reject_code",
  message: "reject_message",
  place: "reject_place",
  id: "reject_id",
  record: "reject_record",
} as const;

/** A line of the table, and where it begins. */
export interface TableLine {
  readonly at: string;
  /** By the names of the header. */
  readonly values: Readonly<Record<string, string>>;
}

/** What separates values; a spreadsheet in French takes the first, others the last. */
const SEPARATORS = [";", "\t", ","] as const;

/** The lines of a table; throws `repaired_invalid` with the line for what cannot be meant. */
export const tableLines = (bytes: Buffer, name: string): TableLine[] => {
  const text = textOf(bytes, name);
  const [header, ...rows] = rowsOf(text, separatorOf(text, name), name);
  if (header === undefined) return [];
  const names = header.record.map((label) => label.trim());
  const doubled = names.find((label, index) => label !== "" && names.indexOf(label) !== index);
  if (doubled !== undefined) {
    throw repairedInvalid(`${name}:1`, `the column \`${doubled}\` stands there twice`);
  }
  return rows.map(({ at, record }) => ({ at, values: named(record, names, at) }));
};

/** UTF-8, or UTF-16 with the mark that Excel's "Unicode text" has; any other encoding has lost letters by now. */
const textOf = (bytes: Buffer, name: string): string => {
  if (bytes.length === 0) throw repairedInvalid(name, "it is empty: 0 bytes");
  const kind = kindOf(bytes);
  if (kind !== undefined) throw repairedKind(name, kind);
  const mark = bytes.toString("hex", 0, 2);
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8";
  const decoder = () => new TextDecoder(encoding, { fatal: true });
  try {
    return decoder().decode(bytes);
  } catch {
    throw repairedInvalid(
      `${name}:${badLine(bytes, decoder)}`,
      "it is not in UTF-8. Save the table again and choose UTF-8 (in Excel `CSV UTF-8`, in LibreOffice the character set)",
    );
  }
};

/** The first line that cannot be decoded. */
const badLine = (bytes: Buffer, decoder: () => TextDecoder): number => {
  let from = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf("\n", from);
    try {
      decoder().decode(bytes.subarray(from, end < 0 ? undefined : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    from = end + 1;
  }
};

/** That by which the header has the column of flows, whatever else is in the names of the others. */
const separatorOf = (text: string, name: string): string => {
  const [header = ""] = text.split(/\r\n|\n|\r/, 1);
  const labels = (separator: string) =>
    header.split(separator).map((label) => label.replaceAll('"', "").trim());
  const found = SEPARATORS.find((one) => labels(one).includes(REJECT_COLUMNS.flow));
  if (found !== undefined || header.trim() === "") return found ?? ";";
  const own: readonly string[] = Object.values(REJECT_COLUMNS);
  const likely = SEPARATORS.find((one) => labels(one).some((label) => own.includes(label)));
  const missing = `the header has no column \`${REJECT_COLUMNS.flow}\``;
  if (likely === undefined) {
    throw repairedInvalid(`${name}:1`, `${missing}, separated by semicolons, commas or tabs`);
  }
  const [near] = nearest(
    REJECT_COLUMNS.flow,
    labels(likely).filter((label) => !own.includes(label)),
  );
  throw repairedInvalid(`${name}:1`, near ? `${missing}, but \`${near}\`` : missing);
};

interface Row {
  readonly at: string;
  readonly record: readonly string[];
}

const rowsOf = (text: string, delimiter: string, name: string): Row[] => {
  let lastLine = 0;
  try {
    const found = parse(text, {
      delimiter,
      info: true,
      relax_column_count: true,
      // Spreadsheets and editors leave them at the end: no values, no record.
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      on_record: (record, { lines }) => {
        lastLine = lines;
        return record;
      },
    });
    return (found as unknown as { record: string[]; info: Info }[]).map(({ record, info }) => {
      const breaks = record.join("").split("\n").length - 1;
      return { at: `${name}:${info.lines - breaks}`, record };
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { code, message, lines } = error as CsvError & { lines?: number };
    if (code === "CSV_QUOTE_NOT_CLOSED") {
      throw repairedInvalid(`${name}:${lastLine + 1}`, 'a value begins with `"` and has no end');
    }
    if (lines === undefined || !/QUOTE/.test(code)) throw csvInvalid(name, message, error);
    throw repairedInvalid(
      `${name}:${lines}`,
      'a `"` stands inside a value: enclose the whole value in `"`, and write the one inside twice',
    );
  }
};

const named = (
  record: readonly string[],
  names: readonly string[],
  at: string,
): Record<string, string> => {
  const surplus = record.slice(names.length).some((value) => value !== "");
  if (record.length < names.length || surplus) {
    throw repairedInvalid(
      at,
      `the line has ${record.length} values and the header ${names.length}: a value with a separator in it is to be enclosed in \`"\`, and an empty one keeps its separator`,
    );
  }
  const nameless = names.findIndex((label, index) => label === "" && record[index] !== "");
  if (nameless >= 0) {
    throw repairedInvalid(at, `value ${nameless + 1} of the line is in a column without a name`);
  }
  return Object.fromEntries(
    names.flatMap((label, index) => (label === "" ? [] : [[label, record[index] ?? ""]])),
  );
};
