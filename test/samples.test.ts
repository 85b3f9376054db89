import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as yauzl from "yauzl";
import { writeArchive } from "../samples/archive.ts";
import { recordedAnswer } from "../samples/inaturalist.ts";
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

describe("samples/inaturalist.json", () => {
  const path = new URL("../samples/inaturalist.json", import.meta.url);

  test("is what the script makes", async () => {
    assert.equal(await readFile(path, "utf8"), recordedAnswer(DEMO));
  });

  test("has a uuid of its own for nearly all observations of the archive, and says which are deleted", async () => {
    const answer: {
      results: { id: number; uri: string; uuid: string }[];
      missing: { id: number }[];
    } = JSON.parse(await readFile(path, "utf8"));
    const archive = (await entriesOf(new URL("../samples/demo.zip", import.meta.url).pathname))[
      "occurrence.txt"
    ];
    const links = [
      ...(archive ?? "").matchAll(/\thttps?:\/\/\w+\.inaturalist\.org\/observations\/(\d+)\t/g),
    ];
    const observations = new Set(links.map((match) => Number(match[1])));
    const ids = [...answer.results, ...answer.missing].map(({ id }) => id);
    assert.ok(ids.every((id) => observations.has(id)));
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(new Set(answer.results.map(({ uuid }) => uuid)).size, answer.results.length);
    assert.ok(
      answer.results.every(({ uuid }) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)),
    );
    assert.ok(answer.missing.length > 10);
    // The rest has not been asked for yet.
    assert.ok(observations.size - ids.length > 5 && observations.size - ids.length < 20);
  });
});
