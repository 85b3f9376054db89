import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { quoteOpen, type RunnerError } from "../../src/core/errors.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import { codeOf, messageOf } from "../support/errors.ts";
import {
  allowing,
  batchOf,
  flowOf,
  inputNamed,
  rowsSource,
  run,
  sourceOf,
  stage,
} from "../support/flow.ts";
import { randomFrom } from "../support/random.ts";

type Row = Readonly<Record<string, string | null>>;

onEachDatabase((database) => {
  /** Merges rows into a table and gives what became of them. */
  const merge = async (
    table: string,
    rows: readonly Row[],
    {
      rejects = 0,
      ...options
    }: { rejects?: number; key?: string[] } & Record<string, unknown> = {},
  ) => {
    const sink = stage(postgresUpsert, { table, key: ["id"], ...options });
    const summary = await run(database(), [
      flowOf({ source: rowsSource(rows), sink, rejects: allowing(rejects) }),
    ]);
    const [flow] = summary.flows;
    return { ...summary, flow, counts: [flow?.inserted, flow?.updated, flow?.unchanged] };
  };
  const all = (table: string, columns = "*") =>
    rowsOf(database(), `select ${columns} from ${table} order by 1`);
  const rejectsOf = async (summary: { run: string | undefined }) =>
    rowsOf(
      database(),
      `select code, message, place from runner.reject where run = ${summary.run} order by place`,
    );

  describe("postgres_upsert", () => {
    test("inserts what is new, updates what differs and leaves the rest untouched", async () => {
      await execute(
        database(),
        "create table plain (id int primary key, name text, n int); insert into plain values (1, 'a', 1), (2, 'b', 2), (9, 'z', 9);",
      );
      const before = await all("plain", "id, xmin::text");
      const summary = await merge("plain", [
        { id: "1", name: "a", n: "1" },
        { id: "2", name: "B", n: "2" },
        { id: "3", name: "c", n: null },
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [1, 1, 1]);
      assert.deepEqual(summary.flow?.changed, {
        changes: { name: 1 },
        examples: [{ key: "2", label: null, column: "name", old: "b", new: "B" }],
      });
      assert.deepEqual(await all("plain"), [
        { id: 1, name: "a", n: 1 },
        { id: 2, name: "B", n: 2 },
        { id: 3, name: "c", n: null },
        { id: 9, name: "z", n: 9 },
      ]);
      const after = await all("plain", "id, xmin::text");
      assert.deepEqual(
        after.filter(({ id }) => id === 1 || id === 9),
        before.filter(({ id }) => id === 1 || id === 9),
      );
    });

    test("an update names only the columns that differ, so other triggers do not run", async () => {
      await execute(
        database(),
        `create table watched (id int primary key, place text, name text);
         create table fired (id int, what text);
         create function fire() returns trigger language plpgsql as $$
           begin insert into fired values (new.id, tg_argv[0]); return new; end $$;
         create trigger a after update of place on watched for each row execute function fire('place');
         create trigger b after update of name on watched for each row execute function fire('name');
         insert into watched values (1, 'p', 'n'), (2, 'p', 'n'), (3, 'p', 'n');`,
      );
      const { counts, flow } = await merge("watched", [
        { id: "1", place: "p", name: "N" },
        { id: "2", place: "P", name: "N" },
        { id: "3", place: "p", name: "n" },
      ]);
      assert.deepEqual(counts, [0, 2, 1]);
      assert.deepEqual(flow?.changed.changes, { name: 2, place: 1 });
      assert.deepEqual(await rowsOf(database(), "select * from fired order by id, what"), [
        { id: 1, what: "name" },
        { id: 2, what: "name" },
        { id: 2, what: "place" },
      ]);
    });

    test("columns for inserts only stay, columns not compared are written along, constants go by what happens", async () => {
      await execute(
        database(),
        `create table roles (id int primary key, uuid text, seen text, name text, last_action char);
         insert into roles values (1, 'u1', 's1', 'a', 'I'), (2, 'u2', 's2', 'b', 'I');`,
      );
      const options = {
        insert_only: ["uuid"],
        not_compared: ["seen"],
        on_insert: { last_action: "I" },
        on_update: { last_action: "U" },
      };
      const { counts, status, error } = await merge(
        "roles",
        [
          { id: "1", uuid: "other", seen: "t1", name: "a" },
          { id: "2", uuid: "other", seen: "t2", name: "B" },
          { id: "3", uuid: "u3", seen: "t3", name: "c" },
        ],
        options,
      );
      assert.equal(status, "done", messageOf(error));
      assert.deepEqual(counts, [1, 1, 1]);
      assert.deepEqual(await all("roles"), [
        { id: 1, uuid: "u1", seen: "s1", name: "a", last_action: "I" },
        { id: 2, uuid: "u2", seen: "t2", name: "B", last_action: "U" },
        { id: 3, uuid: "u3", seen: "t3", name: "c", last_action: "I" },
      ]);
    });

    test("`update` names what is updated, everything else is for inserts only", async () => {
      await execute(
        database(),
        "create table named (id int primary key, a text, b text); insert into named values (1, 'a', 'b');",
      );
      await merge("named", [{ id: "1", a: "A", b: "B" }], { update: ["b"] });
      assert.deepEqual(await all("named"), [{ id: 1, a: "a", b: "B" }]);
    });

    test("columns are derived by SQL, later ones out of earlier ones", async () => {
      await execute(database(), "create table derived (id int primary key, a int, b int);");
      const derive = { a: "x::int + 1", b: "a * 2" };
      assert.deepEqual(
        (await merge("derived", [{ id: "1", x: "4" }], { derive })).counts,
        [1, 0, 0],
      );
      assert.deepEqual(
        (await merge("derived", [{ id: "1", x: "4" }], { derive })).counts,
        [0, 0, 1],
      );
      assert.deepEqual(
        (await merge("derived", [{ id: "1", x: "5" }], { derive })).counts,
        [0, 1, 0],
      );
      assert.deepEqual(await all("derived"), [{ id: 1, a: 6, b: 12 }]);
    });

    test("a JSON object is merged at its own key alone, and parts of it are not compared", async () => {
      await execute(
        database(),
        `create table documents (id int primary key, data jsonb);
         insert into documents values (1, '{"mine": {"a": 1, "seen": 1}, "theirs": 7}'), (2, '{"theirs": 8}'), (3, null);`,
      );
      const options = { json_merge: { data: { mine: ["a", "b"] } }, not_compared: ["b"] };
      const rows = (a: string, seen: string) =>
        ["1", "2", "3"].map((id) => ({ id, a: `{"a": ${a}}`, b: `{"seen": ${seen}}` }));
      assert.deepEqual((await merge("documents", rows("1", "2"), options)).counts, [0, 2, 1]);
      assert.deepEqual((await merge("documents", rows("1", "3"), options)).counts, [0, 0, 3]);
      assert.deepEqual(await all("documents"), [
        { id: 1, data: { mine: { a: 1, seen: 1 }, theirs: 7 } },
        { id: 2, data: { mine: { a: 1, seen: 2 }, theirs: 8 } },
        { id: 3, data: { mine: { a: 1, seen: 2 } } },
      ]);
      assert.deepEqual((await merge("documents", rows("2", "4"), options)).counts, [0, 3, 0]);
      assert.deepEqual((await all("documents"))[0], {
        id: 1,
        data: { mine: { a: 2, seen: 4 }, theirs: 7 },
      });
    });

    test("JSON's null counts as no document, and what others wrote under the merge's own key is replaced", async () => {
      await execute(
        database(),
        `create table strange (id int primary key, data jsonb);
         insert into strange values (1, 'null'), (2, '{"mine": "text", "theirs": 1}'), (3, '{"mine": null}');`,
      );
      const options = { json_merge: { data: { mine: ["a", "b"] } }, not_compared: ["b"] };
      const rows = ["1", "2", "3"].map((id) => ({ id, a: '{"a": 1}', b: '{"b": 2}' }));
      assert.deepEqual((await merge("strange", rows, options)).counts, [0, 3, 0]);
      assert.deepEqual((await merge("strange", rows, options)).counts, [0, 0, 3]);
      const mine = { a: 1, b: 2 };
      assert.deepEqual(await all("strange"), [
        { id: 1, data: { mine } },
        { id: 2, data: { mine, theirs: 1 } },
        { id: 3, data: { mine } },
      ]);
    });

    test("shows of an object that it changes the parts that differ", async () => {
      await execute(
        database(),
        `create table shown (id int primary key, data jsonb);
         insert into shown values (1, '{"mine": {"a": 1, "same": [1], "gone": "x"}, "theirs": 7}'), (2, '{"mine": "text"}');`,
      );
      const options = { json_merge: { data: { mine: ["a"] } } };
      const a = '{"a": 2, "same": [1], "new": null}';
      const { flow } = await merge(
        "shown",
        [
          { id: "1", a },
          { id: "2", a },
        ],
        options,
      );
      assert.deepEqual(flow?.changed.examples, [
        {
          key: "1",
          label: null,
          column: "data",
          old: '{"a": 1, "gone": "x"}',
          new: '{"a": 2, "new": null}',
        },
        {
          key: "2",
          label: null,
          column: "data",
          old: '"text"',
          new: '{"a": 2, "new": null, "same": [1]}',
        },
      ]);
    });

    test("a key that comes twice is set aside the second time, in another chunk too", async () => {
      for (const track of [undefined, "twice_track"]) {
        await execute(
          database(),
          "drop table if exists twice; create table twice (id int primary key, n text);",
        );
        const source = sourceOf([
          batchOf(
            [
              { id: "1", n: "a" },
              { id: "1", n: "b" },
            ],
            1,
            METERED,
          ),
          batchOf(
            [
              { id: "2", n: "c" },
              { id: "1", n: "d" },
            ],
            3,
            METERED,
          ),
        ]);
        const options = { table: "twice", key: ["id"], ...(track ? { track } : {}) };
        const summary = await run(database(), [
          flowOf({ source, sink: stage(postgresUpsert, options), rejects: allowing(2) }),
        ]);
        assert.equal(summary.status, "done", messageOf(summary.error));
        assert.deepEqual(await rejectsOf(summary), [
          {
            code: "duplicate_key",
            message: "The key 1 came before in this run.",
            place: "service:2",
          },
          {
            code: "duplicate_key",
            message: "The key 1 came before in this run.",
            place: "service:4",
          },
        ]);
        assert.deepEqual(await all("twice"), [
          { id: 1, n: "a" },
          { id: 2, n: "c" },
        ]);
      }
    });

    test("with a track, an unchanged row is not compared; one that is gone is inserted again; another meaning compares anew", async () => {
      await execute(database(), "create table tracked (id int primary key, n text, m text);");
      const rows = [
        { id: "1", n: "a" },
        { id: "2", n: "b" },
      ];
      const options = { track: "made.tracked_track" };
      assert.deepEqual((await merge("tracked", rows, options)).counts, [2, 0, 0]);
      await execute(
        database(),
        "update tracked set n = 'by hand' where id = 1; delete from tracked where id = 2;",
      );
      assert.deepEqual((await merge("tracked", rows, options)).counts, [1, 0, 1]);
      assert.deepEqual(await all("tracked", "id, n"), [
        { id: 1, n: "by hand" },
        { id: 2, n: "b" },
      ]);
      const changed = await merge("tracked", rows, { ...options, derive: { m: "upper(n)" } });
      assert.deepEqual(changed.counts, [0, 2, 0]);
      assert.deepEqual(await all("tracked"), [
        { id: 1, n: "by hand", m: "A" },
        { id: 2, n: "b", m: "B" },
      ]);
      const seen = await rowsOf(database(), "select distinct run::text from made.tracked_track");
      assert.deepEqual(seen, [{ run: changed.run }]);
    });

    test("what the server refuses, at whichever step, is set aside and the rest is merged", async () => {
      await execute(
        database(),
        `create table parent (p int primary key); insert into parent values (1);
         create table strict (id int primary key, n varchar(3) not null, p int references parent, q int check (q < 10));
         insert into strict values (20, 'old', 1, 1), (21, 'old', 1, 1);`,
      );
      const good = { n: "abc", p: "1", q: "1" };
      const summary = await merge(
        "strict",
        [
          { id: "1", ...good },
          { id: "x", ...good },
          { id: null, ...good },
          { id: "2", ...good, n: "abcd" },
          { id: "3", ...good, n: null },
          { id: "4", ...good, p: "7" },
          { id: "5", ...good, q: "11" },
          { id: "20", ...good, q: "12" },
          { id: "21", ...good },
          { id: "6", ...good },
        ],
        { rejects: 7 },
      );
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [2, 1, 0]);
      assert.deepEqual(
        (await rejectsOf(summary)).map(({ code, place }) => `${place} ${code}`),
        [
          "input.txt:2 invalid_text_representation",
          "input.txt:3 not_null_violation",
          "input.txt:4 string_data_right_truncation",
          "input.txt:5 not_null_violation",
          "input.txt:6 foreign_key_violation",
          "input.txt:7 check_violation",
          "input.txt:8 check_violation",
        ],
      );
      assert.deepEqual(await all("strict", "id, n"), [
        { id: 1, n: "abc" },
        { id: 6, n: "abc" },
        { id: 20, n: "old" },
        { id: 21, n: "abc" },
      ]);
    });

    test("a refused row is tried again by the next run, although the track knows its key", async () => {
      await execute(database(), "create table retried (id int primary key, q int check (q < 10));");
      const options = { track: "retried_track", rejects: 1 };
      const rows = [{ id: "1", q: "11" }];
      assert.deepEqual((await merge("retried", rows, options)).counts, [0, 0, 0]);
      assert.deepEqual((await merge("retried", [{ id: "1", q: "9" }], options)).counts, [1, 0, 0]);
      assert.equal((await merge("retried", rows, options)).flow?.rejected, 1);
      assert.deepEqual((await merge("retried", [{ id: "1", q: "9" }], options)).counts, [0, 0, 1]);
    });

    test("the key of one source may be unique in a partial index alone", async () => {
      await execute(
        database(),
        `create table shared_table (source int, pk text, n text);
         create unique index on shared_table (pk) where source = 5;
         insert into shared_table values (1, 'a', 'theirs'), (1, 'a', 'theirs'), (5, 'a', 'ours');`,
      );
      const key = ["source", "pk"];
      const { counts } = await merge(
        "shared_table",
        [
          { source: "5", pk: "a", n: "new" },
          { source: "5", pk: "b", n: "b" },
        ],
        { key },
      );
      assert.deepEqual(counts, [1, 1, 0]);
      assert.deepEqual(await rowsOf(database(), "select * from shared_table order by source, pk"), [
        { source: 1, pk: "a", n: "theirs" },
        { source: 1, pk: "a", n: "theirs" },
        { source: 5, pk: "a", n: "new" },
        { source: 5, pk: "b", n: "b" },
      ]);
      const outside = await merge("shared_table", [{ source: "1", pk: "a", n: "x" }], { key });
      assert.equal(codeOf(outside.error), "key_outside_index");
    });

    test("a value that must be unique belongs to its owner: ours gets the new key, another's is not touched", async () => {
      await execute(
        database(),
        `create table owned (source int, pk text, uuid text unique, n text, primary key (source, pk));
         insert into owned values (1, 'x', 'u1', 'theirs'), (5, 'old', 'u2', 'ours'), (5, 'kept', 'u3', 'ours');`,
      );
      const summary = await merge(
        "owned",
        [
          { source: "5", pk: "kept", uuid: "u3", n: "ours" },
          { source: "5", pk: "a", uuid: "u1", n: "a" },
          { source: "5", pk: "new", uuid: "u2", n: "ours" },
          { source: "5", pk: "b", uuid: "u3", n: "b" },
          { source: "5", pk: "c", uuid: "u4", n: "c" },
          { source: "5", pk: "d", uuid: "u2", n: "d" },
        ],
        {
          key: ["source", "pk"],
          insert_only: ["uuid"],
          track: "owned_track",
          unique: { column: "uuid", owner: ["source"], code: "uuid_other_source" },
          rejects: 3,
        },
      );
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [1, 1, 1]);
      assert.deepEqual([summary.flow?.rekeyed, summary.flow?.changed.changes], [1, { pk: 1 }]);
      assert.deepEqual(summary.flow?.findings, [
        { kind: "rekeyed", key: "5, new", label: null, column: "pk", old: "old", new: "new" },
      ]);
      assert.deepEqual(
        (await rejectsOf(summary)).map(({ place, code, message }) => [place, code, message]),
        [
          [
            "input.txt:2",
            "uuid_other_source",
            '`uuid` "u1" belongs to a row of another origin, with the key 1, x.',
          ],
          [
            "input.txt:4",
            "duplicate_unique",
            '`uuid` "u3" came before in this run, with the key 5, kept.',
          ],
          [
            "input.txt:6",
            "duplicate_unique",
            '`uuid` "u2" came before in this run, with the key 5, old.',
          ],
        ],
      );
      assert.deepEqual(await rowsOf(database(), "select * from owned order by uuid"), [
        { source: 1, pk: "x", uuid: "u1", n: "theirs" },
        { source: 5, pk: "new", uuid: "u2", n: "ours" },
        { source: 5, pk: "kept", uuid: "u3", n: "ours" },
        { source: 5, pk: "c", uuid: "u4", n: "c" },
      ]);
    });

    test("a row that people have worked on is held when a column that matters would change, and told", async () => {
      await execute(
        database(),
        `create table judged (id int primary key, taxon text, remark text, status text);
         insert into judged values (1, 'a', 'r', 'certain'), (2, 'a', 'r', null), (3, 'a', 'r', 'certain'), (4, 'a', 'r', 'certain');`,
      );
      const options = {
        track: "judged_track",
        hold_when: { where: "status is not null", columns: ["taxon"] },
      };
      const rows = [
        { id: "1", taxon: "b", remark: "s" },
        { id: "2", taxon: "b", remark: "s" },
        { id: "3", taxon: "a", remark: "s" },
        { id: "4", taxon: "a", remark: "r" },
      ];
      const first = await merge("judged", rows, options);
      assert.deepEqual([...first.counts, first.flow?.held], [0, 2, 1, 1]);
      assert.deepEqual(first.said, [
        '1 row of `judged` would change and was left as it is, as people have worked on it; `hold_when: { action: apply }` updates it. For example:\n  1: taxon "a" → "b"\n' +
          `All are in runner.finding: select * from runner.finding where run = ${first.run} and kind = 'held';`,
      ]);
      const held = { kind: "held", key: "1", label: null, column: "taxon", old: "a", new: "b" };
      assert.deepEqual(first.flow?.findings, [held]);
      assert.deepEqual(
        await rowsOf(
          database(),
          `select kind, key, label, column_name as "column", old, new from runner.finding where run = ${first.run}`,
        ),
        [held],
      );
      assert.deepEqual(await all("judged", "id, taxon, remark"), [
        { id: 1, taxon: "a", remark: "r" },
        { id: 2, taxon: "b", remark: "s" },
        { id: 3, taxon: "a", remark: "s" },
        { id: 4, taxon: "a", remark: "r" },
      ]);
      // Held again, until somebody takes the judgement back.
      assert.equal((await merge("judged", rows, options)).flow?.held, 1);
      await execute(database(), "update judged set status = null where id = 1");
      assert.deepEqual((await merge("judged", rows, options)).counts, [0, 1, 3]);
      const stray = await merge("judged", rows, {
        hold_when: { where: "true", columns: ["taxxon"] },
      });
      assert.equal(codeOf(stray.error), "merge_column_unknown");
    });

    test("a row that people have worked on is updated with `action: apply`, and told with old and new", async () => {
      await execute(
        database(),
        `create table overruled (id int primary key, taxon text check (taxon <> 'no'), remark text, status text);
         insert into overruled values (1, 'a', 'r', 'certain'), (2, 'a', 'r', null), (3, 'a', 'r', 'certain'), (4, 'a', 'r', 'certain');`,
      );
      const { counts, flow, said, run } = await merge(
        "overruled",
        [
          { id: "1", taxon: "b", remark: "s" },
          { id: "2", taxon: "b", remark: "s" },
          { id: "3", taxon: "a", remark: "s" },
          { id: "4", taxon: "no", remark: "r" },
        ],
        {
          rejects: 1,
          hold_when: { action: "apply", where: "status is not null", columns: ["taxon"] },
        },
      );
      assert.deepEqual([...counts, flow?.held, flow?.rejected], [0, 3, 0, 0, 1]);
      const told = {
        kind: "overruled",
        key: "1",
        label: null,
        column: "taxon",
        old: "a",
        new: "b",
      };
      assert.deepEqual(flow?.findings, [told]);
      assert.deepEqual(said, [
        '1 row of `overruled` that people have worked on was updated, as `hold_when: { action: apply }` says. For example:\n  1: taxon "a" → "b"\n' +
          `All are in runner.finding: select * from runner.finding where run = ${run} and kind = 'overruled';`,
      ]);
      assert.deepEqual(await all("overruled", "id, taxon, remark"), [
        { id: 1, taxon: "b", remark: "s" },
        { id: 2, taxon: "b", remark: "s" },
        { id: 3, taxon: "a", remark: "s" },
        { id: 4, taxon: "a", remark: "r" },
      ]);
    });

    test("rows are told with the table's primary key and the columns of `row_label`, wherever old and new are", async () => {
      await execute(
        database(),
        `create table titled (id int primary key generated by default as identity, src int, pk text, uuid text unique, name text, n int, judged boolean, unique (src, pk));
         insert into titled values (71, 5, 'a', 'u1', 'Aus', 1, true), (72, 5, 'b', 'u2', 'Bus', 1, null), (73, 5, 'c', 'u3', null, 1, null);`,
      );
      const { flow, said, error, run } = await merge(
        "titled",
        [
          { src: "5", pk: "a", uuid: "u1", n: "2" },
          { src: "5", pk: "b", uuid: "u2", n: "2" },
          { src: "5", pk: "cc", uuid: "u3", n: "1" },
        ],
        {
          key: ["src", "pk"],
          insert_only: ["uuid"],
          unique: { column: "uuid", owner: ["src"], code: "uuid_other_source" },
          hold_when: { where: "judged", columns: ["n"] },
          row_label: ["name"],
        },
      );
      assert.equal(flow?.name, "flow", messageOf(error));
      assert.deepEqual(flow?.findings, [
        { kind: "rekeyed", key: "5, cc", label: "id 73", column: "pk", old: "c", new: "cc" },
        { kind: "held", key: "5, a", label: "id 71, Aus", column: "n", old: "1", new: "2" },
      ]);
      assert.deepEqual(
        flow?.changed.examples.map(({ key, label, column }) => [key, label, column]),
        [
          ["5, cc", "id 73", "pk"],
          ["5, b", "id 72, Bus", "n"],
        ],
      );
      assert.match(said.join("\n"), /^ {2}5, a \(id 71, Aus\): n "1" → "2"$/m);
      assert.deepEqual(
        await rowsOf(
          database(),
          `select key, label from runner.finding where run = ${run} order by key`,
        ),
        [
          { key: "5, a", label: "id 71, Aus" },
          { key: "5, cc", label: "id 73" },
        ],
      );
      const stray = await merge("titled", [{ src: "5", pk: "a" }], {
        key: ["src", "pk"],
        row_label: ["nmae"],
      });
      assert.equal(codeOf(stray.error), "merge_column_unknown");
    });

    test("where `labels` tell what a number means, changes and held rows show it beside the number", async () => {
      await execute(
        database(),
        `create table code (id int primary key, label text);
         insert into code values (72, 'seen'), (73, 'heard'), (9, 'fly''s');
         create table coded (id int primary key, code_method int, code_other int, taxon varchar(3), size int, judged boolean);
         insert into coded values (1, 72, 72, 'fly', 72, null), (2, 72, null, '9', 1, true), (3, 99, 72, null, 1, null);`,
      );
      const summary = await merge(
        "coded",
        [
          { id: "1", code_method: "73", code_other: null, taxon: "fly", size: "73" },
          { id: "2", code_method: "72", code_other: null, taxon: "10", size: "1" },
          { id: "3", code_method: "72", code_other: "72", taxon: "9", size: "1" },
        ],
        {
          hold_when: { where: "judged", columns: ["taxon"] },
          labels: {
            "code_*": "select id, label from code -- what was done",
            code_other: "select id, upper(label) from code",
            taxon: "select id::text, label from code",
          },
        },
      );
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.flow?.changed.examples, [
        { key: "1", label: null, column: "code_method", old: "72 (seen)", new: "73 (heard)" },
        { key: "1", label: null, column: "code_other", old: "72 (SEEN)", new: null },
        { key: "1", label: null, column: "size", old: "72", new: "73" },
        { key: "3", label: null, column: "code_method", old: "99", new: "72 (seen)" },
        { key: "3", label: null, column: "taxon", old: null, new: "9 (fly's)" },
      ]);
      const held = {
        kind: "held",
        key: "2",
        label: null,
        column: "taxon",
        old: "9 (fly's)",
        new: "10",
      };
      assert.deepEqual(summary.flow?.findings, [held]);
      assert.deepEqual(await all("coded", "id, code_method, code_other, taxon, size"), [
        { id: 1, code_method: 73, code_other: null, taxon: "fly", size: 73 },
        { id: 2, code_method: 72, code_other: null, taxon: "9", size: 1 },
        { id: 3, code_method: 72, code_other: 72, taxon: "9", size: 1 },
      ]);
    });

    test("`labels` that cannot work stop a load before anything is written", async () => {
      await execute(
        database(),
        "create table mislabelled (id int primary key, code int, data jsonb)",
      );
      const rows = [{ id: "1", code: "2", object: "{}" }];
      const json_merge = { data: { own: ["object"] } };
      const stray = await merge("mislabelled", rows, {
        json_merge,
        labels: { cod: "select 1, 'a'" },
      });
      assert.equal(
        messageOf(stray.error),
        "The sink names column `cod`, which this flow does not give. Did you mean `code`?",
      );
      const json = await merge("mislabelled", rows, {
        json_merge,
        labels: { data: "select 1, 'a'" },
      });
      assert.equal(codeOf(json.error), "merge_column_unknown");
      const wrong = await merge("mislabelled", rows, {
        json_merge,
        labels: { "c*": "select 1, a" },
      });
      assert.equal(
        messageOf(wrong.error),
        'Postgres refuses the SQL of `labels` of `code`: column "a" does not exist.',
      );
      assert.deepEqual(await all("mislabelled"), []);
    });

    test("a unique value that comes late is kept beside the row's own, and gone when it is the row's own again", async () => {
      await execute(
        database(),
        `create table late (id int primary key, uuid text unique, data jsonb);
         insert into late values (1, 'mine', '{"other": true}'), (2, 'u2', null);`,
      );
      const come = (uuid: string | null) =>
        merge(
          "late",
          [
            { id: "1", uuid, own: '{"a": 1}' },
            { id: "2", uuid: "u2", own: '{"a": 2}' },
            { id: "3", uuid: "u3", own: '{"a": 3}' },
          ],
          {
            insert_only: ["uuid"],
            json_merge: { data: { ours: ["own"] } },
            track: "late_track",
            unique: { column: "uuid", owner: [], code: "taken", late: { data: "uuid" } },
          },
        );
      const first = async () => (await all("late"))[0];
      assert.deepEqual((await come(null)).counts, [1, 2, 0]);
      assert.deepEqual(await first(), {
        id: 1,
        uuid: "mine",
        data: { other: true, ours: { a: 1 } },
      });
      assert.deepEqual((await come("late")).counts, [0, 1, 2]);
      assert.deepEqual(await all("late"), [
        { id: 1, uuid: "mine", data: { other: true, ours: { a: 1, uuid: "late" } } },
        { id: 2, uuid: "u2", data: { ours: { a: 2 } } },
        { id: 3, uuid: "u3", data: { ours: { a: 3 } } },
      ]);
      assert.deepEqual((await come("late")).counts, [0, 0, 3]);
      assert.deepEqual((await come("mine")).counts, [0, 1, 2]);
      assert.deepEqual((await first())?.data, { other: true, ours: { a: 1 } });
      const { error } = await merge("late", [{ id: "1", uuid: "x" }], {
        unique: { column: "uuid", owner: [], code: "taken", late: { dat: "uuid" } },
      });
      assert.equal(codeOf(error), "merge_column_unknown");
    });

    describe("rows of another origin that are records of the flow", () => {
      const OLD = [
        {
          id: 1,
          src: 1,
          pk: "x",
          set: 7,
          uuid: "u1",
          link: null,
          name: "by uuid",
          judged: "certain",
        },
        { id: 2, src: 1, pk: "22", set: 7, uuid: "v2", link: null, name: "by key", judged: null },
        {
          id: 3,
          src: 5,
          pk: null,
          set: 7,
          uuid: "v3",
          link: "o/33",
          name: "by link",
          judged: null,
        },
        {
          id: 4,
          src: 1,
          pk: "44",
          set: 8,
          uuid: "v4",
          link: null,
          name: "other set",
          judged: null,
        },
        { id: 5, src: 1, pk: "y", set: 7, uuid: "v5", link: "o/55", name: "twice", judged: null },
        { id: 6, src: 1, pk: "z", set: 7, uuid: "v6", link: "o/55", name: "twice", judged: null },
        { id: 7, src: 1, pk: "77", set: 7, uuid: "v7", link: null, name: "the same", judged: null },
      ];
      const came = (pk: string, uuid: string, name: string) => ({
        src: "5",
        pk,
        set: "7",
        uuid,
        link: `o/${pk}`,
        name,
      });
      const RECORDS = [
        came("11", "u1", "NEW"),
        came("22", "u2", "NEW"),
        came("33", "u3", "NEW"),
        came("44", "u4", "NEW"),
        came("55", "u5", "NEW"),
        came("77", "u7", "the same"),
      ];
      const options = (action: string, table: string) => ({
        key: ["src", "pk"],
        insert_only: ["uuid"],
        update: ["name"],
        track: `${table}_track`,
        hold_when: { where: "judged is not null", columns: ["name"] },
        unique: { column: "uuid", owner: ["src"], code: "uuid_other_source" },
        adopt: {
          action,
          where: "src <> 5 or pk is null",
          within: ["set"],
          match: [
            { row: "uuid", record: "uuid" },
            { row: "pk", record: "pk" },
            { row: "substring(link from '[0-9]+')", record: "substring(link from '[0-9]+')" },
          ],
        },
      });
      const made = async (table: string) => {
        await execute(
          database(),
          `create table ${table} (id int primary key generated by default as identity, src int, pk text, set int, uuid text unique, link text, name text, judged text);
           create unique index on ${table} (src, pk) where src = 5;
           insert into ${table} select * from json_populate_recordset(null::${table}, '${JSON.stringify(OLD)}');
           alter table ${table} alter id restart with 100;`,
        );
      };
      const AMBIGUOUS =
        "It is not sure which row it is: by `substring(link from '[0-9]+')` it may be id 5; id 6, or that row is another record's too. Nothing was changed.";

      test("are left alone with `report`: the records are set aside and the rows are listed", async () => {
        await made("reported");
        const summary = await merge("reported", RECORDS, {
          ...options("report", "reported"),
          rejects: 5,
        });
        assert.equal(summary.status, "done", messageOf(summary.error));
        assert.deepEqual([...summary.counts, summary.flow?.adopted], [1, 0, 0, 0]);
        const rejects = await rejectsOf(summary);
        assert.deepEqual(
          rejects.map(({ code, place }) => [code, place]),
          [
            ["adoptable", "input.txt:1"],
            ["adoptable", "input.txt:2"],
            ["adoptable", "input.txt:3"],
            ["adopt_ambiguous", "input.txt:5"],
            ["adoptable", "input.txt:6"],
          ],
        );
        assert.equal(
          rejects[0]?.message,
          "Its row, id 1, is there already with the key 1, x (by `uuid`); `adopt: { action: apply }` takes it over.",
        );
        assert.equal(rejects[3]?.message, AMBIGUOUS);
        assert.deepEqual(await all("reported where id < 100"), OLD);
        assert.deepEqual(summary.said, [
          [
            "4 rows of `reported` under other keys are records of this flow. They are as they were, and the records were set aside (`adoptable`); `adopt: { action: apply }` makes the rows the pipeline's. For example, by src, pk:",
            '  5, 11 (id 1): src "1" → "5", pk "x" → "11"',
            '  5, 22 (id 2): src "1" → "5"',
            '  5, 33 (id 3): pk (empty) → "33"',
            '  5, 77 (id 7): src "1" → "5"',
            `All are in runner.finding: select * from runner.finding where run = ${summary.run} and kind = 'adoptable';`,
          ].join("\n"),
        ]);
      });

      test("get the record's key with `apply`, keep uuid and judgement, and are brought up to date", async () => {
        await made("adopted");
        const summary = await merge("adopted", RECORDS, {
          ...options("apply", "adopted"),
          rejects: 1,
        });
        assert.equal(summary.status, "done", messageOf(summary.error));
        // The judged row is the pipeline's now, and its change is held.
        assert.deepEqual(
          [...summary.counts, summary.flow?.held, summary.flow?.adopted],
          [1, 3, 0, 1, 4],
        );
        assert.deepEqual(summary.flow?.changed.changes, { src: 3, pk: 2, name: 2 });
        assert.deepEqual(await all("adopted"), [
          { ...OLD[0], src: 5, pk: "11" },
          { ...OLD[1], src: 5, pk: "22", name: "NEW" },
          { ...OLD[2], src: 5, pk: "33", name: "NEW" },
          OLD[3],
          OLD[4],
          OLD[5],
          { ...OLD[6], src: 5, pk: "77" },
          {
            id: 100,
            src: 5,
            pk: "44",
            set: 7,
            uuid: "u4",
            link: "o/44",
            name: "NEW",
            judged: null,
          },
        ]);
        assert.deepEqual(
          (await rejectsOf(summary)).map(({ code, message }) => [code, message]),
          [["adopt_ambiguous", AMBIGUOUS]],
        );
        assert.match(
          summary.said.join("\n"),
          /^4 rows of `adopted` belong to this pipeline from now on\. For example, by src, pk:\n {2}5, 11 \(id 1\): src "1" → "5", pk "x" → "11"\n/m,
        );
        const again = await merge("adopted", RECORDS, {
          ...options("apply", "adopted"),
          rejects: 1,
        });
        assert.deepEqual([...again.counts, again.flow?.held, again.flow?.adopted], [0, 0, 4, 1, 0]);
      });

      test("that two records claim are nobody's", async () => {
        await made("claimed");
        const before = await all("claimed");
        const { counts, rejected } = await merge(
          "claimed",
          [came("33", "a", "A"), { ...came("34", "b", "B"), link: "o/33" }],
          { ...options("apply", "claimed"), rejects: 2 },
        ).then((summary) => ({ ...summary, rejected: summary.flow?.rejectedByCode }));
        assert.deepEqual(counts, [0, 0, 0]);
        assert.deepEqual(rejected, [["adopt_ambiguous", 2]]);
        assert.deepEqual(await all("claimed"), before);
      });

      test("need a primary key, and columns that the flow gives", async () => {
        await execute(
          database(),
          "create table keyless (src int, pk text, set int, uuid text unique, link text, name text, judged text, unique (src, pk));",
        );
        const stop = async (change: Record<string, unknown>, table = "keyless") =>
          codeOf((await merge(table, RECORDS, { ...options("apply", table), ...change })).error);
        assert.equal(await stop({}), "adopt_needs_primary_key");
        const adopt = { ...options("apply", "keyless").adopt, within: ["sett"] };
        assert.equal(await stop({ adopt }), "merge_column_unknown");
      });
    });

    test("commits after so many records, and a rerun finds those unchanged", async () => {
      await execute(database(), "create table parts (id int primary key);");
      const rows = Array.from({ length: 5 }, (_, index) =>
        batchOf([{ id: String(index) }], index, METERED),
      );
      const flow = (fails: boolean, commit_rows: number | "all") =>
        flowOf({
          source: sourceOf(async function* () {
            yield* rows.slice(0, 3);
            if (fails) throw new Error("broken");
            yield* rows.slice(3);
          }),
          sink: stage(postgresUpsert, { table: "parts", key: ["id"], commit_rows }),
        });
      assert.equal((await run(database(), [flow(true, "all")])).status, "failed");
      assert.equal((await all("parts")).length, 3);
      const { flows } = await run(database(), [flow(false, "all")]);
      assert.deepEqual([flows[0]?.inserted, flows[0]?.unchanged], [2, 3]);
    });

    test("that ends in the middle says how many records are loaded, without those that were set aside", async () => {
      await execute(database(), "create table ended (id int primary key);");
      const { error, part } = await run(database(), [
        flowOf({
          name: "ends",
          source: sourceOf(async function* () {
            yield batchOf([{ id: "1" }, { id: "x" }, { id: "2" }], 1, METERED);
            throw quoteOpen("a.csv:4", '"', undefined);
          }),
          sink: stage(postgresUpsert, { table: "ended", key: ["id"] }),
          rejects: allowing(1),
        }),
      ]);
      assert.equal(
        (error as RunnerError).aftermath,
        "Before that, 2 records of flow `ends` were committed and stay.",
      );
      assert.deepEqual([part?.read, part?.inserted, part?.rejected], [3, 2, 1]);
    });

    test("each batch of a metered source is durable before the next is asked for", async () => {
      await execute(database(), "create table metered (id int primary key);");
      const seen: unknown[] = [];
      const source = sourceOf(async function* () {
        for (const id of ["1", "2", "3"]) {
          yield batchOf([{ id }], 1, METERED);
          seen.push((await all("metered")).length);
        }
      });
      await run(database(), [
        flowOf({
          source,
          sink: stage(postgresUpsert, { table: "metered", key: ["id"] }),
        }),
      ]);
      assert.deepEqual(seen, [1, 2, 3]);
    });

    test("says what does not fit before anything is sent", async () => {
      await execute(
        database(),
        "create table fits (id int primary key, n text not null); create table no_key (id int, n text); create table other_track (a int);",
      );
      const row = { id: "1", n: "a" };
      const cases: [string, Row, Record<string, unknown>, string][] = [
        ["nowhere", row, {}, "unknown_table"],
        ["fits", row, { key: ["idd"] }, "key_not_given"],
        ["fits", { ...row, run: "1" }, { key: ["run"] }, "key_reserved"],
        ["fits", { ...row, m: "x" }, {}, "missing_columns"],
        ["fits", { id: "1" }, {}, "required_columns"],
        ["fits", row, { derive: { n: "1" } }, "derived_twice"],
        ["fits", row, { not_compared: ["N"] }, "merge_column_unknown"],
        ["fits", row, { insert_only: ["m"] }, "merge_column_unknown"],
        ["fits", row, { on_update: { m: 1 } }, "merge_column_unknown"],
        ["no_key", row, {}, "key_not_unique"],
        ["fits", row, { track: "other_track" }, "track_differs"],
        ["fits", row, { derive: { m: "id" } }, "missing_columns"],
      ];
      for (const [table, given, options, code] of cases) {
        const { error, status } = await merge(table, [given], options);
        assert.deepEqual(
          [status, codeOf(error)],
          ["failed", code],
          `${table} ${JSON.stringify(options)}: ${messageOf(error)}`,
        );
      }
      assert.deepEqual(await all("fits"), []);
    });

    test("names the table behind a view, which can have no unique index, instead of one to make", async () => {
      await execute(
        database(),
        "create table behind (id int primary key, n text); create view before as select * from behind;",
      );
      const { error } = await merge("before", [{ id: "1", n: "a" }]);
      assert.match(messageOf(error), /^`before` is a view, .*\. Name the table behind it\.$/);
    });

    test("creates the table when it is told how", async () => {
      const create = { columns: { id: "bigint", n: "text" }, primary_key: ["id"] };
      assert.deepEqual(
        (await merge("created.table", [{ id: "1", n: "a" }], { create })).counts,
        [1, 0, 0],
      );
      assert.deepEqual(
        (await merge("created.table", [{ id: "1", n: "a" }], { create })).counts,
        [0, 0, 1],
      );
    });

    test("a table that was made for a load that failed does not stay in the way", async () => {
      const rows = [{ id: "1", n: "Missouri" }];
      const create = (n: string) => ({ columns: { id: "bigint", n }, primary_key: ["id"] });
      const failed = await merge("made_in_vain", rows, { create: create("integer") });
      assert.equal(codeOf(failed.error), "too_many_rejects");
      const mended = await merge("made_in_vain", rows, { create: create("text") });
      assert.deepEqual(mended.counts, [1, 0, 0], messageOf(mended.error));
    });

    test("agrees with the obvious merge on random tables and rows, with a track and without", async () => {
      const random = randomFrom(7);
      for (let round = 0; round < 12; round++) {
        const track = round % 2 === 0 ? undefined : "model_track";
        await execute(
          database(),
          "drop table if exists model, model_track; create table model (a int, b text, n text, m numeric, primary key (a, b));",
        );
        const model = new Map<string, Row>();
        for (let step = 0; step < 3; step++) {
          const rows: Row[] = Array.from({ length: random(40) }, () => ({
            a: String(random(4)),
            b: "xyz\\\t'"[random(6)] ?? "é",
            n: [null, "a", "b\n", "\\N"][random(4)] ?? null,
            m: [null, "1", "1.0", "2"][random(4)] ?? null,
          }));
          const expected = { inserted: 0, updated: 0, unchanged: 0, rejected: 0 };
          const seen = new Set<string>();
          for (const row of rows) {
            const key = `${row.a} ${row.b}`;
            const old = model.get(key);
            if (seen.has(key)) expected.rejected++;
            else if (!old) expected.inserted++;
            else if (
              old.n === row.n &&
              Number(old.m) === Number(row.m) &&
              (old.m === null) === (row.m === null)
            )
              expected.unchanged++;
            else expected.updated++;
            if (!seen.has(key))
              model.set(
                key,
                old &&
                  old.n === row.n &&
                  Number(old.m) === Number(row.m) &&
                  (old.m === null) === (row.m === null)
                  ? old
                  : row,
              );
            seen.add(key);
          }
          const { flow, error } = await merge("model", rows, {
            key: ["a", "b"],
            rejects: 100,
            ...(track ? { track } : {}),
          });
          const { inserted, updated, unchanged, rejected } = flow ?? {};
          assert.deepEqual({ inserted, updated, unchanged, rejected }, expected, messageOf(error));
        }
        const found = await rowsOf(
          database(),
          "select a::text, b, n, m::numeric::text as m from model",
        );
        const plain = (rows: Iterable<Row>) =>
          [...rows]
            .map((row) =>
              JSON.stringify([row.a, row.b, row.n, row.m === null ? null : Number(row.m)]),
            )
            .sort();
        assert.deepEqual(plain(found as Row[]), plain(model.values()));
      }
    });
  });
});

const METERED = { ...inputNamed("service"), isMetered: true };
