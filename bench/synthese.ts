/**
 * From staging to the synthese, against a function written by hand in plain SQL (`synthese.sql`), on the
 * sandbox with its triggers and 14,455 areas: `npm run bench:synthese`.
 *
 *   --rows 200000   staged records       --rounds 3   of which the medians are printed
 *   --write         puts the result into docs/performance-synthese.md
 *
 * Each round begins with an empty synthese: first load, again with nothing changed, again with 3 %
 * changed; both sides in turn. Then a first load by two connections.
 */

import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeArchive } from "../samples/archive.ts";
import { type Measured, measure, shell } from "./process.ts";

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "200000" },
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const rows = Number(flags.rows);
const rounds = Number(flags.rounds);
const server = process.env.TEST_DATABASE_URL;
if (!server)
  throw new Error("TEST_DATABASE_URL names no server; start it with `npm run bench:synthese`.");

const root = new URL("../", import.meta.url).pathname;
const work = await mkdtemp(join(tmpdir(), "runner-bench-"));
const log = (text: string) => console.error(text);
const psql = (what: string) => shell(`psql -X -q -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" ${what}`);
const sql = (statement: string) => psql(`-c ${JSON.stringify(statement)}`);

log(`Making an archive of ${rows} records …`);
const archive = join(work, "archive.zip");
await writeArchive(archive, { rows, seed: 1, mode: "big", badShare: 0, isTame: true });

await cp(join(root, "pipelines"), join(work, "pipelines"), {
  recursive: true,
  filter: (path) => !path.includes(".runner"),
});
await cp(join(root, "bench", "synthese.yaml"), join(work, "pipelines", "bench.yaml"));
await writeFile(
  join(work, "pipelines", "stage.yaml"),
  `name: stage
database: ${server}
setup: [sql/geonature-sandbox.sql, sql/gbif-source.sql, sql/pinv_gbif.sql, sql/gbif-taxa.sql]
flows:
  - include: flows/gbif-staging.yaml
    with: { query: queries/inat.json, archive: ${archive} }
`,
);
const program = join(work, "package", "bin", "runner.js");
await mkdir(join(work, "package"));
await measure("npx", [
  "tsc",
  "-p",
  join(root, "tsconfig.build.json"),
  "--outDir",
  join(work, "package", "dist"),
]);
await cp(join(root, "bin"), join(work, "package", "bin"), { recursive: true });
await cp(join(root, "package.json"), join(work, "package", "package.json"));
await symlink(join(root, "node_modules"), join(work, "package", "node_modules"));
const runner = (pipeline: string, parallel = 1): Promise<Measured> =>
  measure(
    process.execPath,
    ["--max-semi-space-size=8", program, join(work, "pipelines", pipeline)],
    {
      BENCH_DATABASE: server,
      BENCH_PARALLEL: String(parallel),
    },
  );

log("Staging …");
await sql("create extension if not exists postgis");
await runner("stage.yaml");
await psql(`-f ${join(root, "bench", "areas.sql")}`);
await sql(
  "insert into pinv_gbif.cor_uuid_inaturalist (id_inaturalist, uuid) select distinct id_inaturalist, md5(id_inaturalist::text)::uuid from pinv_gbif.tmp_gbif_data where id_inaturalist is not null",
);
await psql(`-f ${join(root, "bench", "synthese.sql")}`);
await sql("vacuum analyze");

const change = (round: number) =>
  sql(
    `update pinv_gbif.tmp_gbif_data set occurrence_remarks = 'changed ${round}' where gbif_id % 100 in (${round % 25}, ${(round % 25) + 30}, ${(round % 25) + 60})`,
  );
const empty = async () => {
  await sql(
    "truncate gn_synthese.synthese restart identity cascade; drop table if exists pinv_gbif.track_synthese",
  );
  await sql("vacuum analyze gn_synthese.synthese");
};
const byHand = () => sql("select bench.upsert_gbif_data()");
const byRunner = () => runner("bench.yaml");
const analyze = () => sql("analyze gn_synthese.synthese");

const results: Record<string, Measured[]> = {};
const step = async (name: string, work: () => Promise<Measured>) => {
  const measured = await work();
  const words = measured.output.split("\n").find((line) => line.startsWith("synthese:")) ?? "";
  log(`${name}: ${measured.seconds.toFixed(2)} s ${words}`);
  results[name] ??= [];
  results[name].push(measured);
};
let changes = 0;
for (let round = 1; round <= rounds; round++) {
  for (const [side, work] of Object.entries({ hand: byHand, runner: byRunner })) {
    await empty();
    await step(`${side} first`, work);
    await analyze();
    await step(`${side} again`, work);
    changes++;
    await change(changes);
    await step(`${side} changed`, work);
  }
  await empty();
  await step("parallel first", () => runner("bench.yaml", 2));
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const times = (name: string) => (results[name] ?? []).map((one) => one.seconds);
const range = (name: string) => {
  const all = times(name).toSorted((a, b) => a - b);
  return `${median(all).toFixed(2)} s (${all[0]?.toFixed(2)}–${all.at(-1)?.toFixed(2)})`;
};
const ratio = (what: string, who = "runner") =>
  (median(times(`${who} ${what}`)) / median(times(`hand ${what}`))).toFixed(3);
const peak = Math.max(
  ...Object.values(results)
    .flat()
    .map((one) => one.peakMb),
);
const mapping = await measure(process.execPath, [
  join(root, "bench", "mapping.ts"),
  String(Math.min(rows, 200_000)),
]);

const report = `${rows.toLocaleString("en-US")} staged records, Node ${process.versions.node}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB. Medians of ${rounds} rounds (least–most).

| what | by hand | runner |
|---|---|---|
| first load | ${range("hand first")} | ${range("runner first")} |
| first load, \`parallel: 2\` | | ${range("parallel first")} |
| again, nothing changed | ${range("hand again")} | ${range("runner again")} |
| again, 3 % changed | ${range("hand changed")} | ${range("runner changed")} |

| figure | target | here |
|---|---|---|
| nothing changed ÷ by hand | ≤ 0.10 | ${ratio("again")} |
| 3 % changed ÷ by hand | ≤ 0.25 | ${ratio("changed")} |
| first load ÷ by hand | ≤ 1.05 | ${ratio("first")} |
| first load with \`parallel: 2\` ÷ by hand | ≤ 0.70 | ${ratio("first", "parallel")} |
| \`map_sinp\` alone | ≥ 100,000 rows/s | ${mapping.output.trim().split("\n").at(-1)} |
| peak memory of the runner, lookups included | ≤ 250 MB | ${Math.round(peak)} MB |
`;
console.log(report);
if (flags.write) {
  const command = `npm run bench:synthese -- --rows ${rows} --rounds ${rounds} --write`;
  const page = `# Performance of the way into the synthese\n\nThis page is written by \`${command}\`: the flow \`synthese\` against the same in plain SQL ([bench/synthese.sql](../bench/synthese.sql)), on the sandbox with its triggers and 14,455 areas.\n\n${report}`;
  await writeFile(join(root, "docs", "performance-synthese.md"), page);
}
await rm(work, { recursive: true });
