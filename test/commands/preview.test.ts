import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { recordLines } from "../../src/commands/records.ts";
import { runRunner } from "../support/runner.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  await writeFile(join(folder, "a.csv"), `id,name\n1,"a; b"\n2,${"x".repeat(200)}\n3,\n`);
  await writeFile(
    join(folder, "p.yaml"),
    "name: p\nflows: [{ name: a, source: { csv: { path: a.csv } }, sink: { file: { path: o.tsv, format: tsv } } }]\n",
  );
});
after(() => rm(folder, { recursive: true }));

const preview = (...flags: string[]) => runRunner(["preview", "p.yaml", ...flags], { cwd: folder });

test("a preview is a table that fits, with long values cut", async () => {
  const { stdout } = await preview();
  const [header = "", first = "", second = ""] = stdout.split("\n");
  assert.match(header, /^record +id +name$/);
  assert.match(first, /^a\.csv:2 +1 +a; b$/);
  assert.match(second, /^a\.csv:3 +2 +x+…$/);
  assert.ok(second.length <= 120);
});

test("--json and --csv give values whole, with every column", async () => {
  const { stdout: json, stderr } = await preview("--json", "--rows", "2");
  assert.deepEqual(JSON.parse(json), [
    { id: "1", name: "a; b" },
    { id: "2", name: "x".repeat(200) },
  ]);
  assert.match(stderr, /^2 records of flow `a`; nothing was written\.$/m);
  const { stdout: csv } = await preview("--csv");
  assert.equal(csv, `\ufeffid;name\n1;"a; b"\n2;${"x".repeat(200)}\n3;\n`);
});

const DAY = "2024-05-06 10:11:12";
const NAME = "Orthetrum cancellatum (Linnaeus, 1758)";

test("where, key and dates stay whole in a narrow terminal: texts are cut, and it is said", () => {
  const records = {
    names: ["gbif_id", "name", "date_min"],
    places: ["occurrence.txt:12345"],
    rows: [["4000000001", NAME, DAY]],
  };
  assert.deepEqual(recordLines(records, 80), [
    "record                   gbif_id  name                       date_min",
    "occurrence.txt:12345  4000000001  Orthetrum cancellatum (L…  2024-05-06 10:11:12",
    "",
    "Long values are cut. `--json` and `--csv` have all of it.",
  ]);
});

test("a table that is still too wide goes without some last columns, but not without its first date", () => {
  const records = {
    names: ["id", "a", "day", "last", "name"],
    rows: [["1", "x", DAY, DAY, NAME]],
  };
  assert.deepEqual(recordLines(records, 50), [
    "id  a  day                  last",
    ` 1  x  ${DAY}  ${DAY}`,
    "",
    "Left out for want of room: `name`. `--json` and",
    "  `--csv` have all of it.",
  ]);
  const early = { names: ["id", "note", "a", "b", "day"], rows: [["1", NAME, NAME, NAME, DAY]] };
  assert.match(recordLines(early, 60)[0] ?? "", /^id +note +a +day$/);
});

test("columns without a value are left out before others are, and named", () => {
  const names = ["gbif_id", "a", "b", "c", "d", "e"];
  const records = { names, places: ["o.txt:2"], rows: [["1", null, "x", null, null, "y"]] };
  assert.equal(recordLines(records, 60)[0], "record   gbif_id  a  b  c  d  e");
  assert.deepEqual(recordLines(records, 30), [
    "record   gbif_id  b  e",
    "o.txt:2        1  x  y",
    "",
    "Empty in all of these records:",
    "  `a`, `c`, `d`.",
  ]);
});

test("records too wide for a table stand below each other, each value within the terminal", () => {
  const names = ["id", "a", "b", "none", "note"];
  const rows = [
    ["1", DAY, DAY, null, "x".repeat(99)],
    ["2", null, DAY, null, null],
  ];
  assert.deepEqual(recordLines({ names, rows }, 34), [
    "row 1",
    "  id    1",
    `  a     ${DAY}`,
    `  b     ${DAY}`,
    `  note  ${"x".repeat(25)}…`,
    "",
    "row 2",
    "  id    2",
    `  b     ${DAY}`,
    "",
    "Empty in all of these records:",
    "  `none`.",
    "Long values are cut. `--json` and",
    "  `--csv` have all of it.",
  ]);
});

test("what is damaged is told once, though validation has read it before", async () => {
  await writeFile(join(folder, "cut.zip"), "PK\x03\x04 and no end");
  const text =
    "name: cut\nflows:\n  - name: f\n    source: { dwca: { path: cut.zip } }\n    sink: { file: { path: out.tsv } }\n";
  await writeFile(join(folder, "cut.yaml"), text);
  const { code, stderr } = await runRunner(["preview", "cut.yaml"], { cwd: folder });
  assert.equal(code, 1);
  assert.equal(stderr.match(/cut\.zip is damaged/g)?.length, 1, stderr);
});
