import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { databaseInUse, type RunnerError } from "../../src/core/errors.ts";
import { lockFile } from "../../src/core/file-lock.ts";

const lockFolder = (folder: string) =>
  lockFile(join(folder, "lock"), (holder) => databaseInUse(folder, holder));

describe("lockFile", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "runner-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a folder that is in use is refused with who uses it, for what and since when, without a password", async (t) => {
    t.mock.property(process, "argv", [
      "node",
      "runner",
      "p.yaml",
      "--database",
      "postgresql://me:hush@h/x",
    ]);
    const unlock = await lockFolder(folder);
    await assert.rejects(lockFolder(folder), (error: RunnerError) => {
      assert.deepEqual([error.code, error.exitCode], ["database_in_use", 3]);
      assert.match(
        error.message,
        / is in use by process \d+ \(`runner p\.yaml --database postgresql:\/\/me:\*\*\*@h\/x`\), since \d\d:\d\d:\d\d\. /,
      );
      return true;
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
