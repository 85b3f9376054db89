import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Rejected } from "../../src/core/batch.ts";
import { RejectFile } from "../../src/core/reject-file.ts";

const reject = (place: string): Rejected => ({ place, raw: "a\tb", code: "bad", message: "No." });

test("a reject file has the rejects of its own run alone, and gives those between two positions", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const path = join(folder, "rejects", "x-1.ndjson");
  const other = new RejectFile(path);
  other.append("flow", [reject("other:1"), reject("other:2")]);
  other.close();
  const file = new RejectFile(path);
  assert.equal(file.sizeBytes, 0);
  file.append("flow", [reject("a:1")]);
  const position = file.sizeBytes;
  file.append("flow", [reject("a:2")]);
  const end = file.sizeBytes;
  file.append("flow", [reject("a:3")]);
  const between = (start: number, to: number) => Array.fromAsync(file.between({ start, end: to }));
  assert.deepEqual(await between(0, end), [reject("a:1"), reject("a:2")]);
  assert.deepEqual(await between(position, end), [reject("a:2")]);
  assert.deepEqual(await between(end, end), []);
  file.close();
  assert.doesNotMatch(await readFile(path, "utf8"), /other/);
  await rm(folder, { recursive: true });
});
