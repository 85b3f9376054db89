/**
 * The runner against what it replaces, in one run: `npm run bench`.
 *
 *   --rows 400000   records of the archive       --rounds 3   of which the medians are printed
 *   --write         puts the result into docs/performance.md
 *
 * Needs `unzip`, `cut`, `psql` and a server in TEST_DATABASE_URL, which `npm run bench` starts.
 */

import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeArchive } from "../samples/archive.ts";
import { MULTIMEDIA, OCCURRENCE } from "../samples/layout.ts";
import { type Measured, measure, PROGRAM_FLAGS, shell } from "./process.ts";

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "400000" },
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const rows = Number(flags.rows);
const rounds = Number(flags.rounds);
const server = process.env.TEST_DATABASE_URL;
if (!server)
  throw new Error("TEST_DATABASE_URL names no server; start the bench with `npm run bench`.");

const root = new URL("../", import.meta.url).pathname;
const work = await mkdtemp(join(tmpdir(), "runner-bench-"));
const log = (text: string) => console.error(text);

/** Columns that the hand procedure keeps, in the order of the file, as `cut` leaves them. */
const OCCURRENCE_KEPT: Record<string, string> = {
  gbifID: "gbif_id",
  modified: "modified",
  references: '"references"',
  basisOfRecord: "basis_of_record",
  occurrenceID: "occurrence_id",
  recordedBy: "recorded_by",
  individualCount: "individual_count",
  sex: "sex",
  lifeStage: "life_stage",
  reproductiveCondition: "reproductive_condition",
  caste: "caste",
  behavior: "behavior",
  vitality: "vitality",
  occurrenceStatus: "occurrence_status",
  occurrenceRemarks: "occurrence_remarks",
  eventDate: "event_date",
  verbatimLocality: "verbatim_locality",
  decimalLatitude: "decimal_latitude",
  decimalLongitude: "decimal_longitude",
  coordinateUncertaintyInMeters: "coordinate_uncertainty_meters",
  identifiedBy: "identified_by",
  scientificName: "scientific_name",
  datasetKey: "dataset_key",
  issue: "issue",
  taxonKey: "taxonkey",
  verbatimScientificName: "verbatim_scientific_name",
};
const MULTIMEDIA_KEPT: Record<string, string> = { gbifID: "gbif_id", identifier: "media_url" };

const cutting = (columns: readonly { name: string }[], kept: Record<string, string>) => {
  const found = columns
    .map(({ name }, index) => ({ name, at: index + 1 }))
    .filter(({ name }) => name in kept);
  return {
    positions: found.map(({ at }) => at).join(","),
    names: found.map(({ name }) => kept[name]).join(", "),
  };
};

const archiveOf = async (records: number, badShare = 0): Promise<string> => {
  const bad = badShare > 0 ? `, ${badShare * 100} % of them bad` : "";
  log(`Making an archive of ${records} records${bad} …`);
  const path = join(work, `archive-${records}-${badShare}.zip`);
  await writeArchive(path, { rows: records, seed: 1, mode: "big", badShare, isTame: true });
  return path;
};

/** The program as it is installed: built, not stripped of its types at every start. */
const builtProgram = async (): Promise<string> => {
  const folder = join(work, "package");
  await mkdir(folder);
  await measure(process.execPath, [join(root, "scripts", "build.ts"), join(folder, "dist")]);
  await cp(join(root, "bin"), join(folder, "bin"), { recursive: true });
  await cp(join(root, "docs", "codes.yaml"), join(folder, "docs", "codes.yaml"));
  await cp(join(root, "package.json"), join(folder, "package.json"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return join(folder, "bin", "runner.js");
};

/** A folder of 50 pipelines: the shipped ones, over and over under other names, with all that they include. */
const fiftyPipelines = async (): Promise<string> => {
  const folder = join(work, "fifty");
  await cp(join(root, "pipelines"), folder, { recursive: true });
  const shipped = (await readdir(folder)).filter((name) => /^\w+\.yaml$/.test(name));
  for (let made = shipped.length; made < 50; made++) {
    const text = await readFile(join(folder, shipped[made % shipped.length] ?? ""), "utf8");
    await writeFile(join(folder, `p${made}.yaml`), text.replace(/^name: .*/m, `name: p${made}`));
  }
  return folder;
};

const archive = await archiveOf(rows);
const badArchive = await archiveOf(rows, 0.01);
const quarter = await archiveOf(rows / 4);
const program = await builtProgram();
const fifty = await fiftyPipelines();
await cp(join(root, "bench", "pipeline.yaml"), join(work, "pipeline.yaml"));
await cp(join(root, "bench", "tables.sql"), join(work, "tables.sql"));
const psql = (command: string) =>
  `psql -q -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" -c ${JSON.stringify(command)}`;
await shell(`psql -q "$TEST_DATABASE_URL" -f ${join(work, "tables.sql")}`);

const occurrence = cutting(OCCURRENCE, OCCURRENCE_KEPT);
const multimedia = cutting(MULTIMEDIA, MULTIMEDIA_KEPT);
const hand = join(work, "hand");
const copyFiles = [
  psql("truncate bench.tmp_gbif_data, bench.cor_multimedia"),
  `psql -q -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" -c "\\copy bench.tmp_gbif_data (${occurrence.names.replaceAll('"', '\\"')}) from '${hand}/occurrence.cut' null ''"`,
  `psql -q -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" -c "\\copy bench.cor_multimedia (${multimedia.names}) from '${hand}/multimedia.cut' null ''"`,
].join("\n");
const byHand = [
  `rm -rf ${hand}; mkdir ${hand}`,
  `unzip -q ${archive} -d ${hand}`,
  `tail -n +2 ${hand}/occurrence.txt | cut -f ${occurrence.positions} > ${hand}/occurrence.cut`,
  `tail -n +2 ${hand}/multimedia.txt | cut -f ${multimedia.positions} > ${hand}/multimedia.cut`,
  copyFiles,
].join("\n");

const runner = (database: string, path: string): Promise<Measured> =>
  measure(process.execPath, [...PROGRAM_FLAGS, program, join(work, "pipeline.yaml"), "--yes"], {
    BENCH_DATABASE: database,
    BENCH_ARCHIVE: path,
  });

const steps: Record<string, () => Promise<Measured>> = {
  hand: () => shell(byHand),
  unzip: () => shell(`unzip -p ${archive} occurrence.txt > /dev/null`),
  copy: () => shell(copyFiles),
  runner: () => runner(server, archive),
  bad: () => runner(server, badArchive),
  quarter: () => runner(server, quarter),
  embedded: () => runner("embedded", archive),
  validate: () => measure(process.execPath, [...PROGRAM_FLAGS, program, "validate", fifty]),
};
const results: Record<string, Measured[]> = {};
for (let round = 0; round <= rounds; round++) {
  for (const [name, step] of Object.entries(steps)) {
    const measured = await step();
    log(
      `${round === 0 ? "warm-up" : `round ${round}`} ${name}: ${measured.seconds.toFixed(2)} s, ${Math.round(measured.peakMb)} MB`,
    );
    if (round > 0) {
      results[name] ??= [];
      results[name].push(measured);
    }
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const seconds = (name: string) => median((results[name] ?? []).map((one) => one.seconds));
const memory = (name: string) => median((results[name] ?? []).map((one) => one.peakMb));
const ratio = (name: string, other: string) =>
  median(
    (results[name] ?? []).map(
      (one, round) => one.seconds / (results[other]?.[round]?.seconds ?? Number.NaN),
    ),
  );
const range = (name: string) => {
  const all = (results[name] ?? []).map((one) => one.seconds).toSorted((a, b) => a - b);
  return `${seconds(name).toFixed(2)} s (${all[0]?.toFixed(2)}–${all.at(-1)?.toFixed(2)})`;
};
/** Rows of both tables, from the runner's own lines. */
const loaded = [...(results.embedded?.[0]?.output ?? "").matchAll(/([\d,]+) read/g)]
  .map((match) => Number(match[1]?.replaceAll(",", "")))
  .reduce((sum, count) => sum + count, 0);
const { output: serverVersion } = await shell(psql("show server_version"));

const report = `${rows.toLocaleString("en-US")} records × 230 columns and their media, Node ${process.versions.node}, PostgreSQL ${serverVersion.split("\n")[2]?.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB. Medians of ${rounds} rounds (least–most) after a warm-up.

| what | wall time |
|---|---|
| by hand: \`unzip\`, \`cut\`, \`\\copy\` of 26 and 2 columns | ${range("hand")} |
| \`unzip -p occurrence.txt > /dev/null\`, for information | ${range("unzip")} |
| COPY alone of the files that \`cut\` made | ${range("copy")} |
| **runner**, the same staging | ${range("runner")} |
| runner, 1 % of the records refused by the server | ${range("bad")} |
| runner, a quarter of the records | ${range("quarter")} |
| runner, embedded database | ${range("embedded")} |
| \`runner validate\` of 50 pipelines with all that they include | ${range("validate")} |

| figure | target | here |
|---|---|---|
| runner ÷ by hand | ≤ 0.45 | ${ratio("runner", "hand").toFixed(2)} |
| runner ÷ COPY alone | ≤ 1.25 | ${ratio("runner", "copy").toFixed(2)} |
| peak memory of the runner | ≤ 200 MB | ${Math.round(memory("runner"))} MB |
| that ÷ peak at a quarter of the records | ≤ 1.1 | ${(memory("runner") / memory("quarter")).toFixed(2)} |
| peak memory with the embedded database, for information | | ${Math.round(memory("embedded"))} MB |
| 1 % refused ÷ none refused | ≤ 1.5 | ${ratio("bad", "runner").toFixed(2)} |
| embedded database, rows per second, start included | ≥ 50,000 | ${Math.round(loaded / seconds("embedded")).toLocaleString("en-US")} |
| \`validate\` of 50 pipelines | ≤ 1 s | ${seconds("validate").toFixed(2)} s |
`;
console.log(report);
if (flags.write) {
  const command = `npm run bench -- --rows ${rows} --rounds ${rounds} --write`;
  const page = `# Performance\n\nThis page is written by \`${command}\`: the runner against the procedure that it replaces, all into one server and in one run.\n\n${report}`;
  await writeFile(join(root, "docs", "performance.md"), page);
}
await rm(work, { recursive: true });
