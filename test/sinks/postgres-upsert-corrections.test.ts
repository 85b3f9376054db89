/** Values that people have changed in rows that the pipeline wrote. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { messageOf } from "../../src/core/errors.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import { allowing, flowOf, rowsSource, run, stage } from "../support/flow.ts";

type Row = Readonly<Record<string, string | null>>;

onEachDatabase((database) => {
  const merge = async (table: string, rows: readonly Row[], options: object = {}) => {
    const sink = stage(postgresUpsert, {
      table,
      key: ["id"],
      track: `${table}_track`,
      ...options,
    });
    const flow = flowOf({ source: rowsSource(rows), sink, rejects: allowing(1) });
    const summary = await run(database(), [flow]);
    assert.equal(summary.status, "done", messageOf(summary.error));
    const counts = summary.flows[0];
    return {
      counts: [counts?.inserted, counts?.updated, counts?.unchanged, counts?.held],
      findings: (counts?.findings ?? []).map(
        ({ kind, key, column, old, new: now }) => `${kind} ${key} ${column}: ${old} → ${now}`,
      ),
      said: summary.said,
      run: summary.run,
    };
  };
  const all = (table: string, columns: string) =>
    rowsOf(database(), `select ${columns} from ${table} order by 1`);

  describe("what people correct in rows of postgres_upsert", () => {
    test("a corrected value stays while the record's own stays as it was, and the row's other columns follow the record", async () => {
      await execute(
        database(),
        "create table field (id int primary key, taxon int, remark text, day date, place text)",
      );
      const row = { taxon: "1", remark: null, day: "2024-05-01", place: "here" };
      await merge("field", [
        { id: "1", ...row },
        { id: "2", ...row },
      ]);
      await execute(
        database(),
        "update field set taxon = 7, remark = 'seen by me', day = null where id = 1",
      );
      const changed = { ...row, place: "there" };
      const second = await merge("field", [
        { id: "1", ...changed },
        { id: "2", ...changed },
      ]);
      assert.deepEqual(second.counts, [0, 2, 0, 0]);
      assert.deepEqual(second.findings, [
        "corrected 1 day: null → 2024-05-01",
        "corrected 1 remark: seen by me → null",
        "corrected 1 taxon: 7 → 1",
      ]);
      assert.deepEqual(second.said, [
        "Values of 1 row of `field` that people have changed stay: what the records bring there is as it was. For example:\n" +
          '  1: day (empty) (the record has "2024-05-01"), remark "seen by me" (empty in the record), taxon "7" (the record has "1")\n' +
          `All are in runner.finding: select * from runner.finding where run = ${second.run} and kind = 'corrected';`,
      ]);
      // Still a correction the next time, and what the record says elsewhere is still written.
      const third = await merge("field", [{ id: "1", ...changed, place: "elsewhere" }]);
      assert.deepEqual(third.counts, [0, 1, 0, 0]);
      assert.deepEqual(await all("field", "id, taxon, remark, day::text, place"), [
        { id: 1, taxon: 7, remark: "seen by me", day: null, place: "elsewhere" },
        { id: 2, taxon: 1, remark: null, day: "2024-05-01", place: "there" },
      ]);
    });

    test("where the record changes the very value that a person has changed, the record's is written and the person's is kept and told", async () => {
      await execute(
        database(),
        "create table both_changed (id int primary key, taxon text, remark text)",
      );
      await merge("both_changed", [
        { id: "1", taxon: "a", remark: "r" },
        { id: "2", taxon: "a", remark: "r" },
      ]);
      await execute(database(), "update both_changed set taxon = 'mine'");
      const { counts, findings, said, run } = await merge("both_changed", [
        { id: "1", taxon: "b", remark: "r" },
        // As the person has it: there is nothing to tell.
        { id: "2", taxon: "mine", remark: "s" },
      ]);
      assert.deepEqual(counts, [0, 2, 0, 0]);
      assert.deepEqual(findings, ["superseded 1 taxon: mine → b"]);
      assert.deepEqual(said, [
        "Values of 1 row of `both_changed` that people had changed were written over: what the records bring there has changed, too. For example:\n" +
          '  1: taxon "mine" → "b"\n' +
          `All are in runner.finding: select * from runner.finding where run = ${run} and kind = 'superseded';`,
      ]);
      assert.deepEqual(
        await rowsOf(
          database(),
          `select kind, key, column_name, old, new from runner.finding where run = ${run}`,
        ),
        [{ kind: "superseded", key: "1", column_name: "taxon", old: "mine", new: "b" }],
      );
      assert.deepEqual(await all("both_changed", "*"), [
        { id: 1, taxon: "b", remark: "r" },
        { id: 2, taxon: "mine", remark: "s" },
      ]);
    });

    test("a value that the server refuses overwrites nothing, and is not told so", async () => {
      await execute(
        database(),
        "create table refused_over (id int primary key, taxon text check (taxon <> 'no'))",
      );
      await merge("refused_over", [{ id: "1", taxon: "a" }]);
      await execute(database(), "update refused_over set taxon = 'mine'");
      const { counts, findings } = await merge("refused_over", [{ id: "1", taxon: "no" }]);
      assert.deepEqual([counts, findings], [[0, 0, 0, 0], []]);
      assert.deepEqual(await all("refused_over", "*"), [{ id: 1, taxon: "mine" }]);
    });

    test("a judged row whose taxon was corrected is held only when the record's taxon changes", async () => {
      await execute(
        database(),
        "create table judged_too (id int primary key, taxon text, remark text, status text)",
      );
      const options = { hold_when: { where: "status is not null", columns: ["taxon"] } };
      await merge("judged_too", [{ id: "1", taxon: "a", remark: "r" }], options);
      await execute(database(), "update judged_too set taxon = 'mine', status = 'certain'");
      const other = await merge("judged_too", [{ id: "1", taxon: "a", remark: "s" }], options);
      assert.deepEqual(other.counts, [0, 1, 0, 0]);
      const same = await merge("judged_too", [{ id: "1", taxon: "b", remark: "t" }], options);
      assert.deepEqual([same.counts, same.findings], [[0, 0, 0, 1], ["held 1 taxon: mine → b"]]);
      assert.deepEqual(await all("judged_too", "id, taxon, remark"), [
        { id: 1, taxon: "mine", remark: "s" },
      ]);
    });

    test("rows that were there and equal before the pipeline came are known from then on, others get the record's values", async () => {
      await execute(
        database(),
        "create table loaded_before (id int primary key, taxon text, remark text); insert into loaded_before values (1, 'a', 'r'), (2, 'typed', 'r')",
      );
      const row = { taxon: "a", remark: "r" };
      const first = await merge("loaded_before", [
        { id: "1", ...row },
        { id: "2", ...row },
      ]);
      assert.deepEqual([first.counts, first.findings], [[0, 1, 1, 0], []]);
      await execute(database(), "update loaded_before set taxon = 'mine'");
      await merge("loaded_before", [
        { id: "1", ...row, remark: "s" },
        { id: "2", ...row, remark: "s" },
      ]);
      assert.deepEqual(await all("loaded_before", "*"), [
        { id: 1, taxon: "mine", remark: "s" },
        { id: 2, taxon: "mine", remark: "s" },
      ]);
    });

    test("a row that was deleted by hand and comes anew is the record's in all columns", async () => {
      await execute(
        database(),
        "create table deleted_once (id int primary key, taxon text, remark text)",
      );
      await merge("deleted_once", [{ id: "1", taxon: "a", remark: "r" }]);
      await execute(database(), "delete from deleted_once");
      await merge("deleted_once", [{ id: "1", taxon: "b", remark: "r" }]);
      const { findings } = await merge("deleted_once", [{ id: "1", taxon: "a", remark: "s" }]);
      assert.deepEqual(findings, []);
      assert.deepEqual(await all("deleted_once", "*"), [{ id: 1, taxon: "a", remark: "s" }]);
    });

    test("a record that comes under a new key takes the corrections of its row along", async () => {
      await execute(
        database(),
        `create table moved_on (source int, pk text, uuid text unique, taxon text, remark text);
         create unique index on moved_on (source, pk);`,
      );
      const options = {
        key: ["source", "pk"],
        unique: { column: "uuid", owner: ["source"], code: "uuid_other_source" },
      };
      const row = { source: "5", uuid: "u1", taxon: "a", remark: "r" };
      await merge("moved_on", [{ pk: "old", ...row }], options);
      await execute(database(), "update moved_on set taxon = 'mine'");
      const moved = await merge("moved_on", [{ pk: "new", ...row, remark: "s" }], options);
      assert.deepEqual(moved.counts, [0, 1, 0, 0]);
      assert.deepEqual(
        moved.findings.filter((text) => text.startsWith("corrected")),
        ["corrected 5, new taxon: mine → a"],
      );
      await merge("moved_on", [{ pk: "new", ...row, remark: "t" }], options);
      assert.deepEqual(await all("moved_on", "pk, taxon, remark"), [
        { pk: "new", taxon: "mine", remark: "t" },
      ]);
    });

    test("a column that the flow brings only later is remembered from then on", async () => {
      await execute(database(), "create table wider (id int primary key, taxon text, remark text)");
      await merge("wider", [{ id: "1", taxon: "a" }]);
      await execute(database(), "update wider set taxon = 'mine'");
      await merge("wider", [{ id: "1", taxon: "a", remark: "r" }]);
      await execute(database(), "update wider set remark = 'mine, too'");
      await merge("wider", [
        { id: "1", taxon: "a", remark: "r" },
        { id: "2", taxon: "b", remark: "r" },
      ]);
      assert.deepEqual(await all("wider", "*"), [
        { id: 1, taxon: "mine", remark: "mine, too" },
        { id: 2, taxon: "b", remark: "r" },
      ]);
    });

    test("a table of another key in the place of what is remembered is told, and nothing is loaded", async () => {
      await execute(
        database(),
        "create table in_the_way (id int primary key, taxon text); create table in_the_way_track_written (a int primary key)",
      );
      const sink = stage(postgresUpsert, {
        table: "in_the_way",
        key: ["id"],
        track: "in_the_way_track",
      });
      const summary = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1", taxon: "a" }]), sink }),
      ]);
      assert.equal(
        messageOf(summary.error),
        "Table `in_the_way_track_written` cannot be the track of this sink: it has the columns `a`, and would need `id`. Name another one; it is made when it is not there.",
      );
      assert.deepEqual(await all("in_the_way", "*"), []);
    });
  });
});
