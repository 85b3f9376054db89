import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { recordLines } from "../../src/commands/preview.ts";
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
  assert.equal(csv, `id;name\n1;"a; b"\n2;${"x".repeat(200)}\n3;\n`);
});

test("records too wide for a table stand below each other, without empty columns", () => {
  const names = ["gbif_id", "a", "b", "c", "d", "e"];
  const shown = { names, places: ["o.txt:2"], rows: [["1", null, "x", null, null, "y"]] };
  assert.deepEqual(recordLines(shown, 60), [
    "o.txt:2",
    "  gbif_id  1",
    "  b        x",
    "  e        y",
    "",
  ]);
});
