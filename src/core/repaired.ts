/** Files of rejects that people have repaired: what `runner rejects` has exported, or a run's own file. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Fields } from "./batch.ts";
import { inputIsFolder, repairedInvalid, replayMissing } from "./errors.ts";
import { type JsonRecord, type JsonValue, jsonText, lineRecords } from "./json-records.ts";
import { REJECT_ID, rejectId } from "./reject-file.ts";
import { REJECT_COLUMNS, tableLines } from "./repaired-table.ts";
import type { TextRecord } from "./text-batch.ts";

/** The records of a flow, to come again instead of its source. */
export interface Repaired {
  readonly names: readonly string[];
  /** Where each of them stands first. */
  readonly namesAt: ReadonlyMap<string, string>;
  /** Where the first record is, and where that names its columns. */
  readonly firstAt: string;
  readonly at: string;
  /** Whether it is a table, which has each column in all records. */
  readonly isTable: boolean;
  /** All columns, where the file says so. */
  readonly columns: readonly string[] | undefined;
  /** False when there may be columns that are not among `names`, as none of the records has a value in them. */
  readonly isWhole: boolean;
  /** Where a record as it was, which is there to be read, is another by now: somebody has repaired that. */
  readonly editedAt: readonly string[];
  readonly records: readonly (TextRecord & { readonly id: string })[];
}

/** One record as the file has it; `at` is where, `namesAt` where its columns are named. */
interface Line {
  readonly at: string;
  readonly namesAt: string;
  readonly flow: string | null;
  readonly place: string | null;
  readonly id: string | null;
  readonly record: string | null;
  readonly fields: Fields | null;
}

/** What a file has: its lines, and the columns of its flows as far as it says them. */
interface Content {
  readonly lines: readonly Line[];
  readonly isTable: boolean;
  readonly columns: ReadonlyMap<string | null, readonly string[]>;
}

/** The records of a repaired file by flow; it is JSON by line, or a table as a spreadsheet saves it. */
export const readRepaired = async (
  path: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Repaired>> => {
  const name = basename(path);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EISDIR" ? inputIsFolder(path, "--replay") : replayMissing(path, error);
  });
  const isJson = /^\ufeff?\s*\{/.test(bytes.toString("utf8", 0, 100));
  const content = isJson
    ? await jsonContent(lineRecords(path, name, signal))
    : { lines: linesOfTable(bytes, name), isTable: true, columns: new Map() };
  return byFlow(content, name);
};

/**
 * A run's own file names the columns of its rejects in lines before them, the rejects only those with a
 * value; what `runner rejects` exports has all in each record.
 */
const jsonContent = async (records: AsyncIterable<JsonRecord>): Promise<Content> => {
  const columns = new Map<string | null, readonly string[]>();
  const lines: Line[] = [];
  for await (const { place, value } of records) {
    const members = value instanceof Map ? value : new Map<string, JsonValue>();
    const named = members.get("columns");
    if (Array.isArray(named)) {
      const flow = jsonText(members.get("flow"));
      columns.set(flow, [...new Set([...(columns.get(flow) ?? []), ...named.map(String)])]);
    } else lines.push(jsonLine(place, members));
  }
  return { lines, isTable: false, columns };
};

const jsonLine = (at: string, members: ReadonlyMap<string, JsonValue>): Line => {
  const fields = members.get("fields");
  const text = (name: string) => jsonText(members.get(name));
  return {
    at,
    namesAt: at,
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

const linesOfTable = (bytes: Buffer, name: string): Line[] => {
  const own = new Set<string>(Object.values(REJECT_COLUMNS));
  return tableLines(bytes, name).map(({ at, values }): Line => {
    const text = (key: keyof typeof REJECT_COLUMNS) => values[REJECT_COLUMNS[key]] || null;
    const fields = Object.entries(values).filter(([column]) => !own.has(column));
    return {
      at,
      namesAt: `${name}:1`,
      flow: text("flow"),
      place: text("place"),
      id: text("id"),
      record: text("record"),
      fields: Object.fromEntries(fields.map(([column, value]) => [column, value || null])),
    };
  });
};

const byFlow = (content: Content, name: string): ReadonlyMap<string, Repaired> => {
  if (content.lines.length === 0) throw repairedInvalid(name, "it has no record");
  const flows = Map.groupBy(content.lines, ({ at, flow }) => {
    if (flow === null) {
      throw repairedInvalid(at, `nothing says of which flow it is (\`flow\`, \`reject_flow\`)`);
    }
    return flow;
  });
  return new Map(
    [...flows].map(([flow, lines]) => [
      flow,
      repairedOf(lines, content.isTable, content.columns.get(flow)),
    ]),
  );
};

const repairedOf = (
  lines: readonly Line[],
  isTable: boolean,
  columns: readonly string[] | undefined,
): Repaired => {
  const namesAt = new Map<string, string>();
  for (const { fields, namesAt: at } of lines) {
    for (const name of Object.keys(fields ?? {})) {
      if (!SURPLUS.test(name) && !namesAt.has(name)) namesAt.set(name, at);
    }
  }
  const names = [...namesAt.keys()];
  const records = lines.map((line) => recordOf(line, names));
  requireOnce(lines, records);
  return {
    names,
    namesAt,
    firstAt: lines[0]?.at ?? "",
    at: lines[0]?.namesAt ?? "",
    isTable,
    columns,
    editedAt: lines.filter(isEdited).map(({ at }) => at),
    isWhole: isTable || lines.some(({ fields }) => Object.values(fields ?? {}).includes(null)),
    records,
  };
};

/** A line that somebody has doubled would be loaded twice. */
const requireOnce = (lines: readonly Line[], records: Repaired["records"]): void => {
  const known = new Map<string, string>();
  for (const [index, { id, at }] of lines.entries()) {
    const own = records[index]?.id ?? "";
    const other = known.get(own);
    // Of lines without a name nobody knows what they were.
    if (id === null) continue;
    if (other !== undefined) throw repairedInvalid(at, `it is the same record as ${other}`);
    known.set(own, at);
  }
};

const recordOf = (line: Line, names: readonly string[]): Repaired["records"][number] => {
  const { at, place, record, fields } = line;
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
  return {
    place: place ?? at,
    raw: record ?? JSON.stringify(fields),
    id: idOf(line, fields),
    values: names.map((name) => fields[name] ?? null),
  };
};

/** The name of a reject is made of its record. */
const isEdited = ({ id, place, record }: Line): boolean =>
  id !== null &&
  REJECT_ID.test(id) &&
  place !== null &&
  record !== null &&
  rejectId(place, record) !== id;

/** A spreadsheet takes one in some thousand for a number, `1.2E+19`; what it is made of may still be there. */
const idOf = ({ at, id, place, record }: Line, fields: Fields): string => {
  if (id !== null && REJECT_ID.test(id)) return id;
  if (id !== null && (place === null || record === null)) {
    throw repairedInvalid(
      at,
      `its \`${REJECT_COLUMNS.id}\`, ${JSON.stringify(id)}, is no name of a reject: export it again, and open the table with all columns as text`,
    );
  }
  return rejectId(place ?? "", record ?? JSON.stringify(fields));
};

/** See `fieldsOfLine`: what a line has beyond its last column. */
const SURPLUS = /^\(\d+\)$/;

/** The same for the same values of the same records. */
export const repairedIdentity = ({ names, records }: Pick<Repaired, "names" | "records">): string =>
  createHash("sha256")
    .update(JSON.stringify([names, records.map(({ id, values }) => [id, values])]))
    .digest("hex");
