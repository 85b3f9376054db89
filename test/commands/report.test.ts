import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { metricsText } from "../../src/commands/metrics.ts";
import { copyTemplate } from "../support/database.ts";
import { runRunner } from "../support/runner.ts";

let folder = "";
const runner = (...words: string[]) => runRunner(words, { cwd: folder });

const pipeline = (transform: string, rejects = "0") => `name: told
flows:
  - name: load
    source: { csv: { path: in.csv } }
    transforms: [ { ${transform} } ]
    sink: { postgres_copy: { table: told, mode: replace, may_be_empty: true, create: { columns: { id: text, a: text, b: text } } } }
    rejects: { max: ${rejects} }
`;
const ALL = "filter: { column: id, present: true }";
const NONE = "filter: { column: id, in: [nothing] }";
const BAD = "parse_dates: { from: id, min: a, max: b }";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await copyTemplate(join(folder, ".runner", "db"));
  await writeFile(join(folder, "in.csv"), "id,a,b\nx,,\ny,,\n");
});
after(() => rm(folder, { recursive: true }));

const told = (text: string) => writeFile(join(folder, "told.yaml"), text);

describe("runner run", () => {
  test("--log json gives an object per event, with the run's number and the flow's counts", async () => {
    await told(pipeline(ALL));
    const { code, stderr, stdout } = await runner("told.yaml", "--log", "json");
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      events.map(({ event, level, run }) => [event, level, run]),
      [
        ["begin", "info", 1],
        ["flow", "info", 1],
        ["end", "info", 1],
      ],
    );
    assert.deepEqual([events[1].flow, events[1].read, events[1].inserted], ["load", 2, 2]);
    assert.match(events[1].message, /^load: 2 read, 2 inserted/);
    assert.match(events[0].time, /^\d{4}-\d\d-\d\dT/);
  });

  test("--log json tells a failure with its code, and what is wrong with a pipeline with its place", async () => {
    await told(pipeline(BAD));
    const failed = await runner("told.yaml", "--log", "json", "--quiet");
    assert.equal(failed.code, 1);
    const [end, ...others] = failed.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      [others.length, end.event, end.level, end.status],
      [0, "end", "error", "failed"],
    );
    assert.equal(end.error.code, "too_many_rejects");
    await told(pipeline("filtr: { column: id }"));
    const wrong = await runner("told.yaml", "--log", "json");
    assert.equal(wrong.code, 2);
    const complaint = JSON.parse(wrong.stderr.trim().split("\n")[0] ?? "");
    assert.deepEqual([complaint.event, complaint.level], ["complaint", "error"]);
    assert.match(complaint.place, /^told\.yaml:5:\d+$/);
  });

  test("--log json tells of a damaged input of a later flow as a warning", async () => {
    await writeFile(join(folder, "cut.zip"), "PK\u0003\u0004 and no more");
    const later = `  - { name: later, source: { dwca: { path: cut.zip } }, sink: { file: { path: later.tsv } } }\n`;
    await told(`${pipeline(ALL).trimEnd()}\n${later}`);
    const { code, stderr } = await runner("told.yaml", "--log", "json");
    assert.equal(code, 1);
    const [warning] = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      [warning.event, warning.level, warning.code],
      ["complaint", "warn", "archive_broken"],
    );
  });

  test("--quiet says nothing of a good run, and of a flow of which nothing got through what became of it", async () => {
    await told(pipeline(ALL));
    assert.deepEqual(await runner("told.yaml", "--quiet"), { code: 0, stdout: "", stderr: "" });
    await told(pipeline(NONE));
    const filtered = await runner("told.yaml", "--quiet");
    assert.equal(filtered.code, 0);
    assert.match(
      filtered.stderr,
      /^Warning in flow `load`: No record got through: of 2 read, 2 filtered\.$/m,
    );
    assert.match(filtered.stderr, /^Warning in flow `load`: No record of in\.csv was loaded: /m);
    const logged = await runner("told.yaml", "--log", "json", "--quiet");
    const flows = logged.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).flow);
    assert.deepEqual(new Set(flows), new Set(["load"]));
    await told(pipeline(BAD, "any"));
    const rejected = await runner("told.yaml", "--quiet");
    assert.equal(rejected.code, 0);
    assert.match(
      rejected.stderr,
      /^Warning in flow `load`: No record got through: of 2 read, 2 rejected \(2 bad_date\)\.$/m,
    );
    await told(pipeline(BAD));
    const failed = await runner("told.yaml", "--quiet");
    assert.match(
      failed.stderr,
      / was rejected \(bad_date\): .*\nin\.csv:3 \(bad_date\): .*\n.* By then, 2 were set aside: 2 bad_date\./,
    );
  });

  test("--quiet leaves the records that a flow writes to standard output, which are its product", async () => {
    await told(pipeline(ALL).replace(/sink: .*/, 'sink: { file: { path: "-", format: csv } }'));
    const { code, stdout, stderr } = await runner("told.yaml", "--quiet");
    assert.deepEqual([code, stdout, stderr], [0, "id,a,b\nx,,\ny,,\n", ""]);
  });

  test("--metrics writes what the node exporter reads; the time of the last success outlives a failure", async () => {
    await told(pipeline(ALL));
    await runner("told.yaml", "--quiet", "--metrics", "told.prom");
    const good = await readFile(join(folder, "told.prom"), "utf8");
    assert.match(good, /^runner_last_run_status\{pipeline="told",status="done"\} 1$/m);
    assert.match(
      good,
      /^runner_flow_records\{pipeline="told",flow="load",outcome="inserted"\} 2$/m,
    );
    assert.match(good, /^# TYPE runner_flow_records gauge$/m);
    const success = /^runner_last_success_timestamp_seconds\{pipeline="told"\} (\d+)$/m.exec(good);
    assert.ok(Math.abs(Number(success?.[1]) - Date.now() / 1000) < 60);
    await told(pipeline(BAD));
    await runner("told.yaml", "--quiet", "--metrics", "told.prom");
    const bad = await readFile(join(folder, "told.prom"), "utf8");
    assert.match(bad, /^runner_last_run_status\{pipeline="told",status="failed"\} 1$/m);
    assert.ok(bad.includes(success?.[0] ?? assert.fail()));
    const left = (await readdir(folder)).filter((name) => name.startsWith("told.prom"));
    assert.deepEqual(left, ["told.prom"]);
    const runs = async () => (await runner("history", "told.yaml", "--json")).stdout;
    const before = await runs();
    const nowhere = await runner("told.yaml", "--quiet", "--metrics", "no/such/folder.prom");
    assert.equal(nowhere.code, 3);
    assert.match(
      nowhere.stderr,
      /^Metrics go into no\/such, which is not there\. Make it, or name another\.\n/,
    );
    assert.equal(await runs(), before, "nothing was run");
  });
});

test("without a terminal, the first write into a table with rows needs --yes, once", async () => {
  await told(pipeline(ALL));
  await runner("told.yaml", "--quiet");
  await writeFile(join(folder, "second.yaml"), pipeline(ALL).replace("name: told", "name: second"));
  const refused = await runner("second.yaml", "--quiet");
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /^Pipeline `second` has never written into `public\.told`, which holds rows already; those of `public\.told` would be removed \(`mode: replace`\)\. .*`runner plan second\.yaml`.*`--yes`/,
  );
  assert.equal((await runner("second.yaml", "--quiet", "--yes")).code, 0);
  assert.deepEqual(await runner("second.yaml", "--quiet"), { code: 0, stdout: "", stderr: "" });
});

test("labels of metrics are written so that Prometheus reads them", () => {
  const text = metricsText(
    { pipeline: 'a"b\\c', status: "done", flows: [], startedAt: new Date(0), seconds: 1 },
    "",
  );
  assert.match(text, /^runner_last_run_timestamp_seconds\{pipeline="a\\"b\\\\c"\} 1$/m);
});

test("a run of some flows alone leaves the last success of the whole pipeline as it was", () => {
  const run = { pipeline: "p", flows: [], startedAt: new Date(0), seconds: 7 } as const;
  const whole = metricsText({ ...run, status: "done" }, "");
  const part = { ...run, status: "done", seconds: 9, isPartial: true } as const;
  assert.match(
    metricsText(part, whole),
    /^runner_last_success_timestamp_seconds\{pipeline="p"\} 7$/m,
  );
  assert.doesNotMatch(metricsText(part, ""), /^runner_last_success_timestamp_seconds\{/m);
});

test("a file for metrics that the node exporter would pass over is refused before the run", async () => {
  const { code, stderr } = await runner("told.yaml", "--metrics", "told.txt");
  assert.equal(code, 2);
  assert.match(stderr, /must end with `\.prom`/);
});
