/**
 * Is the synthese the same when a run into it is killed again and again? `npm run bench:killed`.
 *
 *   --rows 1000000   staged records        --kills 10   moments of the merge, spread over it
 *   --parallel 2     connections           --seed 1     of the moments
 *
 * The flow `synthese` runs undisturbed into the sandbox, with its triggers; what it made is put aside. Then
 * it runs again into an empty synthese, is ended by `kill -9` at these moments, started again each time, and
 * compared: rows, links to areas, the track and what was written beside it, and the account of all runs. Ends
 * with 1 when they differ.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import pg from "pg";
import { killAgainAndAgain, type Started } from "../test/support/kills.ts";
import { randomFrom } from "../test/support/random.ts";
import { stagedSandbox } from "./staged.ts";

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    kills: { type: "string", default: "10" },
    parallel: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
  },
});
const log = (text: string) => console.error(text);
await using staged = await stagedSandbox(Number(flags.rows), log);
const client = new pg.Client(process.env.TEST_DATABASE_URL);
await client.connect();
const numberOf = async (sql: string): Promise<number> =>
  Number((await client.query({ text: sql, rowMode: "array" })).rows[0]?.[0] ?? 0);

const start = (): Started => {
  const [node, ...words] = staged.command;
  const env = { ...process.env, ...staged.environment(Number(flags.parallel)) };
  const child = spawn(node, words, { env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return { child, ended: once(child, "close").then(([code]) => ({ code, stderr })) };
};

/** What is to be the same, whatever numbers and times the rows got; a hash of each, as a million of them are gigabytes. */
const RESULTS = {
  rows: `select entity_source_pk_value as key, md5((to_jsonb(synthese) - '{id_synthese,meta_create_date,meta_update_date}'::text[])::text) as value from gn_synthese.synthese`,
  links:
    "select entity_source_pk_value as key, md5(concat_ws(' ', unique_id_sinp, id_area)) as value from gn_synthese.cor_area_synthese join gn_synthese.synthese using (id_synthese)",
  track:
    "select entity_source_pk_value as key, md5((to_jsonb(track) - array['run', 'seen'])::text) as value from pinv_gbif.track_synthese as track",
  written:
    "select entity_source_pk_value as key, md5(to_jsonb(written)::text) as value from pinv_gbif.track_synthese_written as written",
};
const WRITTEN =
  "select coalesce(sum(inserted), 0) from runner.flow where flow = 'synthese' and run >";

log("Undisturbed …");
await staged.empty();
const started = performance.now();
const undisturbed = await start().ended;
if (undisturbed.code !== 0) throw new Error(undisturbed.stderr);
log(undisturbed.stderr.trim());
const seconds = (performance.now() - started) / 1000;
await client.query("create schema if not exists bench");
for (const [name, sql] of Object.entries(RESULTS)) {
  await client.query(`create table bench.expected_${name} as ${sql}`);
}
const expected = await numberOf("select count(*) from gn_synthese.synthese");
const before = await numberOf("select max(run) from runner.run");

log(`Killed ${flags.kills} times …`);
await staged.empty();
await killAgainAndAgain(start, {
  kills: Number(flags.kills),
  progress: async () => (await numberOf(`${WRITTEN} ${before}`)) / expected,
  random: randomFrom(Number(flags.seed)),
  // About two parts of a session.
  pauseMs: Math.min(6000, (1000 * seconds) / 10),
  log,
});

const findings: (readonly [string, number])[] = [];
const differing = async (a: string, b: string): Promise<number> => {
  const rest = `(${a} except all ${b}) as differing`;
  const { rows } = await client.query(`select key from ${rest} order by key limit 3`);
  if (rows.length > 0) log(`For example: ${rows.map(({ key }) => key).join(", ")}`);
  return numberOf(`select count(*) from ${rest}`);
};
for (const [name, sql] of Object.entries(RESULTS)) {
  const table = `select * from bench.expected_${name}`;
  const all = await numberOf(`select count(*) from bench.expected_${name}`);
  const of = `of ${all.toLocaleString("en-US")} ${name}`;
  findings.push([`missing, ${of}`, await differing(table, sql)]);
  findings.push([`too many, ${of}`, await differing(sql, table)]);
}
const account = "from runner.flow where flow = 'synthese' and run >";
findings.push(
  ["rows inserted, less those there are", (await numberOf(`${WRITTEN} ${before}`)) - expected],
  [
    "runs whose account does not add up",
    await numberOf(
      `select count(*) ${account} ${before} and read <> inserted + updated + unchanged + held + rejected + filtered`,
    ),
  ],
);
await client.end();
console.log(
  `${expected.toLocaleString("en-US")} rows in ${Math.round(seconds)} s undisturbed, with \`parallel: ${flags.parallel}\`; killed ${flags.kills} times (seed ${flags.seed}):`,
);
for (const [what, number] of findings) console.log(`  ${what}: ${number}`);
const isSame = findings.every(([, number]) => number === 0);
console.log(isSame ? "The same." : "NOT the same.");
process.exitCode = isSame ? 0 : 1;
