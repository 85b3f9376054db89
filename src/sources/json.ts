import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { contentHash, openFolder } from "../archive/folder.ts";
import { Batch, type Input, type Rejected } from "../core/batch.ts";
import { type Context, defineSource } from "../core/component.ts";
import { archiveEmpty, archiveMissing, inputIsFolder } from "../core/errors.ts";
import { requireText } from "../core/file-kind.ts";
import {
  arrayRecords,
  type JsonRecord,
  type JsonValue,
  jsonText,
  lineRecords,
  toJson,
} from "../core/json-records.ts";
import { oneOf, path as pathOption } from "../core/options.ts";
import { counted } from "../core/progress.ts";
import { BATCH_BYTES, type TextRecord, textBatch } from "../core/text-batch.ts";
import { Type } from "../core/type.ts";
import { fileUse } from "../core/uses.ts";

/** Without `columns`, the keys of so many records are the columns. */
const SAMPLE_RECORDS = 1000;

/** Reads records from a JSON file of any size. */
export const json = defineSource({
  name: "json",
  summary: "Reads records from a JSON file of any size: an array, or one object per line (NDJSON).",
  options: Type.Object({
    path: pathOption("The file."),
    format: Type.Optional(
      oneOf(["array", "lines"], {
        description:
          "`array`, or `lines` for one object per line (NDJSON); found out from the file when absent.",
      }),
    ),
    at: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Where in the file the array is, its keys joined by dots: `results`, `data.records`.",
      }),
    ),
    columns: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
        minProperties: 1,
        description:
          "Column → where its value is in a record: `{ taxon_name: taxon.name }`. " +
          `When absent, the keys of the first ${SAMPLE_RECORDS} records are the columns. ` +
          "Numbers stay as they are written, objects and arrays become JSON text.",
      }),
    ),
  }),
  example:
    "json: { path: ../samples/inaturalist.json, at: results, columns: { id_inaturalist: id, uuid: uuid } }",
  columns: ({ columns }) => columns && Object.keys(columns),
  uses: ({ path }) => fileUse(path, "read"),
  create: ({ path, format, at, columns }) =>
    async function* (context) {
      const name = basename(path);
      const info = await stat(path).catch((error: unknown) => {
        throw archiveMissing(path, error);
      });
      if (info.isDirectory()) throw inputIsFolder(path, "json");
      if (info.size === 0) throw archiveEmpty(name);
      requireText(path, "json");
      const isLines = (format ?? (await guessedFormat(path, at))) === "lines";
      const records = isLines
        ? lineRecords(path, name, context.signal)
        : arrayRecords(path, name, { at: at?.split(".") ?? [], signal: context.signal });
      const input: Input = { name, sizeBytes: info.size, identity: () => identityOf(path, name) };
      yield* batchesOf(records, input, columns, context);
    },
});

const identityOf = async (path: string, name: string): Promise<string> => {
  await using file = await openFolder(path, name);
  const [entry] = file.entries.values();
  if (entry === undefined) throw archiveMissing(path, undefined);
  return await contentHash(entry.read(new AbortController().signal));
};

/** An object at the start is the first line of NDJSON, unless the array is said to be inside. */
const guessedFormat = async (path: string, at: string | undefined): Promise<"array" | "lines"> => {
  if (at !== undefined) return "array";
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
  const start = buffer
    .toString("utf8", 0, bytesRead)
    .replace(/^\ufeff/, "")
    .trimStart();
  return start.startsWith("{") ? "lines" : "array";
};

async function* batchesOf(
  records: AsyncIterable<JsonRecord>,
  input: Input,
  columns: Readonly<Record<string, string>> | undefined,
  { log }: Context,
): AsyncGenerator<Batch> {
  let names = columns && Object.keys(columns);
  let paths = columns && Object.values(columns).map((path) => path.split("."));
  let waiting: JsonRecord[] = [];
  let bytes = 0;
  let hasGiven = false;
  const unknown = new Map<string, number>();

  const batch = (): Batch => {
    names ??= keysOf(waiting);
    paths ??= names.map((name) => [name]);
    const made = recordBatch(waiting, {
      names,
      paths,
      input,
      bytes: (waiting.at(-1)?.bytesRead ?? bytes) - bytes,
    });
    if (columns === undefined) countUnknown(waiting, new Set(names), unknown);
    bytes = waiting.at(-1)?.bytesRead ?? bytes;
    waiting = [];
    hasGiven = true;
    return made;
  };

  for await (const record of records) {
    waiting.push(record);
    const isFull = record.bytesRead - bytes >= BATCH_BYTES || waiting.length >= MAX_RECORDS;
    if (names === undefined ? waiting.length >= SAMPLE_RECORDS : isFull) yield batch();
  }
  if (waiting.length > 0 || !hasGiven) {
    yield waiting.length > 0 ? batch() : Batch.empty(input, names ?? []);
  }
  for (const [key, count] of unknown) {
    log.warn(
      `${counted(count, "record")} of ${input.name} ${count === 1 ? "has" : "have"} a key \`${key}\` that the first ${SAMPLE_RECORDS} did not have; it was left out. List it under \`columns\`.`,
    );
  }
}

const MAX_RECORDS = 10_000;

const recordBatch = (
  records: readonly JsonRecord[],
  table: {
    names: readonly string[];
    paths: readonly (readonly string[])[];
    input: Input;
    bytes: number;
  },
): Batch => {
  const good: TextRecord[] = [];
  const rejects: Rejected[] = [];
  for (const { place, value, line } of records) {
    const raw = line?.trim() ?? toJson(value);
    if (value instanceof Map) {
      const values = table.paths.map((path) => jsonText(valueAt(value, path)));
      good.push({ place, raw, values });
    } else {
      rejects.push({ place, raw, code: "no_object", message: "The record is not a JSON object." });
    }
  }
  return textBatch(table.names, good, { input: table.input, bytes: table.bytes, rejects });
};

const valueAt = (value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((inner, key) => {
    if (inner instanceof Map) return inner.get(key);
    return Array.isArray(inner) ? inner[Number(key)] : undefined;
  }, value);

const keysOf = (records: readonly JsonRecord[]): string[] => [
  ...new Set(records.flatMap(({ value }) => (value instanceof Map ? [...value.keys()] : []))),
];

const countUnknown = (
  records: readonly JsonRecord[],
  known: ReadonlySet<string>,
  unknown: Map<string, number>,
): void => {
  for (const { value } of records) {
    if (!(value instanceof Map)) continue;
    for (const key of value.keys()) {
      if (!known.has(key)) unknown.set(key, (unknown.get(key) ?? 0) + 1);
    }
  }
};
