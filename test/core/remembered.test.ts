import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rememberedByFiles } from "../../src/core/remembered.ts";

test("what is made of files is made once for each state of them, and each time while one is missing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const kept = rememberedByFiles<number>();
  let made = 0;
  const ask = (text = "") => kept([a, b], text, () => ++made);
  await writeFile(a, "1");
  assert.deepEqual([ask(), ask()], [1, 2]);
  await writeFile(b, "1");
  assert.deepEqual([ask(), ask(), ask("other"), ask()], [3, 3, 4, 3]);
  await utimes(b, 1, 1);
  assert.deepEqual([ask(), ask()], [5, 5]);
  await writeFile(a, "12");
  assert.deepEqual([ask(), ask()], [6, 6]);
  await rm(folder, { recursive: true });
});
