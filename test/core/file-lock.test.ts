import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { databaseInUse } from "../../src/core/errors.ts";
import { lockFile } from "../../src/core/file-lock.ts";

const lockFolder = (folder: string) =>
  lockFile(join(folder, "lock"), (pid) => databaseInUse(folder, pid));

describe("lockFile", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a folder that is in use is refused with the pid of who uses it", async () => {
    const unlock = await lockFolder(folder);
    await assert.rejects(lockFolder(folder), {
      code: "database_in_use",
      exitCode: 3,
      message:
        `The embedded database in ${folder} is in use by process ${process.pid}. ` +
        `Wait until it ends. If that is no runner, remove ${folder}/lock.`,
    });
    await unlock();
    await (await lockFolder(folder))();
    assert.deepEqual(await readdir(folder), []);
  });

  test("the lock of a process that is gone is taken over", async () => {
    const child = spawn("true");
    await once(child, "exit");
    await writeFile(join(folder, "lock"), `${child.pid}\n`);
    await (await lockFolder(folder))();
  });

  test("of many that want a folder with a dead process's lock at once, one gets it", async () => {
    for (let round = 0; round < 30; round++) {
      await writeFile(join(folder, "lock"), "not a pid\n");
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, () => lockFolder(folder)),
      );
      const taken = attempts.filter((attempt) => attempt.status === "fulfilled");
      assert.equal(taken.length, 1);
      for (const { value: unlock } of taken) await unlock();
      assert.deepEqual(await readdir(folder), []);
    }
  });
});
