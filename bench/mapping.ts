/**
 * `map_sinp` alone, without a database: `node bench/mapping.ts [rows]`. Prints rows per second of processor time,
 * which other programs on the machine disturb less than the clock.
 *
 * The records are those of `samples/`, staged as `pipelines/flows/gbif-staging.yaml` does it and with what the
 * lookups add; every column of the result is read, as a sink would.
 */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { header, OCCURRENCE } from "../samples/layout.ts";
import { sampleRecords } from "../samples/records.ts";
import { Batch } from "../src/core/batch.ts";
import { TextColumn } from "../src/core/columns.ts";
import { CopyWriter } from "../src/core/copy-writer.ts";
import { readMapping } from "../src/geonature/mapping.ts";
import { recordMapper } from "../src/geonature/record-mapper.ts";

const rows = Number(process.argv[2] ?? 200_000);
/** About as many as a batch of a source has. */
const BATCH_ROWS = 1000;

const sinp = new URL("../pipelines/sinp/", import.meta.url).pathname;
const mapping = await readMapping({
  fields: `${sinp}fields.csv`,
  vocabularies: `${sinp}vocabularies.csv`,
});
const ids = new Map(
  [...mapping.lists].map(([type, codes]) => [
    type,
    new Map([...codes.keys()].map((code, index) => [code, String(index + 100)])),
  ]),
);
const map = recordMapper(
  mapping,
  {
    observers: "as_published",
    blurredRemarks: "keep",
    uncertaintyMaxPointMetres: 100,
    platforms: new Set(["50c9509d-22c7-4a22-a47d-8c48425ef4a7"]),
    taxrefVersion: "18",
    today: "2100-01-01",
    report: () => undefined,
  },
  ids,
);

/** Staging name → GBIF's name, as the staging flow has it. */
const staged: Record<string, string> = parse(
  readFileSync(new URL("../pipelines/flows/gbif-staging.yaml", import.meta.url), "utf8"),
).flows[0].transforms.at(-1).project.columns;
const positions = new Map(
  header(OCCURRENCE)
    .trimEnd()
    .split("\t")
    .map((name, index) => [name, index]),
);

const columnsOf = (records: readonly string[][]) => {
  const columns = new Map<string, TextColumn>();
  for (const [name, term] of Object.entries(staged)) {
    const at = positions.get(term);
    columns.set(name, new TextColumn(records.map((fields) => (at && fields[at]) || null)));
  }
  columns.set("gbif_id", new TextColumn(records.map((fields) => fields[0] ?? null)));
  const number = (fields: string[]) =>
    /observations\/(\d+)/.exec(fields[positions.get("references") ?? 0] ?? "");
  columns.set(
    "id_inaturalist",
    new TextColumn(records.map((fields) => number(fields)?.[1] ?? null)),
  );
  const all = (value: string | null) => new TextColumn(records.map(() => value));
  for (const [name, value] of Object.entries({
    id_source: "7",
    id_dataset: "3",
    cd_nom: "60585",
    cd_nom_from: "taxonKey",
    inaturalist_uuid: "0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    inaturalist_status: "found",
    media_urls: '["https://example.org/1.jpg"]',
    download_doi: "10.15468/dl.abcdef",
  })) {
    columns.set(name, all(value));
  }
  return columns;
};

const input = { name: "bench", sizeBytes: undefined, identity: async () => "bench" };
const record = () => ({ place: "", raw: "" });
const batches: Batch[] = [];
let lines: string[][] = [];
for (const { occurrence } of sampleRecords({
  rows: Math.min(rows, 20_000),
  seed: 1,
  mode: "big",
})) {
  lines.push(occurrence.replace(/\n$/, "").split("\t"));
  if (lines.length < BATCH_ROWS) continue;
  batches.push(
    Batch.from({ columns: columnsOf(lines), size: lines.length, input, record, bytes: 0 }),
  );
  lines = [];
}

const writer = new CopyWriter(4 * 1024 * 1024);
let mapped = 0;
let rejected = 0;
/** Maps all batches over and over, until so many rows are done. */
const mapRows = (wanted: number, isRead: boolean) => {
  const before = process.cpuUsage();
  const start = performance.now();
  let done = 0;
  while (done < wanted) {
    for (const batch of batches) {
      const result = map(batch);
      done += batch.size;
      mapped += result.size;
      rejected += result.rejects.length;
      if (isRead) {
        const columns = result.names.map((name) => result.column(name));
        for (const row of result.rows) for (const column of columns) column.copyTo(writer, row);
        writer.clear();
      }
      if (done >= wanted) break;
    }
  }
  const { user, system } = process.cpuUsage(before);
  return { cpu: done / ((user + system) / 1e6), wall: done / ((performance.now() - start) / 1000) };
};

mapRows(20_000, true);
[mapped, rejected] = [0, 0];
const alone = mapRows(rows, false);
const written = mapRows(rows, true);
const shown = (value: number) => Math.round(value).toLocaleString("en-US");
console.log(
  `map_sinp: ${shown(alone.cpu)} rows per second of processor time (${shown(alone.wall)} by the clock); ` +
    `with its columns written as COPY text, ${shown(written.cpu)} (${shown(written.wall)}). ` +
    `${shown(mapped / 2)} rows mapped, ${shown(rejected / 2)} rejected.`,
);
