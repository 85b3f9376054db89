import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyTemplate } from "../support/database.ts";
import { runRunner, startRunner } from "../support/runner.ts";

let folder = "";
const runner = (...words: string[]) => runRunner(words, { cwd: folder });

const yaml = (max: string, more = "") => `name: past
database: \${DATABASE_URL:-embedded}
flows:
  - name: load
    source: { csv: { path: in.csv } }
    transforms: [{ parse_dates: { from: day, min: first, max: last } }]
    sink: { postgres_copy: { table: past, mode: replace, may_be_empty: true, create: { columns: { id: int, day: text, first: date, last: date } } } }
    rejects: { max: ${max} }
${more}`;

const records = (lines: string) => writeFile(join(folder, "in.csv"), `id,day\n${lines}`);

describe("what earlier runs did", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    await mkdir(join(folder, ".runner"));
    await writeFile(join(folder, "past.yaml"), yaml("any"));
  });
  after(() => rm(folder, { recursive: true }));

  test("before the first run there is nothing, and no database is made to say so", async () => {
    const { code, stderr } = await runner("history", "past.yaml");
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "Pipeline `past` has not been run in the embedded database, which is not there yet.\nCause and cure: `runner explain unknown_run`\n",
    );
  });

  test("history lists runs, show compares one with the run before, rejects lists and exports what is to be repaired", async () => {
    await copyTemplate(join(folder, ".runner", "db"));
    await records("1,2024\n2,2024\n3,a\n");
    assert.equal((await runner("past.yaml")).code, 0);
    await records("1,2024\n2,2024\n3,2024\n4,a\n5,b\n");
    assert.equal((await runner("past.yaml")).code, 0);

    const history = await runner("history", "past.yaml");
    assert.equal(history.code, 0, history.stderr);
    assert.match(history.stdout, /^run {2}started +took +status +read +inserted/);
    assert.match(history.stdout, /\n {2}2 {2}\S+ \S+ {2}\S+ s {2}done +5 +3 +0 +0 +0 +2 +0\n/);
    const [last] = JSON.parse(
      (await runner("history", "past.yaml", "--json", "--last", "1")).stdout,
    );
    assert.deepEqual([last.run, last.status, last.read, last.rejected], [2, "done", 5, 2]);
    const csv = await runner("history", "past.yaml", "--csv");
    assert.match(csv.stdout, /^\ufeffrun;started;took;status;read;/);

    const show = await runner("show", "past.yaml");
    assert.match(show.stdout, /^Run 2 of past, in embedded database \.runner\/db\ndone, started /);
    assert.match(show.stdout, /\nload +5 \(\+2\) +3 \(\+1\) +0 +0 +0 +2 \(\+1\) +0\n/);
    assert.match(show.stdout, /\nIn brackets: the difference to run 1\.\n/);
    assert.match(show.stdout, /\n {2}bad_date +2 \(\+1\)\n/);
    const object = JSON.parse((await runner("show", "past.yaml", "1", "--json")).stdout);
    assert.deepEqual(
      [object.run, object.flows[0].flow, object.flows[0].before, object.flows[0].rejects],
      [1, "load", null, [{ code: "bad_date", records: 1, before: 0, replayed: 0 }]],
    );

    const rejects = await runner("rejects", "past.yaml");
    assert.match(
      rejects.stdout,
      /^load rejected:\n {2}bad_date: 2 records\n {4}in\.csv:5: `day` is no date: "a"\.\n/,
    );
    const table = await runner("rejects", "past.yaml", "2", "--csv");
    assert.match(
      table.stdout,
      /^\ufeffreject_flow;reject_code;reject_message;reject_place;reject_id;reject_record;id;day\nload;bad_date;[^\n]*;in\.csv:5;[0-9a-f]{20};4,a;4;a\nload;.*;b\n$/,
    );
    const lines = await runner("rejects", "past.yaml", "2", "--ndjson", "--code", "bad_date");
    assert.equal(lines.stdout.trim().split("\n").length, 2);
    assert.equal((await runner("rejects", "past.yaml", "--code", "none", "--ndjson")).stdout, "");
    const none = await runner("rejects", "past.yaml", "2", "--code", "none");
    assert.equal(
      none.stdout + none.stderr,
      "Run 2 of past set no record aside with --code none that is not loaded now. There is `bad_date`.\nAll that it set aside: `runner rejects past.yaml 2`\n",
    );
    const noFlow = await runner("rejects", "past.yaml", "--flow", "laod");
    assert.deepEqual(
      [noFlow.code, noFlow.stderr.split("\n")[0]],
      [2, "The pipeline has no flow `laod`. Did you mean `load`?"],
    );

    // A plan of what cannot be read has nothing to show.
    await writeFile(join(folder, "refused.csv"), "a|b\n1|2\n");
    const refused = await runner("plan", "past.yaml", "--replay", "refused.csv");
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /refused\.csv:1 cannot be loaded again/);

    // Half of it is repaired: that half is listed no more.
    const mended = table.stdout
      .trim()
      .split("\n")
      .slice(0, 2)
      .join("\n")
      .replace(/a$/, "2023-05-01");
    await writeFile(join(folder, "mended.csv"), `${mended}\n`);
    const replay = await runner("past.yaml", "--replay", "mended.csv");
    assert.match(replay.stderr, /^load: 1 read, 1 inserted /m);
    const left = await runner("rejects", "past.yaml", "2", "--ndjson");
    assert.deepEqual(JSON.parse(left.stdout).fields, { id: "5", day: "b" });
    assert.match((await runner("show", "past.yaml", "2")).stdout, /\n {2}bad_date +2 \(\+1\) +1\n/);
    assert.match((await runner("history", "past.yaml")).stdout, /\n {2}3 .* done, replay +1 +1 /);
    const replayedOnly = await runner("rejects", "past.yaml");
    assert.equal(replayedOnly.stdout, "Run 3 of past rejected nothing.\n");
    assert.equal(
      replayedOnly.stderr,
      "It loaded repaired records. What the last run from the sources set aside: `runner rejects past.yaml 2`\n",
    );
    const replayed = await runner("show", "past.yaml", "3");
    assert.match(replayed.stdout, /\nload +1 +1 +0 +0 +0 +0 +0\n/);
    assert.doesNotMatch(replayed.stdout, /In brackets|differs/);

    assert.equal((await runner("past.yaml")).code, 0);
    const same = await runner("show", "past.yaml");
    assert.match(same.stdout, /\nNo count differs from run 2\.\n/);
    assert.doesNotMatch(same.stdout, /In brackets/);
  });

  test("show has the first rows that people should look at, with old and new and what they are called", async () => {
    await writeFile(
      join(folder, "judged.yaml"),
      `name: judged
flows:
  - name: load
    source: { csv: { path: judged.csv } }
    sink:
      postgres_upsert:
        table: judged
        key: [id]
        hold_when: { where: "true", columns: [n] }
        row_label: [name]
        create: { columns: { id: int, name: text, n: int }, primary_key: [id] }
`,
    );
    await writeFile(join(folder, "judged.csv"), "id,name,n\n1,Aus,1\n2,Bus,1\n");
    assert.equal((await runner("judged.yaml")).code, 0);
    await writeFile(join(folder, "judged.csv"), "id,name,n\n1,Aus,2\n2,Bus,1\n");
    assert.equal((await runner("judged.yaml")).code, 0);
    const { stdout } = await runner("show", "judged.yaml");
    assert.ok(
      stdout.endsWith(
        "\nload noted in runner.finding: 1 held\n" +
          "  what  key  row  column  old  new\n" +
          "  held    1  Aus  n         1    2\n",
      ),
      stdout,
    );
  });

  test("the rejects of a run that failed are those of its file", async () => {
    await writeFile(join(folder, "past.yaml"), yaml("0"));
    await records("1,a\n2,2024\n3,\n");
    assert.equal((await runner("past.yaml")).code, 1);
    const { stdout, stderr } = await runner("rejects", "past.yaml", "--ndjson");
    const [, first = "", second = ""] = /^(.*)\n(.*)\n$/.exec(stdout) ?? [];
    assert.deepEqual([JSON.parse(first).place, JSON.parse(second).place], ["in.csv:2", "in.csv:4"]);
    assert.match(
      stderr,
      /^Run \d+ did not get to its end: the list ends where it stopped, and there may be more behind\.\n$/,
    );
    assert.match(
      (await runner("rejects", "past.yaml")).stderr,
      /^What was not committed of flow `load` is undone, its good records too: mend these in the source, or allow some with `rejects`, and run it again\.\n/,
    );
    const show = await runner("show", "past.yaml");
    assert.match(
      show.stdout,
      /failed, started .*\nin\.csv:2 was rejected \(bad_date\): .*\nin\.csv:4 \(date_missing\): .*\nFlow `load` stopped there/,
    );
    assert.match(show.stdout, /It committed nothing\./);
    assert.match(
      show.stdout,
      /\nload rejected, and was undone:\n {2}code +records\n {2}bad_date +1\n {2}date_missing +1\n {2}It stopped there: records behind these were not looked at\.\n\nThe records: `runner rejects /,
    );
    const [last] = JSON.parse((await runner("history", "past.yaml", "--json")).stdout);
    assert.deepEqual(last.undone, {
      flow: "load",
      rejects: { bad_date: 1, date_missing: 1 },
      isWhole: false,
    });
    assert.match((await runner("history", "past.yaml")).stdout, /^.* rejected, undone\n.* 2\n/);
  });

  test("a run whose process was killed says so before the next one begins, and nothing is written for that", async () => {
    const file = join(folder, "held.yaml");
    const flow = `  - name: load
    source: { csv: { path: held.csv } }
    sink: { postgres_copy: { table: held, mode: replace, create: { columns: { id: int } } } }
`;
    await writeFile(file, `name: held\ndatabase: \${DATABASE_URL:-embedded}\nflows:\n${flow}`);
    execFileSync("mkfifo", [join(folder, "held.csv")]);
    const { child, ended } = startRunner(["held.yaml"], { cwd: folder });
    // It has begun when it opens what it reads.
    const pipe = await open(join(folder, "held.csv"), "w");
    child.kill("SIGKILL");
    await ended;
    await pipe.close();
    const [killed] = JSON.parse((await runner("history", "held.yaml", "--json")).stdout);
    assert.deepEqual([killed.status, killed.seconds], ["killed", null]);
    assert.match((await runner("show", "held.yaml")).stdout, /\nkilled, started [^,]*, by process/);
    const stored = await runner(
      "sql",
      "held.yaml",
      "select max(status) as status from runner.run where pipeline = 'held'",
      "--json",
    );
    assert.deepEqual(JSON.parse(stored.stdout), [{ status: "running" }]);
  });

  test("of a run that failed on another machine, the rejects are said to be there", async () => {
    const rejects = join(folder, ".runner", "rejects");
    await rename(rejects, `${rejects}-elsewhere`);
    const { stdout, stderr } = await runner("rejects", "past.yaml");
    await rename(`${rejects}-elsewhere`, rejects);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^2 records of flow `load`, which was undone, are in the run's own file alone, \.runner\/rejects\/\S+ of the machine that ran it \(process \d+ on \S+\)\.\n$/,
    );
  });

  test("a run that there is not, and a database that nobody named, are said", async () => {
    const missing = await runner("show", "past.yaml", "99");
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^Pipeline `past` has no run 99 in embedded database/);
    await writeFile(
      join(folder, "unset.yaml"),
      yaml("0").replace("${DATABASE_URL:-embedded}", "${NOT_SET_ANYWHERE}"),
    );
    const unset = await runner("rejects", "unset.yaml");
    assert.equal(unset.code, 2);
    assert.match(
      unset.stderr,
      /^`NOT_SET_ANYWHERE` of the environment, which says which database the pipeline has,/,
    );
  });

  test("variables that only sources need may be unset", async () => {
    await writeFile(
      join(folder, "past.yaml"),
      yaml("0").replace("path: in.csv", 'path: "${NOT_SET_ANYWHERE}"'),
    );
    assert.equal((await runner("history", "past.yaml")).code, 0);
  });

  test("rejects that no repair of the record helps get what does help, in the language of the shell", async () => {
    await writeFile(join(folder, "items.json"), '[1, {"id":1,"day":"x"}, {"id":2,"day":"2024"}]');
    const items = yaml("any").replace("csv: { path: in.csv }", "json: { path: items.json }");
    await writeFile(join(folder, "items.yaml"), items.replace("name: past", "name: items"));
    assert.equal((await runner("items.yaml", "--yes")).code, 0);
    const both = await runner("rejects", "items.yaml");
    assert.match(
      both.stderr,
      /^No repair of the records helps here, but this does:\n {2}no_object: Check that `at` points to .*(?:\n {4}.*)*\nTo repair others: `runner rejects items\.yaml \d+ --code bad_date --csv > /,
    );
    const environment = { LC_ALL: "fr_FR.UTF-8" };
    const words = ["rejects", "items.yaml", "--code", "no_object"];
    const alone = await runRunner(words, { cwd: folder, environment });
    assert.match(alone.stderr, /\n {2}no_object: Vérifiez que `at` désigne /);
    assert.doesNotMatch(alone.stderr, /To repair/);
  });

  test("rejects of several flows are no table", async () => {
    await writeFile(
      join(folder, "past.yaml"),
      yaml(
        "any",
        `  - name: other
    source: { csv: { path: in.csv } }
    transforms: [{ parse_dates: { from: day, min: first, max: last } }]
    sink: { file: { path: out.tsv } }
    rejects: { max: any }
`,
      ),
    );
    assert.equal((await runner("past.yaml")).code, 0);
    const both = await runner("rejects", "past.yaml", "--csv");
    assert.equal(both.code, 2);
    assert.match(both.stderr, /^The records of `load` and `other` have different columns/);
    assert.equal((await runner("rejects", "past.yaml", "--csv", "--flow", "other")).code, 0);
    assert.match(
      (await runner("rejects", "past.yaml")).stderr,
      /^To repair them: `runner rejects past\.yaml \d+ --flow \w+ --csv > repaired\.csv`/,
    );
  });
});
