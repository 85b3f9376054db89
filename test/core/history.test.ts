import assert from "node:assert/strict";
import { test } from "node:test";
import { pastFlows } from "../../src/core/history.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { execute, onEachDatabase } from "../support/database.ts";
import { flowOf, rowsSource, run, stage } from "../support/flow.ts";

onEachDatabase((database) => {
  test("a past run counts a row that was held once, however many of its columns would have changed", async () => {
    await execute(
      database(),
      "create table past_held (id int primary key, a text, b text); insert into past_held values (1, 'x', 'x'), (2, 'x', 'x')",
    );
    const sink = stage(postgresUpsert, {
      table: "past_held",
      key: ["id"],
      commit_rows: 1,
      parallel: 1,
      hold_when: { action: "hold", where: "true", columns: ["a", "b"] },
    });
    const source = rowsSource([
      { id: "1", a: "n", b: "n" },
      { id: "2", a: "n", b: "x" },
    ]);
    const summary = await run(database(), [flowOf({ source, sink })]);
    assert.equal(summary.status, "done", String(summary.error));
    await using session = await database().opened.session();
    const [flow] = await pastFlows(session, Number(summary.run));
    assert.deepEqual([flow?.counts.held, flow?.findings], [2, { held: 2 }]);
    const told = (key: string, column: string, now: string) => ({
      kind: "held",
      key,
      label: null,
      column,
      old: "x",
      new: now,
    });
    assert.deepEqual(flow?.firstFindings, [
      told("1", "a", "n"),
      told("1", "b", "n"),
      told("2", "a", "n"),
    ]);
  });
});
