import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loggedRows, planRows } from "../../src/commands/plan-rows.ts";
import { rehearsePipeline } from "../../src/rehearsal.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import { planFrom } from "../support/plan.ts";

onEachDatabase((database) => {
  test("the rows of a plan are counts, columns that change with old and new, all held rows and all rejects", async () => {
    await execute(
      database(),
      `create table t (id int primary key, name text, judged boolean default false);
       insert into t values (1, 'a', false), (2, 'b', true), (3, 'c', false)`,
    );
    await writeFile(
      join(database().folder, "t.csv"),
      "id,name,seen\n1,a2,2024\n2,b2,2024\n3,c,2024\n4,d,2024\n5,e,never\n6,f,no\n",
    );
    const plan = await planFrom(
      `name: p
flows:
  - name: f
    source: { csv: { path: t.csv } }
    transforms:
      - parse_dates: { from: seen, min: seen_min, max: seen_max }
      - project: { columns: { id: id, name: name } }
    sink: { postgres_upsert: { table: t, key: [id], hold_when: { where: judged, columns: [name] } } }
    rejects: { bad_date: any }
`,
      database(),
    );
    const logged: (string | null)[][] = [];
    const rehearsal = await rehearsePipeline(plan, {
      database: database().opened,
      lockTimeoutSecs: 10,
      signal: new AbortController().signal,
      log: { info: () => undefined, warn: () => undefined },
      beforeUndo: async (session, run) => {
        logged.push(...(await loggedRows(session, run)));
      },
    });
    assert.equal(rehearsal.error, undefined);
    assert.deepEqual(planRows(rehearsal), [
      ["flow", "what", "rows", "record", "column", "old", "new", "code", "because"],
      ["f", "read", "6"],
      ["f", "inserted", "1"],
      ["f", "updated", "1"],
      ["f", "unchanged", "1"],
      ["f", "held", "1"],
      ["f", "rejected", "2"],
      ["f", "changed", "1", "", "name"],
      ["f", "for example", "", "1", "name", "a", "a2"],
    ]);
    assert.deepEqual(logged, [
      ["f", "held", null, "2", "name", "b", "b2", null, null],
      [
        "f",
        "rejected",
        null,
        "t.csv:6",
        null,
        null,
        null,
        "bad_date",
        '`seen` is no date: "never".',
      ],
      ["f", "rejected", null, "t.csv:7", null, null, null, "bad_date", '`seen` is no date: "no".'],
    ]);
    assert.equal((await rowsOf(database(), "select from t")).length, 3);
  });
});
