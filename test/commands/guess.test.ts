import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { runRunner } from "../support/runner.ts";

const sample = fileURLToPath(new URL("../../samples/demo.zip", import.meta.url));

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
});
after(() => rm(folder, { recursive: true }));

test("guess tells of the core its records, filled columns, types, id, dates and links; of the other tables only the sum", async () => {
  const { code, stdout } = await runRunner(["guess", sample]);
  assert.equal(code, 0);
  for (const line of [
    /^demo\.zip: 3 tables\.$/m,
    /^occurrence: 2,000 records\.$/m,
    /^ {2}gbifID +100 % +bigint +4000000001 · 4000000005/m,
    /^ {2}individualCount +19 % +integer/m,
    /^ {2}eventDate +99 % +text /m,
    /^ {2}taxonKey +100 % +text /m,
    /^ {2}148 more columns are empty\.$/m,
    /^ {2}`gbifID` tells records apart \(bigint\)\.$/m,
    /^ {2}`references` has links with a number: for `extract_id`, pattern '\/observations\/\(\\d\+\)\/\?\$'\.$/m,
    /^multimedia: 3,364 records\.\n {2}10 of 15 columns have values\.\n {2}`gbifID` leads to the core \(bigint\)\.$/m,
    /^verbatim \(Occurrence\): 2,000 records\.\n {2}\d+ of \d+ columns have values\.$/m,
    /^ {2}The records of occurrence once more, as they were published; `runner init` leaves them out\.$/m,
    /^Next: `runner guess \S+ --table multimedia` shows its columns,\n {2}`runner init \S+` writes a pipeline\.$/m,
  ]) {
    assert.match(stdout, line);
  }
  assert.equal(stdout.match(/^ {2}gbifID /gm)?.length, 1);
  const lines = stdout.split("\n").filter((line) => !/^Next: |^ {2}`runner init /.test(line));
  assert.ok(lines.every((line) => line.length <= 120));
});

test("guess has the types that init writes, for people, in JSON and in CSV, also when one table is asked for", async () => {
  await runRunner(["init", sample, "--name", "moths", "--into", join(folder, "project")]);
  const text = await readFile(join(folder, "project/pipelines/moths.yaml"), "utf8");
  const [occurrence, multimedia] = parse(text).flows;
  for (const [table, flow] of [
    ["occurrence", occurrence],
    ["multimedia", multimedia],
  ]) {
    const { columns } = flow.sink.postgres_copy.create;
    const project = flow.transforms.at(-1).project.columns;
    const expected = Object.entries(project)
      .filter(([to]) => !/^(date_m|id_inat)/.test(to))
      .map(([to, from]) => `${from} ${columns[to]}`);
    const guess = async (...flags: string[]) =>
      (await runRunner(["guess", sample, "--table", table, ...flags])).stdout;
    type Column = { name: string; filled: number; type: string };
    const seen = JSON.parse(await guess("--json")).tables[0].columns as Column[];
    assert.deepEqual(
      seen.filter(({ filled }) => filled > 0).map(({ name, type }) => `${name} ${type}`),
      expected,
    );
    const csv = (await guess("--csv")).split("\n").map((line) => line.split(";"));
    assert.deepEqual(
      csv
        .slice(1)
        .filter(([, , filled = "0"]) => filled !== "0")
        .map(([, name, , , type]) => `${name} ${type}`),
      expected,
    );
    const shown = [...(await guess()).matchAll(/^ {2}(\S+) +\d+ % +(\S+) /gm)];
    assert.deepEqual(
      shown.map(([, name, type]) => `${name} ${type}`),
      expected,
    );
  }
});

test("guess says why records are damaged, and what is wrong with the identifier of a core", async () => {
  const file = join(folder, "damaged.csv");
  await writeFile(file, "id,name\n1\n2\n");
  assert.match(
    (await runRunner(["guess", file])).stdout,
    /\n\ndamaged: 2 records, 2 of them damaged: The line has 1 field, the table has 2\.\n$/,
  );
  const archive = join(folder, "twice");
  await mkdir(archive);
  await writeFile(
    join(archive, "meta.xml"),
    `<archive xmlns="http://rs.tdwg.org/dwc/text/"><core rowType="http://rs.tdwg.org/dwc/terms/Occurrence" fieldsTerminatedBy="," linesTerminatedBy="\\n" ignoreHeaderLines="1"><files><location>o.txt</location></files><id index="0"/><field index="1" term="http://rs.tdwg.org/dwc/terms/sex"/></core></archive>`,
  );
  await writeFile(join(archive, "o.txt"), "id,sex\n1,f\n1,m\n");
  assert.match(
    (await runRunner(["guess", archive])).stdout,
    /^ {2}`id`, by which records should be told apart, is empty somewhere or the same twice\.$/m,
  );
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
    '\ufefftable;column;filled;records;type;for_example\ninventory;id;2;2;bigint;1 · 2\ninventory;name;2;2;text;Aus bus · Cus\ninventory;note;1;2;text;"a; b"\n',
  );
  const { stdout: text } = await runRunner(["guess", file]);
  assert.match(
    text,
    /^inventory: 3 records, 1 of them damaged: The line has 1 field, the table has 3\.$/m,
  );
});

test("guess of what is no archive says so", async () => {
  const { code, stderr } = await runRunner(["guess", join(folder, "none.zip")]);
  assert.equal(code, 2);
  assert.match(stderr, /^There is no file or folder .*none\.zip\.$/m);
});

test("guess reads a text that is no UTF-8 as what it seems to be, says so, and takes `--encoding` instead", async () => {
  const file = join(folder, "latin.csv");
  await writeFile(file, Buffer.from("id;lieu\n1;Forêt de Tronçais\n2;Paris\n", "latin1"));
  const guessed = await runRunner(["guess", file]);
  assert.equal(guessed.code, 0, guessed.stderr);
  assert.match(guessed.stdout, /^latin: 2 records\.$/m);
  assert.match(
    guessed.stdout,
    /^ {2}It is not in UTF-8; read as windows-1252, a guess: is "1;Forêt de Tronçais" right\? If not, say `--encoding`\.$/m,
  );
  assert.match(guessed.stdout, /^ {2}lieu +100 % +text +Forêt de Tronçais · Paris$/m);
  const given = await runRunner(["guess", file, "--encoding", "macintosh"]);
  assert.match(given.stdout, /^ {2}lieu +100 % +text +ForÍt de TronÁais · Paris$/m);
  assert.doesNotMatch(given.stdout, /a guess/);
  assert.match(given.stdout, /`runner init \S+ --encoding macintosh` writes a pipeline/);
  const [table] = JSON.parse((await runRunner(["guess", file, "--json"])).stdout).tables;
  assert.deepEqual(
    [table.encoding, table.encoding_example],
    ["windows-1252", "1;Forêt de Tronçais"],
  );
  const wrong = await runRunner(["guess", file, "--encoding", "latin-15"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /UTF-8, UTF-16 and windows-1252 are known/);
});

test("guess and init say of a pipeline that it is one", async () => {
  const file = join(folder, "p.yaml");
  await writeFile(file, "name: p\nflows: []\n");
  for (const command of ["guess", "init"]) {
    const { code, stderr } = await runRunner([command, file]);
    assert.equal(code, 2);
    assert.match(stderr, /^\S+p\.yaml is a pipeline, .* `runner preview \S+p\.yaml` shows/);
  }
});
