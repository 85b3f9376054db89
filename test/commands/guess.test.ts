import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runRunner } from "../support/runner.ts";

const sample = fileURLToPath(new URL("../../samples/demo.zip", import.meta.url));

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

test("guess tells of each table of an archive its records, filled columns, types, id, dates and links", async () => {
  const { code, stdout } = await runRunner(["guess", sample]);
  assert.equal(code, 0);
  for (const line of [
    /^demo\.zip: 3 tables\.$/m,
    /^occurrence: 2,000 records\.$/m,
    /^ {2}gbifID +100 % +bigint +4000000001 · 4000000005/m,
    /^ {2}individualCount +19 % +integer/m,
    /^ {2}eventDate +99 % +dates /m,
    /^ {2}148 more columns are empty\.$/m,
    /^ {2}Records are told apart by `gbifID` \(bigint\)\.$/m,
    /^ {2}`references` has links with a number: for `extract_id`, pattern '\/observations\/\(\\d\+\)\/\?\$'\.$/m,
    /^verbatim \(Occurrence\): 2,000 records\.$/m,
  ]) {
    assert.match(stdout, line);
  }
  assert.ok(stdout.split("\n").every((line) => line.length <= 120));
});

test("guess shows no table of columns where none has a value, and counts one as one", async () => {
  const empty = join(folder, "empty.csv");
  await writeFile(empty, "a,b\n");
  assert.match(
    (await runRunner(["guess", empty])).stdout,
    /: 0 records\.\n {2}All 2 columns are empty\.\n$/,
  );
  const single = join(folder, "single.csv");
  await writeFile(single, "a,b\n1,\n");
  const { stdout } = await runRunner(["guess", single]);
  assert.match(stdout, /: 1 record\.\n {2}column (?:.*\n)+ {2}1 more column is empty\.\n/);
});

test("guess says that it has looked only at the first records, and how many there may be", async () => {
  const words = ["guess", sample, "--table", "occurrence", "--rows", "100", "--json"];
  const { tables } = JSON.parse((await runRunner(words)).stdout);
  const [{ rows, is_whole, total, id, dates, columns }] = tables;
  assert.deepEqual([rows, is_whole, id, dates], [100, false, "gbifID", "eventDate"]);
  assert.ok(total > 1500 && total < 2500, `${total}`);
  assert.equal(columns.length, 231);
  const { stdout } = await runRunner(words.slice(0, -1));
  assert.match(stdout, /^occurrence: about [\d,]+ records; of the first 100\.$/m);
});

test("guess reads a lone text file, and gives a table for a spreadsheet", async () => {
  const file = join(folder, "inventory.csv");
  await writeFile(file, 'id,name,note\n1,Aus bus,"a; b"\n2,Cus,\n3\n');
  const { stdout, code } = await runRunner(["guess", file, "--csv"]);
  assert.equal(code, 0);
  assert.equal(
    stdout,
    'table;column;filled;records;type;for_example\ninventory;id;2;2;integer;1 · 2\ninventory;name;2;2;text;Aus bus · Cus\ninventory;note;1;2;text;"a; b"\n',
  );
  const { stdout: text } = await runRunner(["guess", file]);
  assert.match(text, /^inventory: 3 records, 1 of them damaged\.$/m);
});

test("guess of what is no archive says so", async () => {
  const { code, stderr } = await runRunner(["guess", join(folder, "none.zip")]);
  assert.equal(code, 2);
  assert.match(stderr, /^There is no file or folder .*none\.zip\. Nothing was loaded\.$/m);
});
