/**
 * The remote sources against doubles of GBIF and iNaturalist on loopback: `npm run bench:apis`.
 *
 *   --mb 1000   size of the download         --ids 100000   observations to look up
 *   --rounds 5  of which the medians are     --write        puts the result into docs/performance-apis.md
 *
 * A download is timed from its request to its last byte by `curl` and by the client themselves, in turn:
 * the start of a process is in neither. The lookup is timed as a whole run, start included. Needs `curl`,
 * `psql` and a server in TEST_DATABASE_URL, which `npm run bench:apis` starts.
 */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { answerFile } from "../test/support/gbif-file-host.ts";
import { startHttpDouble } from "../test/support/http-double.ts";
import { type Measured, measure, PROGRAM_FLAGS, shell } from "./process.ts";

const { values: flags } = parseArgs({
  options: {
    mb: { type: "string", default: "1000" },
    ids: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    write: { type: "boolean", default: false },
  },
});
const [mb, ids, rounds] = [Number(flags.mb), Number(flags.ids), Number(flags.rounds)];
const server = process.env.TEST_DATABASE_URL;
if (!server)
  throw new Error("TEST_DATABASE_URL names no server; start the bench with `npm run bench:apis`.");

/** Above 1 the machine was busy with something else, and the numbers say little. */
const load = (loadavg()[0] ?? 0).toFixed(1);
const root = new URL("../", import.meta.url).pathname;
const work = await mkdtemp(join(tmpdir(), "runner-bench-"));
const log = (text: string) => console.error(text);
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const range = (numbers: readonly number[]): string => {
  const all = numbers.toSorted((a, b) => a - b);
  return `${median(all).toFixed(2)} s (${all[0]?.toFixed(2)}–${all.at(-1)?.toFixed(2)})`;
};

const fileOf = async (name: string, megabytes: number): Promise<string> => {
  const path = join(work, name);
  await using file = await open(path, "w");
  const block = randomBytes(1_000_000);
  for (let index = 0; index < megabytes; index++) await file.write(block);
  return path;
};

const lookups: Measured[] = [];
const times = { curl: [] as number[], client: [] as number[] };
const peaks = { whole: [] as number[], quarter: [] as number[] };

/** Both write to the same disk; the file of before is gone by then. */
const download = async (): Promise<void> => {
  log(`Making a file of ${mb} MB …`);
  const files = {
    "/whole.zip": await fileOf("whole", mb),
    "/quarter.zip": await fileOf("quarter", mb / 4),
  };
  await using host = await startHttpDouble({
    port: 0,
    requests: [],
    faultOf: () => undefined,
    answer: (request) => answerFile(files[request.path as keyof typeof files], request),
  });
  const to = join(work, "fetched");
  const curl = async (name: string) => {
    const { output } = await shell(
      `rm -f ${to}; curl -sS -o ${to} -w '%{time_total}' ${host.origin}${name}`,
    );
    return Number(output);
  };
  const client = async (name: string) => {
    await rm(to, { force: true });
    const { output, peakMb } = await measure(process.execPath, [
      ...PROGRAM_FLAGS,
      join(root, "bench", "fetch.ts"),
      `${host.origin}${name}`,
      to,
    ]);
    return { seconds: Number(output), peakMb };
  };
  for (let round = 0; round <= rounds; round++) {
    const byCurl = await curl("/whole.zip");
    const byClient = await client("/whole.zip");
    const { size } = await stat(to);
    if (size !== mb * 1_000_000) throw new Error(`${size} bytes were fetched`);
    const small = await client("/quarter.zip");
    log(`round ${round}: curl ${byCurl.toFixed(2)} s, client ${byClient.seconds.toFixed(2)} s`);
    if (round === 0) continue;
    times.curl.push(byCurl);
    times.client.push(byClient.seconds);
    peaks.whole.push(byClient.peakMb);
    peaks.quarter.push(small.peakMb);
  }
};

const lookUp = async (): Promise<void> => {
  const pipeline = join(work, "ids.yaml");
  // The double is a process of its own, as the real one would be.
  const double = join(work, "double.mjs");
  await writeFile(
    double,
    `import { startFakeInaturalist } from ${JSON.stringify(join(root, "test/support/fake-inaturalist.ts"))};
     console.log((await startFakeInaturalist()).url);`,
  );
  const child = spawn(process.execPath, [double], { stdio: ["ignore", "pipe", "inherit"] });
  const url = String((await child.stdout.iterator({ destroyOnReturn: false }).next()).value).trim();
  try {
    await writeFile(
      pipeline,
      `name: ids
database: ${server}
flows:
  - name: uuids
    source:
      inaturalist:
        ids: { table: bench_ids.wanted, column: id }
        known: { table: bench_ids.known, column: id_inaturalist }
        contact: bench@example.org
        url: ${url}/observations
        per_second: null
        per_minute: null
        per_day: null
        permission: the double's
    sink: { postgres_upsert: { table: bench_ids.known, key: [id_inaturalist] } }
`,
    );
    const psql = (sql: string) =>
      shell(`psql -q -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" -c ${JSON.stringify(sql)}`);
    await psql(
      `create schema bench_ids; create table bench_ids.wanted as select id from generate_series(1, ${ids}) id; create table bench_ids.known (id_inaturalist bigint primary key, uuid uuid, uri text, status text, asked_at timestamptz)`,
    );
    for (let round = 0; round <= rounds; round++) {
      await psql("truncate bench_ids.known");
      const measured = await measure(process.execPath, [
        ...PROGRAM_FLAGS,
        join(root, "bin", "runner.js"),
        pipeline,
      ]);
      log(`round ${round}: ${ids} ids in ${measured.seconds.toFixed(2)} s`);
      if (round > 0) lookups.push(measured);
    }
  } finally {
    child.kill();
  }
};

await lookUp();
await download();

const idSeconds = lookups.map(({ seconds }) => seconds);
const ratios = times.client.map((seconds, round) => seconds / (times.curl[round] ?? Number.NaN));
const report = `Node ${process.versions.node}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB; load average ${load} before it began; the doubles are processes on the same machine. Medians of ${rounds} rounds (least–most) after a warm-up.

| what | time |
|---|---|
| \`curl\` of a file of ${mb.toLocaleString("en-US")} MB | ${range(times.curl)} |
| the client, the same file | ${range(times.client)} |
| ${ids.toLocaleString("en-US")} uuids, from the table of ids to the table of uuids, without rates | ${range(idSeconds)} |

| figure | target | here |
|---|---|---|
| client ÷ curl, of the pairs | ≤ 1.05 | ${median(ratios).toFixed(2)} |
| peak memory of the client's process | | ${Math.round(median(peaks.whole))} MB |
| that ÷ peak at a quarter of the size | about 1 | ${(median(peaks.whole) / median(peaks.quarter)).toFixed(2)} |
| ids per second, start included | ≥ 5,000 | ${Math.round(ids / median(idSeconds)).toLocaleString("en-US")} |
`;
console.log(report);
if (flags.write) {
  const command = `npm run bench:apis -- --mb ${mb} --ids ${ids} --rounds ${rounds} --write`;
  const page = `# Performance of the remote sources\n\nThis page is written by \`${command}\`: the sources \`gbif\` and \`inaturalist\` against doubles of the services.\n\n${report}`;
  await writeFile(join(root, "docs", "performance-apis.md"), page);
}
await rm(work, { recursive: true });
