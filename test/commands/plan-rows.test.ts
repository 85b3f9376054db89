import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loggedRows, planRows } from "../../src/commands/plan-rows.ts";
import { rehearsePipeline } from "../../src/rehearsal.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";
import { planFrom } from "../support/plan.ts";

/** Plans a pipeline whose one flow reads `t.csv`; gives what is listed, page by page. */
const listed = async (
  database: TestDatabase,
  { yaml, csv }: { yaml: string; csv: string },
  isListing = true,
) => {
  await writeFile(join(database.folder, "t.csv"), csv);
  const plan = await planFrom(yaml, database);
  const pages: (string | null)[][][] = [];
  const rehearsal = await rehearsePipeline(plan, {
    database: database.opened,
    lockTimeoutSecs: 10,
    signal: new AbortController().signal,
    log: { info: () => undefined, warn: () => undefined },
    isListing,
    beforeUndo: async (session, run) => {
      for await (const page of loggedRows(session, run)) pages.push(page);
    },
  });
  assert.equal(rehearsal.error, undefined);
  return { rehearsal, pages };
};

onEachDatabase((database) => {
  test("the rows of a plan are counts, all new rows, all values that change, all held rows and all rejects", async () => {
    await execute(
      database(),
      `create table t (id int primary key, name text, judged boolean default false);
       insert into t values (1, 'a', false), (2, 'b', true), (3, 'c', false)`,
    );
    const { rehearsal, pages } = await listed(database(), {
      csv: "id,name,seen\n1,a2,2024\n2,b2,2024\n3,c,2024\n4,d,2024\n5,e,never\n6,f,no\n7,,2024\n",
      yaml: `name: p
flows:
  - name: f
    source: { csv: { path: t.csv } }
    transforms:
      - parse_dates: { from: seen, min: seen_min, max: seen_max }
      - project: { columns: { id: id, name: name } }
    sink: { postgres_upsert: { table: t, key: [id], hold_when: { where: judged, columns: [name] } } }
    rejects: { bad_date: any }
`,
    });
    assert.deepEqual(planRows(rehearsal), [
      ["flow", "what", "rows", "record", "row", "column", "old", "new", "code", "because"],
      ...Object.entries({
        read: 7,
        inserted: 2,
        updated: 1,
        unchanged: 1,
        held: 1,
        rejected: 2,
      }).map(([what, rows]) => ["f", what, String(rows), "", "", "", "", "", "", ""]),
      ["f", "changed", "1", "", "", "name", "", "", "", ""],
    ]);
    const bad = (place: string, message: string) => [
      "f",
      "rejected",
      null,
      place,
      null,
      null,
      null,
      null,
      "bad_date",
      message,
    ];
    assert.deepEqual(pages.flat(), [
      ["f", "held", null, "2", null, "name", "b", "b2", null, null],
      ["f", "inserted", null, "4", null, null, null, '{"name":"d"}', null, null],
      ["f", "inserted", null, "7", null, null, null, "{}", null, null],
      bad("t.csv:6", '`seen` is no date: "never".'),
      bad("t.csv:7", '`seen` is no date: "no".'),
      ["f", "updated", null, "1", null, "name", "a", "a2", null, null],
    ]);
    assert.equal((await rowsOf(database(), "select from t")).length, 3);
  });

  test("a plan lists what is written, not what the server refuses, and the part of a JSON column that is the flow's", async () => {
    await execute(
      database(),
      `create table u (id int primary key, name text check (name <> 'bad'), size int, data jsonb);
       insert into u values (1, 'a', 1, '{"own": {"k": "x"}, "other": 1}'), (2, 'b', 2, null), (3, 'c', 3, null)`,
    );
    const { rehearsal, pages } = await listed(database(), {
      csv: [
        "id,name,size,object",
        '1,a2,10,"{""k"": ""y""}"',
        "2,bad,2,",
        "3,c,,",
        "4,d,4,",
        "5,bad,5,",
        "",
      ].join("\n"),
      yaml: `name: q
flows:
  - name: g
    source: { csv: { path: t.csv } }
    sink: { postgres_upsert: { table: u, key: [id], json_merge: { data: { own: [object] } } } }
    rejects: { check_violation: any }
`,
    });
    assert.equal(rehearsal.flows[0]?.rejected, 2);
    assert.deepEqual(
      pages.flat().filter(([, what]) => what !== "rejected"),
      [
        ["g", "inserted", null, "4", null, null, null, '{"name":"d","size":4}', null, null],
        ["g", "updated", null, "1", null, "data", '{"k": "x"}', '{"k": "y"}', null, null],
        ["g", "updated", null, "1", null, "name", "a", "a2", null, null],
        ["g", "updated", null, "1", null, "size", "1", "10", null, null],
        ["g", "updated", null, "3", null, "size", "3", null, null, null],
      ],
    );
  });

  test("a plan's list has what `labels` say of a number beside it", async () => {
    await execute(
      database(),
      `create table code (id int primary key, label text);
       insert into code values (72, 'seen'), (73, 'heard');
       create table v (id int primary key, code int, size int);
       insert into v values (1, 72, 72)`,
    );
    const { pages } = await listed(database(), {
      csv: "id,code,size\n1,73,73\n2,72,72\n3,,1\n4,9,1\n",
      yaml: `name: s
flows:
  - name: i
    source: { csv: { path: t.csv } }
    sink: { postgres_upsert: { table: v, key: [id], labels: { code: "select id, label from code" } } }
`,
    });
    assert.deepEqual(pages.flat(), [
      ["i", "inserted", null, "2", null, null, null, '{"code":"72 (seen)","size":72}', null, null],
      ["i", "inserted", null, "3", null, null, null, '{"size":1}', null, null],
      ["i", "inserted", null, "4", null, null, null, '{"code":"9","size":1}', null, null],
      ["i", "updated", null, "1", null, "code", "72 (seen)", "73 (heard)", null, null],
      ["i", "updated", null, "1", null, "size", "72", "73", null, null],
    ]);
  });

  test("a long list comes in pages; without `--csv` none is made", async () => {
    await execute(database(), "create table w (id int primary key)");
    const lines = Array.from({ length: 5000 }, (_, index) => index + 1);
    const pipeline = {
      csv: `id\n${lines.join("\n")}\n`,
      yaml: `name: r
flows:
  - name: h
    source: { csv: { path: t.csv } }
    sink: { postgres_upsert: { table: w, key: [id] } }
`,
    };
    const { pages } = await listed(database(), pipeline);
    assert.equal(pages.length, 3);
    assert.deepEqual(
      pages
        .flat()
        .map(([, what, , record]) => `${what} ${record}`)
        .sort(),
      lines.map((id) => `inserted ${id}`).sort(),
    );
    const quick = await listed(database(), pipeline, false);
    assert.deepEqual(quick.pages, []);
    assert.equal(quick.rehearsal.flows[0]?.inserted, 5000);
  });
});
