import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as yauzl from "yauzl";
import { writeArchive } from "../samples/archive.ts";
import { OCCURRENCE } from "../samples/layout.ts";
import { DEMO } from "../samples/make-sample.ts";

const entriesOf = async (path: string): Promise<Record<string, string>> => {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  const entries: Record<string, string> = {};
  for await (const entry of zip.eachEntry()) {
    const chunks = await Array.fromAsync(await zip.openReadStreamPromise(entry));
    entries[entry.fileName] = Buffer.concat(chunks).toString("utf8");
  }
  zip.close();
  return entries;
};

describe("samples/demo.zip", () => {
  const demo = new URL("../samples/demo.zip", import.meta.url).pathname;

  test("is what the script makes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    await writeArchive(join(folder, "demo.zip"), DEMO);
    assert.deepEqual(await entriesOf(join(folder, "demo.zip")), await entriesOf(demo));
    await rm(folder, { recursive: true });
  });

  test("has 2,000 records of 230 columns, each with its own gbifID, and GBIF's quirks", async () => {
    const text = (await entriesOf(demo))["occurrence.txt"] ?? "";
    const lines = text.trimEnd().split("\n");
    assert.equal(OCCURRENCE.length, 230);
    assert.equal(lines.length, 2001);
    assert.ok(lines.every((line) => line.split("\t").length === 230));
    assert.equal(new Set(lines.map((line) => line.split("\t")[0])).size, 2001);
    assert.match(text, /\t"Surnommé ""le paon du jour"""\t/);
    assert.match(text, /\t\d{4}-\d\d-\d\d\/\d{4}-\d\d-\d\d\t/);
    assert.match(text, /http:\/\/conabio\.inaturalist\.org/);
    assert.match(text, /\t1\.0E7\t/);
  });
});
