/** Files of rejects that people have repaired: what `runner rejects` has exported, or a run's own file. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import type { Fields } from "./batch.ts";
import { asValidUtf8 } from "./encoding.ts";
import { archiveMissing, csvInvalid, repairedInvalid } from "./errors.ts";
import { type JsonRecord, type JsonValue, jsonText, lineRecords } from "./json-records.ts";
import { rejectId, withColumns } from "./reject-file.ts";
import type { TextRecord } from "./text-batch.ts";

/** The columns of a table of rejects that are not its record's: what each is called there. */
export const REJECT_COLUMNS = {
  flow: "reject_flow",
  code: "reject_code",
  message: "reject_message",
  place: "reject_place",
  id: "reject_id",
  record: "reject_record",
} as const;

/** The records of a flow, to come again instead of its source. */
export interface Repaired {
  readonly names: readonly string[];
  /** False when there may be columns that are not among `names`, as none of the records has a value in them. */
  readonly isWhole: boolean;
  readonly records: readonly (TextRecord & { readonly id: string })[];
}

/** One record as the file has it; `at` is where. */
interface Line {
  readonly at: string;
  readonly flow: string | null;
  readonly place: string | null;
  readonly id: string | null;
  readonly record: string | null;
  readonly fields: Fields | null;
  /** Whether the fields are all columns, also those without a value. */
  readonly isWhole: boolean;
}

/** The records of a repaired file by flow; it is JSON by line, or a table as a spreadsheet saves it. */
export const readRepaired = async (
  path: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Repaired>> => {
  const name = basename(path);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw archiveMissing(path, error);
  });
  const isJson = /^\ufeff?\s*\{/.test(bytes.toString("utf8", 0, 100));
  const lines = isJson
    ? await jsonLines(lineRecords(path, name, signal))
    : await tableLinesOf(bytes, name);
  return byFlow(lines, name);
};

/**
 * A run's own file names the columns of its rejects in lines before them, the rejects only those with a
 * value; what `runner rejects` exports has all in each record.
 */
const jsonLines = async (records: AsyncIterable<JsonRecord>): Promise<Line[]> => {
  const columns = new Map<string | null, readonly string[]>();
  const lines: Line[] = [];
  for await (const { place, value } of records) {
    const members = value instanceof Map ? value : new Map<string, JsonValue>();
    const named = members.get("columns");
    if (Array.isArray(named)) {
      columns.set(jsonText(members.get("flow")), named.map(String));
      continue;
    }
    const line = jsonLine(place, members);
    const known = columns.get(line.flow);
    const isWhole = known !== undefined || Object.values(line.fields ?? {}).includes(null);
    lines.push({ ...line, isWhole, fields: withColumns(line.fields, known) });
  }
  return lines;
};

const jsonLine = (at: string, members: ReadonlyMap<string, JsonValue>): Omit<Line, "isWhole"> => {
  const fields = members.get("fields");
  const text = (name: string) => jsonText(members.get(name));
  return {
    at,
    flow: text("flow"),
    place: text("place"),
    id: text("id"),
    record: text("record"),
    fields:
      fields instanceof Map
        ? Object.fromEntries([...fields].map(([name, member]) => [name, jsonText(member) || null]))
        : null,
  };
};

const tableLinesOf = async (bytes: Buffer, name: string): Promise<Line[]> => {
  // Only to say what to do about a file that a spreadsheet saved in another encoding.
  for await (const _ of asValidUtf8(once(bytes), { encoding: "utf-8", name }));
  const header = bytes.toString("utf8").split(/\r?\n/, 1)[0] ?? "";
  const delimiter = delimiterOf(header, name);
  const own = new Set<string>(Object.values(REJECT_COLUMNS));
  try {
    const found = parse(bytes, {
      bom: true,
      columns: true,
      delimiter,
      info: true,
      // Spreadsheets and editors leave them at the end: no values, no record.
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
    });
    return (found as unknown as { record: Fields; info: { lines: number } }[]).map(
      ({ record, info }): Line => {
        const text = (key: keyof typeof REJECT_COLUMNS) => record[REJECT_COLUMNS[key]] || null;
        const fields = Object.entries(record).filter(([column]) => !own.has(column));
        return {
          at: `${name}:${info.lines}`,
          flow: text("flow"),
          place: text("place"),
          id: text("id"),
          record: text("record"),
          fields: Object.fromEntries(fields.map(([column, value]) => [column, value || null])),
          isWhole: true,
        };
      },
    );
  } catch (error) {
    if (error instanceof CsvError) throw csvInvalid(name, error.message, error);
    throw error;
  }
};

/** That by which the header has the column of flows, whatever else is in the names of the others. */
const delimiterOf = (header: string, name: string): string => {
  const plain = header.replace(/^\ufeff/, "").replaceAll('"', "");
  const found = [";", "\t", ","].find((one) => plain.split(one).includes(REJECT_COLUMNS.flow));
  if (found !== undefined || plain.trim() === "") return found ?? ";";
  throw repairedInvalid(
    `${name}:1`,
    `the header has no column \`${REJECT_COLUMNS.flow}\`, separated by semicolons, commas or tabs`,
  );
};

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const byFlow = (lines: readonly Line[], name: string): ReadonlyMap<string, Repaired> => {
  if (lines.length === 0) throw repairedInvalid(name, "it has no record");
  const flows = Map.groupBy(lines, ({ at, flow }) => {
    if (flow === null) {
      throw repairedInvalid(at, `nothing says of which flow it is (\`flow\`, \`reject_flow\`)`);
    }
    return flow;
  });
  return new Map([...flows].map(([flow, own]) => [flow, repairedOf(own)]));
};

const repairedOf = (lines: readonly Line[]): Repaired => {
  const names = [...new Set(lines.flatMap(({ fields }) => Object.keys(fields ?? {})))].filter(
    (name) => !SURPLUS.test(name),
  );
  const records = lines.map(({ at, place, id, record, fields }) => {
    if (fields === null) {
      throw repairedInvalid(at, "it has no values by column (`fields`), as it never had columns");
    }
    const surplus = Object.keys(fields).find((name) => SURPLUS.test(name) && fields[name]);
    if (surplus !== undefined) {
      throw repairedInvalid(
        at,
        `its line was too long, and \`${surplus}\` is no column: put the values in their places and empty it`,
      );
    }
    const raw = record ?? JSON.stringify(fields);
    return {
      place: place ?? at,
      raw,
      id: id ?? rejectId(place ?? "", raw),
      values: names.map((name) => fields[name] ?? null),
    };
  });
  return { names, records, isWhole: lines.some((line) => line.isWhole) };
};

/** See `fieldsOfLine`: what a line has beyond its last column. */
const SURPLUS = /^\(\d+\)$/;

/** The same for the same values of the same records. */
export const repairedIdentity = ({ names, records }: Omit<Repaired, "isWhole">): string =>
  createHash("sha256")
    .update(JSON.stringify([names, records.map(({ id, values }) => [id, values])]))
    .digest("hex");
