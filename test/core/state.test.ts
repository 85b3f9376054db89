import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { RunnerError } from "../../src/core/errors.ts";
import { file } from "../../src/sinks/file.ts";
import { asRole, execute, newRole, onEachDatabase, rowsOf } from "../support/database.ts";
import { flowOf, rowsSource, run, stage } from "../support/flow.ts";

onEachDatabase((database) => {
  describe("the runner's memory", () => {
    test("is made in the schema that an administrator made for a role that may make none", async (t) => {
      const role = await newRole(database(), t);
      const weak = { ...database(), opened: asRole(database(), role) };
      const path = join(database().folder, "out.tsv");
      const flow = flowOf({
        source: rowsSource([{ id: "1" }]),
        sink: stage(file, { path, format: "tsv" }),
      });
      const refused = (await run(weak, [flow])).error as RunnerError;
      assert.equal(refused.code, "state_forbidden");
      const [, ...statements] = refused.message.split("\n");
      assert.deepEqual(statements, [`  create schema runner authorization ${role};`]);

      await execute(database(), statements.join("\n"));
      const { status, error } = await run(weak, [flow]);
      assert.equal(status, "done", String(error));
      assert.deepEqual(await rowsOf(database(), "select pipeline, status from runner.run"), [
        { pipeline: "test", status: "done" },
      ]);
    });
  });
});
