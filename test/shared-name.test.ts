import assert from "node:assert/strict";
import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { messageOf, type RunnerError } from "../src/core/errors.ts";
import { rehearsePipeline } from "../src/rehearsal.ts";
import { runPipeline } from "../src/runner.ts";
import { onEachDatabase, rowsOf, type TestDatabase } from "./support/database.ts";
import { loaded } from "./support/pipelines.ts";

const pipeline = (name: string, id: number) => `
name: ${name}
flows:
  - name: load
    source: { postgres: { sql: "select ${id} as id" } }
    sink: { postgres_copy: { table: ${name}, mode: replace, create: { columns: { id: int } } } }
`;

const quiet = { info: () => undefined, warn: () => undefined };

/** Runs a file; `asked` are the files of each question, which is answered as said. */
const go = async (file: string, { opened }: TestDatabase, answer: boolean) => {
  const asked: string[] = [];
  const summary = await runPipeline(await loaded(file), {
    database: opened,
    signal: new AbortController().signal,
    log: quiet,
    confirmName: async ({ message }) => {
      asked.push(message);
      return answer;
    },
  });
  return { ...summary, asked };
};

onEachDatabase((database) => {
  const written = async (name: string, text: string): Promise<string> => {
    const file = join(database().folder, name);
    await writeFile(file, text);
    return file;
  };

  describe("a name that another file ran under", () => {
    test("is asked about in a copy; no stops the run before any flow, yes is remembered", async () => {
      const first = await written("first.yaml", pipeline("copied", 1));
      assert.deepEqual((await go(first, database(), false)).asked, []);
      const copy = await written("copy.yaml", pipeline("copied", 2));
      const refused = await go(copy, database(), false);
      const error = refused.error as RunnerError;
      assert.equal(error.code, "name_shared");
      assert.match(error.message, /first\.yaml/);
      assert.deepEqual([error.place?.file, error.place?.line, error.place?.column], [copy, 2, 7]);
      assert.deepEqual(
        await rowsOf(database(), `select status from runner.run where run = ${refused.run}`),
        [{ status: "refused" }],
      );
      assert.deepEqual(await rowsOf(database(), "select id from copied"), [{ id: 1 }]);

      const allowed = await go(copy, database(), true);
      assert.deepEqual([allowed.status, allowed.asked.length], ["done", 1]);
      assert.deepEqual((await go(copy, database(), false)).asked, []);
      assert.deepEqual((await go(first, database(), false)).asked, []);
    });

    test("is told by a plan, which goes on", async () => {
      await go(await written("planned.yaml", pipeline("planned", 1)), database(), false);
      const copy = await written("planned-copy.yaml", pipeline("planned", 2));
      const warned: string[] = [];
      const { status, error } = await rehearsePipeline(await loaded(copy), {
        database: database().opened,
        lockTimeoutSecs: 10,
        signal: new AbortController().signal,
        log: { ...quiet, warn: (text) => warned.push(text) },
      });
      assert.equal(status, "done", messageOf(error));
      assert.equal(warned.filter((text) => text.includes("planned.yaml")).length, 1);
    });

    test("is not asked about in a file that was renamed or is reached by a link, nor where the first has another name by now", async () => {
      const first = await written("was.yaml", pipeline("moved", 1));
      await go(first, database(), false);
      const now = join(database().folder, "is.yaml");
      await rename(first, now);
      await writeFile(now, pipeline("moved", 2));
      assert.deepEqual((await go(now, database(), false)).asked, []);
      const link = join(database().folder, "link.yaml");
      await symlink(now, link);
      assert.deepEqual((await go(link, database(), false)).asked, []);
      await writeFile(now, pipeline("renamed", 2));
      const other = await written("other.yaml", pipeline("moved", 3));
      assert.deepEqual((await go(other, database(), false)).asked, []);
      await rm(link);
    });

    test("is not asked about in a file that says the same, nor after runs of a version that did not keep the file", async () => {
      await go(await written("one.yaml", pipeline("twice", 1)), database(), false);
      const clone = await written("two.yaml", pipeline("twice", 1));
      assert.deepEqual((await go(clone, database(), false)).asked, []);
      // Copied, tried, and changed then.
      await writeFile(clone, pipeline("twice", 2));
      assert.equal((await go(clone, database(), false)).asked.length, 1);
      const third = await written("three.yaml", pipeline("twice", 3));
      await rowsOf(database(), "update runner.run set file = null where pipeline = 'twice'");
      assert.deepEqual((await go(third, database(), false)).asked, []);
    });
  });
});
