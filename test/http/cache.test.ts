import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { cleanCache, touch } from "../../src/http/cache.ts";

describe("cleanCache", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (name: string, daysAgo: number) => {
    const path = join(folder, name);
    await writeFile(path, Buffer.alloc(100));
    const then = new Date(Date.now() - daysAgo * 24 * 3600 * 1000);
    await utimes(path, then, then);
    return path;
  };

  test("removes what was unused for longest until the rest fits, and not the one in use", async () => {
    const oldest = await put("oldest.zip", 9);
    await put("old.zip", 8);
    await put("young.zip", 1);
    const keep = await put("keep.zip", 20);
    await touch(oldest);
    assert.deepEqual(await cleanCache(folder, { maxBytes: 300, keep }), ["old.zip"]);
    assert.deepEqual((await readdir(folder)).sort(), ["keep.zip", "oldest.zip", "young.zip"]);
  });

  test("leaves a download alone that may still be gone on with, but not an abandoned one", async () => {
    await put("going-on.zip.part", 2);
    await put("abandoned.zip.part", 30);
    const keep = await put("keep.zip", 0);
    assert.deepEqual(await cleanCache(folder, { maxBytes: 0, keep }), ["abandoned.zip.part"]);
  });

  test("removes nothing while all fits", async () => {
    await put("a.zip", 100);
    assert.deepEqual(await cleanCache(folder, { maxBytes: 100, keep: "" }), []);
  });
});
