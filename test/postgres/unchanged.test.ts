import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Type } from "typebox";
import type { Batch } from "../../src/core/batch.ts";
import { type Component, defineTransform } from "../../src/core/component.ts";
import { messageOf } from "../../src/core/errors.ts";
import { checkedOptions } from "../../src/core/options-check.ts";
import { parseYaml } from "../../src/core/yaml-parse.ts";
import { previewFlow } from "../../src/runner.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { postgres } from "../../src/sources/postgres.ts";
import { lookup } from "../../src/transforms/lookup.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import { allowing, flowOf, planOf, run, stage } from "../support/flow.ts";

const start = { file: "test.yaml", line: 1, column: 1 };

const stageOf = (component: Component, yaml: string) => {
  const complain = (_code: string, _place: unknown, message: string) => assert.fail(message);
  const value = parseYaml(yaml, start, complain);
  assert.ok(value);
  const { name } = component;
  return stage(
    component,
    checkedOptions(value, component.options, { name, place: start, complain }),
  );
};

const SOURCE = `
sql: select s.id, s.word, s.doc, s.stamp from s
unchanged: { track: track, table: t, key: { id: id }, ignore: [stamp] }`;

onEachDatabase((database) => {
  describe("records that made a row before and have not changed", () => {
    /** Those that left the database. */
    let read: (string | null)[] = [];
    const watched = stage(
      defineTransform({
        name: "watched",
        summary: "Notes what passes.",
        options: Type.Object({}),
        example: "watched: {}",
        create: () =>
          async function* (batches: AsyncIterable<Batch>) {
            for await (const batch of batches) {
              for (const row of batch.rows) read.push(batch.column("id").text(row));
              yield batch;
            }
          },
      }),
    );
    const SINK =
      "table: t, key: [id], track: track, track_input: input_hash, not_compared: [stamp]";
    const flow = (more: { source?: string; lookup?: string; sink?: string } = {}) =>
      flowOf({
        source: stageOf(postgres, more.source ?? SOURCE),
        transforms: [
          watched,
          stageOf(
            lookup,
            more.lookup ??
              "{ from: word, table: words, key: word, columns: { meaning: meaning }, load_only: word in (select word from s), missing: null }",
          ),
        ],
        sink: stageOf(postgresUpsert, `{ ${SINK}${more.sink ?? ""} }`),
        rejects: allowing(1),
      });
    const load = async (more?: Parameters<typeof flow>[0]) => {
      read = [];
      const { flows, error, status } = await run(database(), [flow(more)]);
      assert.equal(status, "done", messageOf(error));
      const { inserted, updated, unchanged, rejected } = flows[0] ?? {};
      return { read: read.join(" "), inserted, updated, unchanged, rejected };
    };
    const NOTHING = { read: "", inserted: 0, updated: 0, unchanged: 3, rejected: 0 };

    beforeEach(async () => {
      await execute(
        database(),
        `create table s (id int, word text, doc json, stamp text);
         create table words (word text, meaning text);
         create table t (id int primary key, word text, doc json, stamp text, meaning text);
         insert into s values (1, 'un', '{"a": 1}', 'x'), (2, 'deux', null, 'x'), (3, null, '{}', null);
         insert into words values ('un', 'one'), ('deux', 'two');`,
      );
      assert.deepEqual(await load(), { ...NOTHING, read: "1 2 3", inserted: 3, unchanged: 0 });
    });
    afterEach(() => execute(database(), "drop table s, words, t, track"));

    test("are counted as unchanged and not read; their rows are not touched", async () => {
      const rows = () => rowsOf(database(), "select xmin::text, ctid::text, * from t order by id");
      const before = await rows();
      assert.deepEqual(await load(), NOTHING);
      assert.deepEqual(await rows(), before);
      const seen = await rowsOf(
        database(),
        `select ((select max(run) from runner.run) - track.run)::text as written, seen, survey.run = (select max(run) from runner.run) as is_surveyed
           from track cross join runner.survey as survey`,
      );
      const known = { written: "1", seen: null, is_surveyed: true };
      assert.deepEqual(seen, [known, known, known], "they are known as seen in this run");
    });

    test("are left alone when others change, with JSON and empty values too", async () => {
      await execute(database(), `update s set doc = '{"a": 2}' where id = 1`);
      assert.deepEqual(await load(), { ...NOTHING, read: "1", updated: 1, unchanged: 2 });
      await execute(database(), "update s set word = 'un' where id = 3");
      assert.deepEqual(await load(), { ...NOTHING, read: "3", updated: 1, unchanged: 2 });
      assert.deepEqual(await load(), NOTHING);
    });

    test("that are rejected have the same name, place and text whether all are read or they alone", async () => {
      const reject =
        "{ from: word, table: words, key: word, columns: { meaning: meaning }, missing: reject }";
      const rejects = () =>
        rowsOf(
          database(),
          "select id, place, record, fields::text from runner.reject where run = (select max(run) from runner.run)",
        );
      await execute(database(), "update s set word = case id when 2 then 'autre' else 'un' end");
      const whole = await load({ lookup: reject });
      assert.deepEqual([whole.read, whole.rejected], ["1 2 3", 1]);
      const [first] = await rejects();
      assert.equal(first?.place, "sql (id 2)");
      assert.equal(first?.fields, '{"id":"2","word":"autre","stamp":"x"}');
      assert.equal(first?.record, null, "what are just its values is stored once");
      const alone = await load({ lookup: reject });
      assert.deepEqual([alone.read, alone.rejected], ["2", 1]);
      assert.deepEqual(await rejects(), [first]);
    });

    test("are not read for a column that is ignored", async () => {
      await execute(database(), "update s set stamp = 'y'");
      assert.deepEqual(await load(), NOTHING);
    });

    test("are read again when a table of a lookup changes, but not for rows that no record asks for", async () => {
      await execute(database(), "update words set meaning = 'ONE' where word = 'un'");
      assert.deepEqual(await load(), { ...NOTHING, read: "1 2 3", updated: 1, unchanged: 2 });
      assert.deepEqual(await load(), NOTHING);
      // A new record asks for more of the same table, which is as it was.
      await execute(database(), "insert into s values (4, 'trois', null, null)");
      const more = await load();
      assert.deepEqual(more, { ...NOTHING, read: "4", inserted: 1, unchanged: 3 });
    });

    test("are read again when the pipeline changes, and once only when nothing comes of it", async () => {
      const other =
        "{ from: word, table: words, key: word, columns: { meaning: meaning }, order_by: meaning, missing: null }";
      assert.deepEqual(await load({ lookup: other }), { ...NOTHING, read: "1 2 3" });
      assert.deepEqual(await load({ lookup: other }), NOTHING);
    });

    test("are not read again for an option of which no row depends: how fast, how much memory, what becomes of others", async () => {
      const all =
        "{ from: word, table: words, key: word, columns: { meaning: meaning }, missing: null }";
      assert.deepEqual(await load({ lookup: all }), NOTHING);
      assert.deepEqual(await load({ sink: ", parallel: 2, commit_rows: 10" }), NOTHING);
      const told =
        ', labels: { word: "select word, meaning from words" }, vanished: { of: other, present: select id from s }';
      assert.deepEqual(await load({ sink: told }), NOTHING);
      const compared = ", commit_rows: 10, on_update: { word: other }";
      assert.deepEqual(await load({ sink: compared }), { ...NOTHING, read: "1 2 3" });
    });

    test("are read when they change back to what they were before their row changed", async () => {
      await execute(database(), "update s set word = 'deux' where id = 1");
      assert.deepEqual(await load(), { ...NOTHING, read: "1", updated: 1, unchanged: 2 });
      await execute(database(), "update s set word = 'un' where id = 1");
      assert.deepEqual(await load(), { ...NOTHING, read: "1", updated: 1, unchanged: 2 });
      assert.deepEqual(await rowsOf(database(), "select word, meaning from t where id = 1"), [
        { word: "un", meaning: "one" },
      ]);
    });

    test("are read in the order of the statement, and all their values with them", async () => {
      await execute(
        database(),
        `insert into s select n, repeat('é', 3000), '{"a": [1, "\\t"]}', null from generate_series(10, 300) as n`,
      );
      const ids = Array.from({ length: 291 }, (_, index) => index + 10);
      const counts = await load({ source: SOURCE.replace("from s", "from s order by id") });
      assert.deepEqual(counts, { ...NOTHING, read: `1 2 3 ${ids.join(" ")}`, inserted: 291 });
      await execute(database(), "update s set word = word || '!' where id % 2 = 0 and id > 9");
      const again = await load({ source: SOURCE.replace("from s", "from s order by id") });
      const read = ids.filter((id) => id % 2 === 0).join(" ");
      assert.deepEqual(again, { ...NOTHING, read, updated: 146, unchanged: 148 });
      const different = await rowsOf(
        database(),
        "select id from s join t using (id) where s.word <> t.word or s.doc::text <> t.doc::text",
      );
      assert.deepEqual(different, []);
    });

    test("are read in the order of `order_by`, all or some, whatever the statement's is", async () => {
      const statement = SOURCE.replace("from s", "from s order by id");
      const source = statement.replace("ignore:", "order_by: [stamp, id], ignore:");
      await execute(database(), "update s set stamp = case id when 2 then 'a' else 'b' end");
      assert.equal((await load({ source })).read, "2 1 3", "all, since the pipeline is another");
      await execute(database(), "update s set word = 'un' where id <> 1");
      await execute(database(), "insert into s values (4, null, null, 'a')");
      assert.equal((await load({ source })).read, "2 4 3");
    });

    test("cannot be read in the order of a column that is not there", async () => {
      const source = SOURCE.replace("ignore:", "order_by: [stmap], ignore:");
      const { error } = await run(database(), [flow({ source })]);
      assert.match(messageOf(error), /There is no column `stmap` here\. Did you mean `stamp`\?/);
    });

    test("are read and inserted again when their row is gone", async () => {
      await execute(database(), "delete from t where id = 2");
      assert.deepEqual(await load(), { ...NOTHING, read: "2", inserted: 1, unchanged: 2 });
    });

    test("do not hide that a key comes twice", async () => {
      await execute(database(), "insert into s select * from s where id = 2");
      const counts = await load();
      assert.deepEqual(counts, { ...NOTHING, read: "1 2 3 2", rejected: 1 });
    });

    test("are all shown by a preview, which marks nothing", async () => {
      const before = await rowsOf(database(), "select * from track order by id");
      const batches = previewFlow(planOf(database(), [flow()]), {
        flow: "flow",
        database: database().opened,
        signal: new AbortController().signal,
        log: { info: () => undefined, warn: () => undefined },
      });
      let rows = 0;
      for await (const batch of batches) rows += batch.size;
      assert.equal(rows, 3);
      assert.deepEqual(await rowsOf(database(), "select * from track order by id"), before);
    });

    test("are known from the second run on with a track table of an earlier version", async () => {
      await execute(database(), "alter table track drop column input, drop column seen");
      assert.deepEqual(await load(), { ...NOTHING, read: "1 2 3" });
      assert.deepEqual(await load(), NOTHING);
      await execute(database(), "alter table track drop column seen");
      assert.deepEqual(await load(), NOTHING);
      const [row] = await rowsOf(database(), "select seen from track");
      assert.deepEqual(row, { seen: null });
    });

    describe("count as seen in a run", () => {
      const other = (ids: string) =>
        flowOf({
          name: "other",
          source: stageOf(postgres, `sql: select * from (values ${ids}) as o (id, word, stamp)`),
          sink: stageOf(
            postgresUpsert,
            "{ table: t, key: [id], track: track, unique: { column: word, owner: [stamp], code: taken } }",
          ),
          rejects: allowing(10),
        });
      const after = async (ids: string) => {
        const { flows, error } = await run(database(), [flow(), other(ids)]);
        assert.equal(flows.length, 2, messageOf(error));
        const rejects = await rowsOf(
          database(),
          "select code from runner.reject where run = (select max(run) from runner.run) order by 1",
        );
        const [first, second] = flows;
        return [first?.unchanged, second?.inserted, rejects.map(({ code }) => code).join()];
      };

      test("so that a later flow's record of the same key is a duplicate, in every run", async () => {
        for (const _ of [1, 2, 3])
          assert.deepEqual(await after("(2, 'autre', 'x')"), [3, 0, "duplicate_key"]);
        assert.deepEqual(await load(), NOTHING);
      });

      test("so that a later flow's record of another key does not take their row", async () => {
        await execute(database(), "alter table t add unique (word)");
        for (const _ of [1, 2])
          assert.deepEqual(await after("(7, 'deux', 'x')"), [3, 0, "duplicate_unique"]);
        assert.deepEqual(await load(), NOTHING);
      });

      test("beside the rows of a later flow that has its own", async () => {
        assert.deepEqual(await after("(8, 'huit', 'x')"), [3, 1, ""]);
        for (const _ of [1, 2]) assert.deepEqual(await after("(8, 'huit', 'x')"), [3, 0, ""]);
      });
    });

    test("are told apart by SQL whose mistakes are told with their place", async () => {
      const { error } = await run(database(), [
        flow({ source: SOURCE.replace("s.word", "s.wrod") }),
      ]);
      assert.match(messageOf(error), /column s\.wrod does not exist/);
    });
  });
});
