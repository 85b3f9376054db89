/**
 * From staging to the synthese, against a function written by hand in plain SQL (`synthese.sql`), on the
 * sandbox with its triggers and 14,455 areas: `npm run bench:synthese`.
 *
 *   --rows 200000   staged records       --rounds 3   of which the medians are printed
 *   --write         puts the result into docs/performance-synthese.md
 *
 * Each round begins with an empty synthese: first load, again with nothing changed, again with 3 %
 * changed; both sides in turn. A rerun comes a month later: autovacuum has been there by then, on both sides. Then a first load and nothing changed by two connections, and a rerun in which one
 * record in a hundred is gone: of that, how long the look for vanished rows takes.
 */

import { writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Measured, measure } from "./process.ts";
import { stagedSandbox } from "./staged.ts";

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "200000" },
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const rows = Number(flags.rows);
const rounds = Number(flags.rounds);
const root = new URL("../", import.meta.url).pathname;
const log = (text: string) => console.error(text);
await using staged = await stagedSandbox(rows, log);
const { psql, sql, empty, command, environment } = staged;
const runner = (parallel: number): Promise<Measured> => {
  const [node, ...words] = command;
  return measure(node, words, environment(parallel));
};

await psql(`-f ${join(root, "bench", "areas.sql")}`);
await psql(`-f ${join(root, "bench", "synthese.sql")}`);
await sql("create table bench.withdrawn (like pinv_gbif.tmp_gbif_data)");
await sql("vacuum analyze");

const change = (round: number) =>
  sql(
    `update pinv_gbif.tmp_gbif_data set occurrence_remarks = 'changed ${round}' where gbif_id % 100 in (${round % 25}, ${(round % 25) + 30}, ${(round % 25) + 60})`,
  );
const byHand = () => sql("select bench.upsert_gbif_data()");
const byRunner = () => runner(1);
const autovacuum = () => sql("vacuum analyze");

/** Begins with the transaction that marks, and ends with the warning of it. */
const markingSeconds = async ({ output }: Measured): Promise<number> => {
  const said = output.split("\n").find((line) => line.includes("no longer in the export"));
  const { time } = JSON.parse(said ?? "{}");
  const begun = await psql(
    `-At -c "select to_json(max(committed_at)) from runner.flow where flow = 'synthese'"`,
  );
  return (Date.parse(time) - Date.parse(JSON.parse(begun.output))) / 1000;
};
const withdrawn = async () => {
  await sql(
    "with gone as (delete from pinv_gbif.tmp_gbif_data where gbif_id % 100 = 50 returning *) insert into bench.withdrawn select * from gone",
  );
  const [node, ...words] = command;
  const measured = await measure(node, [...words, "--log", "json"], environment(1));
  markings.push(await markingSeconds(measured));
  await sql("insert into pinv_gbif.tmp_gbif_data select * from bench.withdrawn");
  await sql("truncate bench.withdrawn");
  return measured;
};

const markings: number[] = [];
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
    if (work === byRunner) await step("runner at once", work);
    await autovacuum();
    await step(`${side} again`, work);
    changes++;
    await change(changes);
    await step(`${side} changed`, work);
  }
  await empty();
  await step("parallel first", () => runner(2));
  await autovacuum();
  await step("parallel again", () => runner(2));
  await step("withdrawn", withdrawn);
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
const marking = median(markings) / median(times("runner again"));
const mapping = await measure(process.execPath, [
  join(root, "bench", "mapping.ts"),
  String(Math.min(rows, 200_000)),
]);

const report = `${rows.toLocaleString("en-US")} staged records, Node ${process.versions.node}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB. ${rounds === 1 ? "One round." : `Medians of ${rounds} rounds (least–most).`}

| what | by hand | runner |
|---|---|---|
| first load | ${range("hand first")} | ${range("runner first")} |
| first load, \`parallel: 2\` | | ${range("parallel first")} |
| again at once, before autovacuum was there | | ${range("runner at once")} |
| again, nothing changed | ${range("hand again")} | ${range("runner again")} |
| again, nothing changed, \`parallel: 2\` | | ${range("parallel again")} |
| again, 3 % changed | ${range("hand changed")} | ${range("runner changed")} |
| again, 1 % of the records gone | | ${range("withdrawn")} |

| figure | target | here |
|---|---|---|
| nothing changed ÷ by hand | ≤ 0.10 | ${ratio("again")} |
| 3 % changed ÷ by hand | ≤ 0.25 | ${ratio("changed")} |
| first load ÷ by hand | ≤ 1.05 | ${ratio("first")} |
| first load with \`parallel: 2\` ÷ by hand | ≤ 0.70 | ${ratio("first", "parallel")} |
| marking vanished ÷ rerun | ≤ 0.05 | ${marking.toFixed(3)} |
| \`map_sinp\` alone | ≥ 100,000 rows/s | ${mapping.output.trim().split("\n").at(-1)} |
| peak memory of the runner, lookups included | ≤ 250 MB | ${Math.round(peak)} MB |
`;
console.log(report);
if (flags.write) {
  const command = `npm run bench:synthese -- --rows ${rows} --rounds ${rounds} --write`;
  const page = `# Performance of the way into the synthese\n\nThis page is written by \`${command}\`: the flow \`synthese\` against the same in plain SQL ([bench/synthese.sql](../bench/synthese.sql)), on the sandbox with its triggers and 14,455 areas.\n\n${report}`;
  await writeFile(join(root, "docs", "performance-synthese.md"), page);
}
