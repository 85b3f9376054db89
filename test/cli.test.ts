import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { copyTemplate } from "./support/database.ts";
import { copyPipelines } from "./support/pipelines.ts";
import { runRunner, startRunner } from "./support/runner.ts";

const root = new URL("../", import.meta.url).pathname;
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await copyPipelines({ folder });
  await copyTemplate(join(folder, "pipelines", ".runner", "db"));
});
after(() => rm(folder, { recursive: true }));

/** A read that does not return is left by ending as the signal would have ended us: to a shell it is the same. */
const shellCode = (code: number | null, signal: NodeJS.Signals | null) =>
  code ?? 128 + constants.signals[signal ?? "SIGKILL"];

const runner = (...words: string[]) => runRunner(words, { cwd: folder });

/** A pipeline of its own; the name of its file. */
const pipeline = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, "pipelines", name), text);
  return `pipelines/${name}`;
};

describe("runner plan", () => {
  const yaml = (rejects: string) => `name: planned
lock: shared
flows:
  - name: load
    source: { csv: { path: planned.csv } }
    transforms: [{ parse_dates: { from: d, min: d_min, max: d_max } }]
    sink: { postgres_copy: { table: planned, mode: replace, create: { columns: { d: text, d_min: text, d_max: text } } } }
    rejects: { max: ${rejects} }
`;
  before(() => writeFile(join(folder, "pipelines", "planned.csv"), "d\n2020\nnever\n"));

  test("prints a table on standard output, and keeps nothing", async () => {
    const file = await pipeline("planned.yaml", yaml("1"));
    const { code, stdout, stderr } = await runner("plan", file);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^A run of planned would do this:\n\nflow +read +inserted/);
    assert.match(stdout, /\nload +2 +1 +0 +0 +0 +1 +0\n/);
    assert.match(
      stdout,
      /\n {2}bad_date: 1 record\n {4}planned\.csv:3: `d` is no date: "never"\.\n/,
    );
    assert.match(stderr, /^Nothing of it was kept, in embedded database .*; it took [\d.]+ s\.\n$/);
    const again = await runner("plan", file, "--json");
    const object = JSON.parse(again.stdout);
    assert.deepEqual(
      [object.plan, object.status, object.flows[0].inserted, object.flows[0].rejects[0].code],
      [true, "done", 1, "bad_date"],
    );
  });

  test("prints everything for a spreadsheet with --csv: counts first, then what is in the list", async () => {
    const file = await pipeline(
      "listed.yaml",
      `name: listed
flows:
  - name: merge
    source: { csv: { path: planned.csv } }
    sink: { postgres_upsert: { table: listed, key: [d], create: { columns: { d: text }, primary_key: [d] } } }
`,
    );
    const { code, stdout, stderr } = await runner("plan", file, "--csv");
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout,
      [
        "\ufeffflow;what;rows;record;row;column;old;new;code;because",
        "merge;read;2;;;;;;;",
        "merge;inserted;2;;;;;;;",
        "merge;inserted;;2020;;;;;;",
        "merge;inserted;;never;;;;;;",
        "",
      ].join("\n"),
    );
  });

  test("ends with 1 when a flow would fail, and with 2 when the pipeline is wrong", async () => {
    const failing = await runner("plan", await pipeline("planned.yaml", yaml("0")));
    assert.equal(failing.code, 1);
    assert.match(failing.stderr, /^A run would fail:\n/);
    assert.match(
      failing.stderr,
      /planned\.csv:3 was rejected \(bad_date\): .*\nFlow `load` stopped there, as its limit is 0; /,
    );
    assert.equal((await runner("plan", await pipeline("planned.yaml", "name: x\n"))).code, 2);
    await rm(join(folder, "pipelines", "planned.yaml"));
  });
});

describe("runner", () => {
  test("says once that an archive is damaged, when the first flow stops for it", async () => {
    await writeFile(join(folder, "pipelines", "cut.zip"), "PK\u0003\u0004 and no more");
    const flow = (name: string) =>
      `  - { name: ${name}, source: { dwca: { path: cut.zip } }, sink: { file: { path: ${name}.tsv } } }\n`;
    const file = await pipeline("cut.yaml", `name: cut\nflows:\n${flow("a")}${flow("b")}`);
    const { code, stderr } = await runner(file);
    assert.equal(code, 1);
    assert.equal(stderr.match(/cut\.zip is damaged or was cut off/g)?.length, 1, stderr);
    await writeFile(join(folder, "pipelines", "fine.csv"), "id\n1\n");
    const fine =
      "  - { name: c, source: { csv: { path: fine.csv } }, sink: { file: { path: c.tsv } } }\n";
    const later = await runner(
      await pipeline("later.yaml", `name: later\nflows:\n${fine}${flow("b")}`),
    );
    assert.match(later.stderr, /^[^ ]+ Warning: cut\.zip is damaged.*\nc: 1 read/s);
  });

  test("loads the demo, says what it did and what to try next", async () => {
    const { code, stdout, stderr } = await runner("pipelines/demo.yaml");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^gbifID\tnom_cite\tcd_nom\t.*\n(4\d{9}\t.*\n){5}$/);
    assert.match(stderr, /(?:^|\n)occurrences: 2,000 read, 2,000 inserted in /);
    assert.match(stderr, /\nmultimedia: [\d,]+ read, [\d,]+ inserted in /);
    assert.doesNotMatch(stderr, /quoted|Looked up/);
    assert.match(stderr, /\nsynthese: 2,000 read, 1,847 inserted, 153 rejected /);
    assert.match(
      stderr,
      /\nDone: run \d+ of demo, in embedded database .*\nRejected records: .*\nCause and cure: `runner explain .*`\nNext: `runner sql pipelines\/demo\.yaml "select …"` reads the tables,\n {2}`runner plan pipelines\/demo\.yaml`/,
    );
  });

  test("ends with one JSON object on standard output when asked, the counts in it", async () => {
    const { code, stdout } = await runner(
      "run",
      "pipelines/demo.yaml",
      "--json",
      "--flow",
      "occurrences",
    );
    assert.equal(code, 0);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    const [flow] = summary.flows;
    assert.deepEqual(
      { ...summary, flows: summary.flows.length, run: typeof summary.run },
      { run: "number", pipeline: "demo", status: "done", flows: 1, citations: [] },
    );
    assert.equal(typeof flow.seconds, "number");
    assert.deepEqual(
      { ...flow, seconds: 0 },
      {
        name: "occurrences",
        read: 2000,
        inserted: 2000,
        updated: 0,
        unchanged: 0,
        held: 0,
        rejected: 0,
        filtered: 0,
        adopted: 0,
        rekeyed: 0,
        staged: 0,
        vanished: 0,
        deleted: 0,
        seconds: 0,
        changed: { changes: {}, examples: [] },
        findings: [],
      },
    );
  });

  test("ends with 1 when a flow fails, shows the place in the YAML, and loads nothing", async () => {
    const file = await pipeline(
      "strict.yaml",
      `name: strict
flows:
  - name: dates
    source: { dwca: { path: ../samples/demo.zip } }
    transforms:
      - parse_dates: { from: eventDate, min: a, max: b }
      - project: { columns: { id: gbifID, a: a } }
    sink: { postgres_copy: { table: strict.dates, mode: replace, create: { columns: { id: bigint, a: text } } } }
`,
    );
    const { code, stdout, stderr } = await runner(file, "--json");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /pipelines\/strict\.yaml:3:5 occurrence\.txt:\d+ was rejected \(date_missing\): `eventDate` is empty\.\nFlow `dates` stopped there, /,
    );
    assert.match(stderr, /\n {2}3 \| {3}- name: dates/);
    const summary = JSON.parse(stdout);
    assert.equal(summary.status, "failed");
    assert.equal(summary.error.code, "too_many_rejects");
    const rejects = /(?:It is|They are) in (\S+\.ndjson)\./.exec(stderr)?.[1] ?? "";
    assert.match(await readFile(join(folder, rejects), "utf8"), /"code":"date_missing"/);
  });

  test("names a term that the archive lacks with the nearest ones, under a caret", async () => {
    const file = await pipeline(
      "typo.yaml",
      `name: typo
flows:
  - name: a
    source: { dwca: { path: ../samples/demo.zip } }
    transforms:
      - project: { columns: { id: gbifID, date: eventDat } }
    sink: { file: { path: ../out.tsv } }
`,
    );
    const { code, stderr } = await runner(file);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /pipelines\/typo\.yaml:6:49 There is no column `eventDat` here\. Did you mean `eventDate`/,
    );
    assert.match(stderr, /\n {4}\| {49}\^/);
  });

  test("ends with 2 when the pipeline is wrong, and tells all of it", async () => {
    const file = await pipeline("wrong.yaml", "name: wrong\nflow: []\n");
    const { code, stderr } = await runner(file);
    assert.equal(code, 2);
    assert.match(stderr, /wrong\.yaml:2:1 .* has no option `flow`\. Did you mean `flows`\?/);
  });

  test("says in the JSON object too that a pipeline is wrong, without a password", async () => {
    const table = '"${DATABASE_URL}"';
    const file = await pipeline(
      "leak.yaml",
      `name: leak\nflows:\n  - name: a\n    source: { csv: { path: a.csv } }\n    sink: { postgres_copy: { table: ${table}, mode: append } }\n`,
    );
    const environment = { DATABASE_URL: "postgresql://anne:s3cret@host/x" };
    const { code, stdout, stderr } = await runRunner([file, "--json"], {
      cwd: folder,
      environment,
    });
    assert.equal(code, 2);
    const summary = JSON.parse(stdout);
    assert.deepEqual(
      [summary.run, summary.pipeline, summary.status, summary.flows, summary.error.code],
      [null, file, "failed", [], "wrong_form"],
    );
    assert.match(summary.error.message, /^pipelines\/leak\.yaml:5:37 `table` of `postgres_copy`/);
    assert.doesNotMatch(stdout + stderr, /s3cret/);
  });

  test("names the file beside one that is not there, and says what a folder is", async () => {
    const { code, stderr } = await runner("pipelines/dmo.yaml");
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "pipelines/dmo.yaml:1:1 The file pipelines/dmo.yaml is not there. Did you mean `demo.yaml`?\n\n" +
        "Cause and cure: `runner explain file_missing`\n",
    );
    assert.match((await runner("./pipelines")).stderr, / pipelines is a folder, and this is the/);
  });

  test("names the folder of a pipeline that was named without it, or without its ending", async () => {
    for (const words of [["demo.yaml"], ["pipeline/demo.yaml"], ["demo"]]) {
      const { code, stderr } = await runner(...words);
      assert.equal(code, 2);
      assert.match(stderr, /Did you mean `pipelines\/demo\.yaml`\?\n/);
    }
  });

  test("names the pipeline that a word means, by its file or its name, or those that there are", async () => {
    await pipeline("by-name.yaml", "name: butterflies\nflows: []\n");
    for (const word of ["butterfly", "butterflies", "by_name"]) {
      const { code, stderr } = await runner("history", word);
      assert.equal(code, 2);
      assert.match(stderr, /is not there\. Did you mean `pipelines\/by-name\.yaml`\?\n/);
    }
    const none = await runner("history", "nothing-like-it");
    assert.match(none.stderr, /is not there\. There is (`pipelines\/[\w-]+\.yaml`, )+/);
    const alone = await runner("butterflies");
    assert.match(
      alone.stderr,
      /^There is no command `butterflies`, .* `pipelines\/by-name\.yaml`\?\n/,
    );
    await rm(join(folder, "pipelines", "by-name.yaml"));
  });

  test("says how a command is called when an argument is missing or in the wrong place", async () => {
    const usage = "Usage: runner show [options] <pipeline> [run]\n";
    assert.equal((await runner("show")).stderr, `Missing required argument 'pipeline'.\n${usage}`);
    const { code, stderr } = await runner("show", "7");
    assert.equal(code, 2);
    assert.match(stderr, /The pipeline's file comes first, the number of the run behind it\.\n/);
    assert.ok(stderr.endsWith(usage), stderr);
  });

  test("does not call a pipeline all right without a word on its warnings", async () => {
    await mkdir(join(folder, "away"));
    await writeFile(
      join(folder, "away/away.yaml"),
      "name: away\nflows:\n  - name: a\n    source: { csv: { path: none.csv, columns: [id] } }\n    sink: { file: { path: out.tsv } }\n",
    );
    const { code, stdout } = await runner("validate", "away/away.yaml");
    assert.deepEqual([code, stdout], [0, "away/away.yaml: 1 flow, all right but for 1 warning.\n"]);
  });

  test("names an archive that is not there once, though several flows read it", async () => {
    const { code, stderr } = await runRunner(["pipelines/confluences.yaml"], {
      cwd: folder,
      environment: { CONFLUENCES_ARCHIVE: join(folder, "none.zip") },
    });
    assert.equal(code, 2);
    const places = [...stderr.matchAll(/^(\S+) There is no file or folder/gm)].map(([, at]) => at);
    assert.equal(new Set(places).size, places.length, stderr);
    assert.equal(places.length, 2);
  });

  test("ends with 3 when the database cannot be reached, without its password", async () => {
    const { code, stderr } = await runner(
      "pipelines/demo.yaml",
      "--database",
      "postgresql://anne:s3cret@127.0.0.1:1/x",
    );
    assert.equal(code, 3);
    assert.match(stderr, /There is no connection to postgresql:\/\/anne@127\.0\.0\.1:1\/x/);
    assert.doesNotMatch(stderr, /s3cret/);
  });

  test("refuses a second process on the same embedded database, and names the first", async () => {
    const file = await pipeline(
      "slow.yaml",
      `name: slow
flows:
  - name: a
    source: { dwca: { path: "${"http://127.0.0.1:9/x.zip"}" } }
    sink: { file: { path: "-" } }
`,
    );
    await writeFile(join(folder, "pipelines", ".runner", "db", "lock"), `${process.pid}\n`);
    const { code, stderr } = await runner(file);
    await rm(join(folder, "pipelines", ".runner", "db", "lock"));
    assert.equal(code, 3);
    assert.match(stderr, new RegExp(`is in use by process ${process.pid}, since `));
  });

  test("stops at two interrupts with 130, at a request to end with 143, and loads nothing", async () => {
    const lines = Array.from({ length: 400_000 }, (_, id) => id).join("\n");
    const file = await pipeline(
      "long.yaml",
      `name: long
flows:
  - name: a
    source: { csv: { path: ../long.csv } }
    transforms: [ { distinct: { columns: [id] } } ]
    sink: { postgres_copy: { table: long, mode: replace, create: { columns: { id: bigint }, primary_key: [id] } } }
`,
    );
    execFileSync("mkfifo", [join(folder, "long.csv")]);
    for (const [signal, expected] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const { child, ended } = startRunner([file], { cwd: folder });
      // A pipe that goes on: much is read, nothing is committed, and more comes for as long as it is read.
      const pipe = await open(join(folder, "long.csv"), "w");
      await pipe.writeFile(`id\n${lines}\n`);
      child.kill(signal);
      if (signal === "SIGINT") {
        await once(child.stderr, "data");
        child.kill(signal);
      }
      let isRunning = true;
      child.once("exit", () => {
        isRunning = false;
      });
      for (let id = 400_000; isRunning; id += 1) {
        await pipe.write(`${id}\n`).catch(() => undefined);
        await setTimeout(20);
      }
      await pipe.close();
      const { code, stderr } = await ended;
      assert.equal(shellCode(code, child.signalCode), expected, stderr);
      assert.match(
        stderr,
        /Interrupted: what was not committed is undone\. Run it again to go on\./,
      );
    }
    const { stdout } = await runner("sql", file, "select to_regclass('long') as long", "--json");
    assert.deepEqual(JSON.parse(stdout), [{ long: null }]);
  });

  test("stops at the second interrupt although the source has stalled and cannot be called back", async () => {
    const file = await pipeline(
      "stalled.yaml",
      `name: stalled
flows:
  - name: a
    source: { csv: { path: ../stalled.csv } }
    sink: { postgres_copy: { table: stalled, mode: replace, create: { columns: { id: bigint } } } }
`,
    );
    execFileSync("mkfifo", [join(folder, "stalled.csv")]);
    const { child, ended } = startRunner([file], { cwd: folder });
    const pipe = await open(join(folder, "stalled.csv"), "w");
    await pipe.writeFile(`id\n${Array.from({ length: 400_000 }, (_, id) => id).join("\n")}\n`);
    child.kill("SIGINT");
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    assert.equal(shellCode(code, child.signalCode), 130, stderr);
    assert.match(stderr, /Interrupted: what was not committed is undone\./);
    await pipe.close();
    const { stdout } = await runner(
      "sql",
      file,
      "select to_regclass('stalled') as stalled",
      "--json",
    );
    assert.deepEqual(JSON.parse(stdout), [{ stalled: null }]);
  });

  test("stops at one interrupt while a service is waited for, as nothing is lost by it", async () => {
    const { promise: asked, resolve: hasAsked } = Promise.withResolvers<void>();
    const server = createServer(() => hasAsked());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const file = await pipeline(
      "waiting.yaml",
      `name: waiting
flows:
  - name: done
    source: { csv: { path: waiting.csv } }
    sink: { postgres_copy: { table: waited, mode: replace, create: { columns: { id: int } } } }
  - name: waits
    source: { dwca: { path: "http://127.0.0.1:${(server.address() as AddressInfo).port}/x.zip" } }
    sink: { file: { path: "-" } }
`,
    );
    await writeFile(join(folder, "pipelines", "waiting.csv"), "id\n1\n");
    const { child, ended } = startRunner([file], { cwd: folder });
    await Promise.race([asked, ended]);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    server.closeAllConnections();
    server.close();
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^Warning: Stopping at once: nothing was read that is not committed\.$/m);
    assert.match(
      stderr,
      /^Interrupted: what was not committed is undone\. Run it again to go on\.$/m,
    );
    assert.match(
      stderr,
      /^Loaded: `done`\. A rerun begins with the first flow: one that replaces its table or writes a file does it again, others find what is loaded done\.$/m,
    );
  });

  test("writes records to standard output for `-`, but not together with --json", async () => {
    const file = await pipeline(
      "stdout.yaml",
      `name: stdout
flows:
  - name: a
    source: { csv: { path: in.csv } }
    sink: { file: { path: "-", format: ndjson } }
`,
    );
    await writeFile(join(folder, "pipelines", "in.csv"), "a,b\n1,\n");
    const { code, stdout } = await runner(file);
    assert.equal(code, 0);
    assert.equal(stdout, '{"a":"1","b":null}\n');
    const both = await runner(file, "--json");
    assert.equal(both.code, 2);
    assert.match(both.stderr, /do not go together/);
  });
});

describe("runner validate", () => {
  test("says of each pipeline of a folder that it is right, and which variables it needs", async () => {
    const { code, stdout } = await runRunner(["validate", "pipelines"], {
      cwd: root,
      environment: { GBIF_EMAIL: undefined },
    });
    assert.equal(code, 0);
    assert.match(stdout, /^pipelines\/demo\.yaml: 8 flows, all right\.$/m);
    assert.match(
      stdout,
      /^pipelines\/inat\.yaml: 6 flows, all right\. Needs to run: GBIF_EMAIL\.$/m,
    );
    assert.doesNotMatch(stdout, /gbif-staging/);
  });

  test("tells problems as text, as JSON and as annotations, with exit code 2", async () => {
    const file = await pipeline(
      "bad.yaml",
      'name: bad\nflows:\n  - name: a\n    source: { dwc: { path: "${A}" } }\n',
    );
    const text = await runner("validate", file);
    assert.equal(text.code, 2);
    assert.match(text.stderr, /pipelines\/bad\.yaml:4:15 There is no source `dwc`\./);
    assert.match(text.stderr, /pipelines\/bad\.yaml: 2 problems\.$/m);
    const json = JSON.parse((await runner("validate", file, "--format", "json")).stdout);
    assert.deepEqual(
      json.complaints.map(
        ({ code, line, column }: { code: string; line: number; column: number }) => [
          code,
          line,
          column,
        ],
      ),
      [
        ["missing_option", 3, 5],
        ["unknown_component", 4, 15],
      ],
    );
    const github = await runner("validate", file, "--format", "github");
    assert.match(
      github.stdout,
      /^::error file=pipelines\/bad\.yaml,line=4,col=15,title=unknown_component::There is no source `dwc`\./m,
    );
    const below = await runRunner(["validate", "bad.yaml", "--format", "github"], {
      cwd: join(folder, "pipelines"),
      environment: { GITHUB_WORKSPACE: folder },
    });
    assert.match(below.stdout, /^::error file=pipelines\/bad\.yaml,line=4,/m);
    const well = await runner("validate", "pipelines/demo.yaml", "--format", "github");
    assert.match(well.stdout, /^pipelines\/demo\.yaml: \d+ flows, all right/);
  });

  test("prints the pipeline with its included files in their places", async () => {
    const { code, stdout } = await runner("validate", "pipelines/demo.yaml", "--print");
    assert.equal(code, 0);
    assert.match(stdout, /^name: demo$/m);
    assert.match(stdout, /gbif_id: gbifID/);
    assert.match(stdout, /^ {8}query: queries\/inat\.json$/m);
    assert.doesNotMatch(stdout, /include:|with\./);
  });

  test("finds in a folder a pipeline without its name, and a file that nobody includes", async () => {
    const flow =
      "  - name: a\n    source: { csv: { path: a.csv } }\n    sink: { file: { path: b.tsv } }\n";
    const shared = join(folder, "including");
    await mkdir(shared);
    await writeFile(
      join(shared, "part.yaml"),
      `flows:\n${flow.replace("csv: {", "csv: { delimeter: x,")}`,
    );
    for (const name of ["a", "b"]) {
      await writeFile(
        join(shared, `${name}.yaml`),
        `name: ${name}\nflows:\n  - include: part.yaml\n`,
      );
    }
    const both = await runRunner(["validate", "."], { cwd: shared });
    assert.match(
      both.stderr,
      /^a\.yaml: 1 problem, in part\.yaml\.\nb\.yaml: 1 problem, in part\.yaml\.$/m,
    );
    const own = join(folder, "several");
    await mkdir(own);
    await writeFile(join(own, "a.csv"), "a\n1\n");
    await writeFile(join(own, "good.yaml"), `name: good\nflows:\n  - include: part.yaml\n`);
    await writeFile(join(own, "part.yaml"), `flows:\n${flow}`);
    await writeFile(join(own, "spare.yaml"), `params: {}\nflows:\n${flow}`);
    await writeFile(join(own, "other.yaml"), "services: {}\n");
    const right = await runner("validate", "several");
    assert.equal(right.code, 0);
    assert.equal(right.stdout, "several/good.yaml: 1 flow, all right.\n");
    assert.equal(
      right.stderr,
      "several/spare.yaml: no pipeline here includes it, so it was not checked.\n",
    );
    await writeFile(join(own, "typo.yaml"), `nmae: x\nflows:\n${flow}`);
    const wrong = await runner("validate", "several");
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /several\/typo\.yaml:1:1 .* has no option `nmae`\. Did you mean `name`/,
    );
    await rm(join(own, "typo.yaml"));
    await writeFile(join(own, "part.yaml"), `flows:\n${flow}\tchecks: []\n`);
    await writeFile(join(own, "torn.yaml"), "other: {\n");
    const torn = await runner("validate", "several");
    const places = torn.stderr.match(/^several\/\S+:\d+:\d+ .*/gm);
    assert.deepEqual(places, [
      "several/part.yaml:5:1 YAML is indented with spaces, not with tabs.",
      "several/torn.yaml:1:1 The pipeline has no option `other`. There is `name`, `description`, `database`, `lock`, `setup`, `checks` and `flows`.",
      "several/torn.yaml:2:1 A bracket is not closed: `}` is missing before this.",
    ]);
  });

  test("warns once of pipelines that go by one name in one database", async () => {
    const own = join(folder, "twins");
    await mkdir(own);
    const text =
      "name: twin\nflows:\n  - name: a\n    source: { postgres: { sql: select 1 as a } }\n    sink: { file: { path: b.tsv } }\n";
    await writeFile(join(own, "a.yaml"), text);
    await writeFile(join(own, "b.yaml"), text);
    // Whatever else is wrong with one of them.
    await writeFile(join(own, "b.yaml"), text.replace("path", "pth"));
    await writeFile(join(own, "c.yaml"), text);
    const { code, stderr } = await runner("validate", "twins");
    assert.equal(code, 2);
    assert.match(stderr, /`file` has no option `pth`/);
    assert.match(
      stderr,
      /^twins\/b\.yaml:1:7 Warning: `twin` is the name of other pipelines of the same database, too: twins\/a\.yaml:1:7, twins\/c\.yaml:1:7\. Runs and locks go by the name: give this one another\.$/m,
    );
    assert.equal(stderr.split("of the same database, too").length, 2, "it is told once in all");
    // Whoever copied a pipeline looks at the copy alone.
    const alone = await runner("validate", "twins/c.yaml");
    assert.match(alone.stderr, /^twins\/c\.yaml:1:7 Warning: .*, too: twins\/a\.yaml:1:7/m);
    assert.match(alone.stdout, /^twins\/c\.yaml: 1 flow, all right/m);
  });

  test("warns of two pipelines that empty one table and have no lock in common", async () => {
    const own = join(folder, "shared");
    await mkdir(own);
    const write = (name: string, lock: string, mode = "replace") =>
      writeFile(
        join(own, `${name}.yaml`),
        `name: ${name}\n${lock}flows:\n  - name: f\n    source: { postgres: { sql: select 1 as a } }\n    sink: { postgres_copy: { table: t, mode: ${mode} } }\n`,
      );
    await write("a", "lock: stage\n");
    await write("b", "lock: stage\n");
    await write("c", "", "append");
    const { code, stderr } = await runner("validate", "shared");
    assert.deepEqual([code, stderr], [0, ""]);
    for (const lock of ["", "lock: another\n"]) {
      await write("b", lock, "replace, batch: 3");
      const wrong = await runner("validate", "shared");
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /has no option `batch`/);
      assert.match(
        wrong.stderr,
        /^shared\/b\.yaml:1:7 Warning: Pipeline `a`, shared\/a\.yaml, empties `t`, too, and may do so while this one runs\. Give this one `lock: stage` as well, or each a table of its own\.$/m,
      );
    }
  });

  test("says that a file or folder has no pipeline", async () => {
    const folderAlone = await runner("validate", "samples");
    assert.equal(folderAlone.code, 2);
    assert.match(folderAlone.stderr, /There is no pipeline in samples/);
    const none = await runner("validate", "none.yaml");
    assert.equal(none.code, 2);
    assert.match(none.stderr, /is not there/);
  });
});

describe("the other commands", () => {
  test("preview shows records after the transforms, writes nothing and needs no database", async () => {
    const words = [
      "preview",
      "pipelines/demo.yaml",
      "--rows",
      "2",
      "--database",
      "postgresql://127.0.0.1:1/x",
    ];
    const { code, stdout, stderr } = await runRunner(words, { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^occurrence\.txt:2\n {2}gbif_id +\d+\n/);
    assert.equal(stdout.match(/^occurrence\.txt:/gm)?.length, 2);
    assert.match(stderr, /2 records of flow `occurrences`; nothing was written\./);
  });

  test("preview stops at an interrupt with 130", async () => {
    // A server that never answers: the preview waits for its first record.
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const file = await pipeline(
      "waiting.yaml",
      `name: waiting\nflows:\n  - name: a\n    source: { dwca: { path: "http://127.0.0.1:${port}/a.zip" } }\n    sink: { file: { path: b.tsv } }\n`,
    );
    const { child, ended } = startRunner(["preview", file], { cwd: folder });
    await once(server, "connection");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    server.close();
    server.closeAllConnections();
    assert.equal(code, 130);
    assert.equal(stderr, "Interrupted; nothing was written.\n");
  });

  test("a command that is interrupted says so and ends with 130, whatever it was at", async () => {
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const words = ["guess", `http://127.0.0.1:${port}/a.zip`];
    const { child, ended } = startRunner(words, { cwd: folder });
    await once(server, "connection");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    server.close();
    server.closeAllConnections();
    assert.deepEqual([code, stderr], [130, "Interrupted.\n"]);
  });

  test("components lists all, or shows one; an unknown one gets the nearest", async () => {
    assert.match(
      (await runner("components")).stdout,
      /^dwca +source +Reads a table of a Darwin Core Archive/m,
    );
    assert.match((await runner("components", "extract_id")).stdout, /^### extract_id\n/);
    const wrong = await runner("components", "extract");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Did you mean `extract_id`\?/);
  });

  test("schema prints the JSON Schema that is in the repository", async () => {
    const { stdout } = await runner("schema");
    assert.equal(stdout, await readFile(join(root, "schema", "pipeline.schema.json"), "utf8"));
  });

  test("without words shows help; an unknown option or command gets a suggestion and exit code 2", async () => {
    const help = await runner();
    assert.equal(help.code, 0);
    assert.match(help.stdout, /Try it:\n {2}runner pipelines\/demo\.yaml/);
    const option = await runner("validate", "--fromat", "json", "x.yaml");
    assert.equal(option.code, 2);
    assert.match(option.stderr, /^Unknown option '--fromat'\.\n\(Did you mean --format\?\)$/m);
    for (const words of [["valdate"], ["valdate", "x.yaml"]]) {
      const command = await runner(...words);
      assert.equal(command.code, 2);
      assert.equal(
        command.stderr,
        "There is no command `valdate`, and no such file. Did you mean `validate`?\n",
      );
    }
    assert.equal((await runner("--version")).code, 0);
  });

  test("output that nobody reads to its end is no error", async () => {
    const { child, ended } = startRunner(["schema"]);
    child.stdout.destroy();
    const { code, stderr } = await ended;
    assert.equal(code, 0);
    assert.equal(stderr, "");
  });
});
