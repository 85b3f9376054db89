import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { messageOf, type RunnerError } from "../src/core/errors.ts";
import type { ForeignTable } from "../src/first-write.ts";
import { rehearsePipeline } from "../src/rehearsal.ts";
import { runPipeline } from "../src/runner.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "./support/database.ts";
import { planFrom } from "./support/plan.ts";

const pipeline = (name: string, table: string, { setup = "", mode = "append" } = {}) => `
name: ${name}
${setup}
flows:
  - name: load
    source: { postgres: { sql: "select 1 as id" } }
    sink: { postgres_copy: { table: ${table}, mode: ${mode}, create: { columns: { id: int } } } }
`;

/** Runs it; `asked` are the tables of each question, which is answered as said. */
const go = async (yaml: string, database: TestDatabase, answer: boolean | "yes") => {
  const asked: (readonly ForeignTable[])[] = [];
  let hasBegun = false;
  const summary = await runPipeline(await planFrom(yaml, database), {
    database: database.opened,
    signal: new AbortController().signal,
    log: { info: () => undefined, warn: () => undefined },
    onBegin: () => {
      hasBegun = true;
    },
    confirm:
      answer === "yes"
        ? answer
        : async (tables) => {
            asked.push(tables);
            return answer;
          },
  });
  return { ...summary, hasBegun, asked: asked.map((tables) => tables.map(({ name }) => name)) };
};

onEachDatabase((database) => {
  describe("the first write into a table", () => {
    test("that holds rows of others is asked about; no stops the run before any flow, yes is remembered", async () => {
      await execute(database(), "create table others as select 7 as id");
      const yaml = pipeline("foreign", "others");
      const refused = await go(yaml, database(), false);
      assert.deepEqual(refused.asked, [["public.others"]]);
      assert.equal((refused.error as RunnerError).code, "first_write");
      assert.deepEqual(
        await rowsOf(database(), `select status from runner.run where run = ${refused.run}`),
        [{ status: "refused" }],
      );
      assert.deepEqual(await rowsOf(database(), "select id from others"), [{ id: 7 }]);
      const allowed = await go(yaml, database(), true);
      assert.equal(allowed.status, "done", messageOf(allowed.error));
      assert.equal(allowed.asked.length, 1);
      const again = await go(yaml, database(), false);
      assert.deepEqual([again.status, again.asked], ["done", []]);
    });

    test("is told by a plan, before a run asks; not once the pipeline has written there, nor of what setup makes", async () => {
      await execute(database(), "create table foreseen as select 7 as id");
      const told = async (yaml: string) => {
        const said: string[] = [];
        const { status, error } = await rehearsePipeline(await planFrom(yaml, database()), {
          database: database().opened,
          lockTimeoutSecs: 5,
          signal: new AbortController().signal,
          log: { info: () => undefined, warn: (text) => said.push(text) },
        });
        assert.equal(status, "done", messageOf(error));
        return said;
      };
      const yaml = pipeline("foreseen", "foreseen", { mode: "replace" });
      assert.deepEqual(await told(yaml), [
        "Pipeline `foreseen` has never written into `public.foreseen`, which holds rows already; those of `public.foreseen` would be removed (`mode: replace`). A run asks before it writes there, and needs `--yes` where there is no terminal.",
      ]);
      assert.equal((await go(yaml, database(), "yes")).status, "done");
      assert.deepEqual(await told(yaml), []);
      assert.deepEqual(await told(pipeline("foreseen_new", "foreseen_new")), []);
    });

    test("that lacks a column of the flow is told to, and nobody is asked; where the answer is yes beforehand, the run finds it", async () => {
      await execute(database(), "create table others_shape as select 7 as number");
      const yaml = pipeline("shape", "others_shape").replace(
        ", create: { columns: { id: int } }",
        "",
      );
      await writeFile(join(database().folder, "shape.csv"), "id\n1\n");
      const local = yaml.replace('postgres: { sql: "select 1 as id" }', "csv: { path: shape.csv }");
      const { status, asked, error, hasBegun } = await go(local, database(), false);
      assert.deepEqual([status, asked, hasBegun], ["failed", [], false]);
      assert.match(messageOf(error), /`id`[\s\S]*before the question whether to write/);
      assert.notEqual((error as RunnerError).code, "first_write");
      assert.equal((error as RunnerError).place?.line, 7);
      const certain = await go(local, database(), "yes");
      assert.deepEqual([certain.status, certain.hasBegun], ["failed", true]);
      assert.match(messageOf(certain.error), /`id`/);
    });

    test("that another pipeline writes is asked about; one of its own under another spelling is not", async () => {
      await go(pipeline("first_one", "public.shared_table"), database(), false);
      const second = await go(pipeline("second_one", "shared_table"), database(), false);
      assert.deepEqual(second.asked, [["public.shared_table"]]);
      const first = await go(pipeline("first_one", "shared_table"), database(), false);
      assert.deepEqual(first.asked, []);
    });

    test("is told to remove the rows of others where the sink replaces", async () => {
      await execute(
        database(),
        "create table kept as select 7 as id; create table gone as table kept",
      );
      for (const [table, mode] of [
        ["kept", "append"],
        ["gone", "replace"],
      ] as const) {
        const refused = await go(pipeline(`p_${table}`, table, { mode }), database(), false);
        assert.equal(/would be removed/.test(messageOf(refused.error)), mode === "replace");
      }
    });

    test("that is empty, or not there, is not asked about", async () => {
      await execute(database(), "create table nobodys (id int)");
      assert.deepEqual((await go(pipeline("p_empty", "nobodys"), database(), false)).asked, []);
      const made = await go(pipeline("p_made", "public.made_by_sink"), database(), false);
      assert.deepEqual([made.status, made.asked], ["done", []]);
      assert.deepEqual(
        await rowsOf(database(), "select target from runner.target where pipeline = 'p_made'"),
        [{ target: "public.made_by_sink" }],
      );
    });

    test("that setup made and filled is not asked about, even when that run went no further", async () => {
      await writeFile(
        join(database().folder, "fill.sql"),
        "create table if not exists filled as select 1 as id;",
      );
      const failing = pipeline("p_setup", "filled", { setup: "setup: [fill.sql]" }).replace(
        "select 1 as id",
        "select nothing as id",
      );
      const failed = await go(failing, database(), false);
      assert.deepEqual([failed.status, failed.asked], ["failed", []]);
      const yaml = pipeline("p_setup", "filled", { setup: "setup: [fill.sql]" });
      const rerun = await go(yaml, database(), false);
      assert.deepEqual([rerun.status, rerun.asked], ["done", []]);
    });

    test("of a pipeline that ran before this was kept is not asked about", async () => {
      const yaml = pipeline("p_earlier", "earlier_table", { mode: "replace" });
      await go(yaml, database(), false);
      await execute(database(), "delete from runner.target where pipeline = 'p_earlier'");
      const rerun = await go(yaml, database(), false);
      assert.deepEqual([rerun.status, rerun.asked], ["done", []]);
    });
  });
});
