import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Batch } from "../../src/core/batch.ts";
import { CopyWriter } from "../../src/core/copy-writer.ts";
import type { RunnerError } from "../../src/core/errors.ts";
import { formatPlace } from "../../src/core/place.ts";
import type { Database } from "../../src/core/session.ts";
import { copySql } from "../../src/postgres/read-rows.ts";
import { sharedSessions } from "../../src/postgres/shared.ts";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
import { postgres } from "../../src/sources/postgres.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";
import { messageOf } from "../support/errors.ts";
import { allowing, flowOf, run, stage } from "../support/flow.ts";
import { contextAlone, valuesOf } from "../support/transform.ts";

const contextOf = (database: Database, signal?: AbortSignal) => ({
  ...contextAlone([], signal),
  database,
});

const read = async (database: TestDatabase, options: { sql: string } | { query: string }) =>
  Array.fromAsync(postgres.create(options)(contextOf(database.opened)));

/** What COPY would be sent. */
const copied = (batch: Batch): string => {
  const writer = new CopyWriter(100);
  for (const row of batch.rows) {
    for (const name of batch.names) batch.column(name).copyTo(writer, row);
    writer.endRow();
  }
  return writer.data.toString();
};

onEachDatabase((database) => {
  describe("postgres", () => {
    test("gives values as PostgreSQL itself writes them, and null for empty text", async () => {
      const [batch] = await read(database(), {
        sql: `select 1.50::numeric as n, timestamp '2021-05-01 10:00' as at, true as yes, array[1,2] as list,
                     '{"a": 1}'::jsonb as doc, ''::text as empty, null::int as nothing, 12345678901234567890 as big`,
      });
      assert.deepEqual(batch?.names, ["n", "at", "yes", "list", "doc", "empty", "nothing", "big"]);
      assert.deepEqual(batch && valuesOf(batch), [
        [
          "1.50",
          "2021-05-01 10:00:00",
          "t",
          "{1,2}",
          '{"a": 1}',
          null,
          null,
          "12345678901234567890",
        ],
      ]);
    });

    test("is said to be selecting until the first rows come", async () => {
      const said: string[] = [];
      const context = contextOf(database().opened);
      const log = { ...context.log, now: (words: string) => said.push(words) };
      const rows = postgres.create({ sql: "select 1 as one" })({ ...context, log });
      await Array.fromAsync(rows);
      assert.deepEqual(said, ["sql is selecting", ""]);
    });

    test("tabs, line ends and backslashes come through, as text and as COPY", async () => {
      const [batch] = await read(database(), {
        sql: String.raw`select E'a\tb\nc\rd\\e' as a, E'\\N' as b, E'\b\f\x0b' as c`,
      });
      assert.ok(batch);
      assert.deepEqual(valuesOf(batch), [["a\tb\nc\rd\\e", "\\N", "\b\f\v"]]);
      assert.equal(copied(batch), "a\\tb\\nc\\rd\\\\e\t\\\\N\t\\b\\f\\v\n");
    });

    test("a row without any value is a row", async () => {
      const batches = await read(database(), {
        sql: "select null as a from generate_series(1, 3)",
      });
      assert.deepEqual(batches.flatMap(valuesOf), [[null], [null], [null]]);
    });

    test("keeps the order of the statement, over many batches", async () => {
      const source = postgres.create({
        sql: "select n, repeat('x', 1 + n % 900) as t from generate_series(1, 5000) as n order by -n",
      });
      const found: number[] = [];
      let batches = 0;
      for await (const batch of source(contextOf(database().opened))) {
        batches++;
        found.push(...valuesOf(batch).map(([n]) => Number(n)));
      }
      assert.ok(batches > 3);
      assert.deepEqual(
        found,
        Array.from({ length: 5000 }, (_, index) => 5000 - index),
      );
    });

    test("rows of long values make small batches", async () => {
      const batches = await read(database(), {
        sql: "select n, (select string_agg(md5((n * 10000 + i)::text), '') from generate_series(1, 6000) as i) as long from generate_series(1, 200) as n",
      });
      assert.equal(
        batches.reduce((sum, { size }) => sum + size, 0),
        200,
      );
      // The first batch is read before anything is known of the rows.
      const rows = batches.slice(1).map(({ size }) => size);
      assert.ok(Math.max(...rows, 0) <= 200);
    });

    test("a file may begin with `with` and end with a semicolon and a comment", async () => {
      const query = join(database().folder, "two.sql");
      await writeFile(
        query,
        "-- two rows\nwith t as (values (1), (2))\nselect column1 as id from t; -- end\n/* really */\n",
      );
      const [batch] = await read(database(), { query });
      assert.deepEqual(batch && valuesOf(batch), [["1"], ["2"]]);
      const { fields, ...where } = batch?.record(1) ?? assert.fail();
      assert.deepEqual(where, {
        place: "two.sql (id 2)",
        raw: '{"id":"2"}',
        names: ["id"],
        rawIsFields: true,
      });
      assert.deepEqual(fields?.(), { id: "2" });
    });

    test("a statement that is wrong is shown with the file, line and column of the mistake", async () => {
      const query = join(database().folder, "wrong.sql");
      await writeFile(query, "select 1 as a,\n  nothing_here as b;\n");
      const error = await read(database(), { query }).then(
        () => undefined,
        (thrown: RunnerError) => thrown,
      );
      assert.equal(error?.code, "query_failed");
      assert.match(formatPlace(error?.place ?? assert.fail()), /wrong\.sql:2:3$/);
      assert.match(messageOf(error), /wrong\.sql` failed: column "nothing_here" does not exist\.$/);
    });

    test("a statement in the YAML is shown with its line", async () => {
      await assert.rejects(read(database(), { sql: "select 1 as a,\n  nothing_here as b" }), {
        message: 'The statement `sql` failed at its line 2: column "nothing_here" does not exist.',
        subject: "select 1 as a,\n  nothing_here as b",
        position: 18,
      });
    });

    test("two statements, and one without columns, are refused", async () => {
      await assert.rejects(read(database(), { sql: "select 1 as a; select 2 as b" }), {
        code: "query_failed",
      });
      await assert.rejects(read(database(), { sql: "select" }), { code: "query_without_columns" });
    });

    test("a sink may replace the very table that is read", async () => {
      await execute(
        database(),
        "create table itself as select n as id from generate_series(1, 20000) as n",
      );
      const flow = flowOf({
        source: stage(postgres, { sql: "select id + 1 as id from itself" }),
        sink: stage(postgresCopy, { table: "itself", mode: "replace" }),
      });
      const summary = await run(database(), [flow]);
      assert.equal(messageOf(summary.error), "");
      assert.deepEqual(
        await rowsOf(database(), "select min(id), max(id), count(*)::int from itself"),
        [{ min: 2, max: 20001, count: 20000 }],
      );
    });

    test("rows that the server refuses in the middle lose no row that is read after them", async () => {
      await execute(database(), "create table narrow (n int check (n % 7000 <> 0), t text)");
      const flow = flowOf({
        source: stage(postgres, {
          sql: "select n, repeat('x', 300) as t from generate_series(1, 40000) as n",
        }),
        sink: stage(postgresCopy, { table: "narrow", mode: "replace" }),
        rejects: allowing(5),
      });
      const summary = await run(database(), [flow]);
      assert.equal(messageOf(summary.error), "");
      assert.deepEqual([summary.flows[0]?.inserted, summary.flows[0]?.rejected], [40_000 - 5, 5]);
      const [reject] = await rowsOf(
        database(),
        `select place, record from runner.reject where run = ${summary.run} order by place limit 1`,
      );
      assert.equal(reject?.place, "sql (n 14000)");
    });

    test("nothing is left behind, whether it is read to its end or not", async () => {
      const source = postgres.create({
        sql: "select n, repeat('x', 300) as t from generate_series(1, 10000) as n",
      });
      for await (const _ of source(contextOf(database().opened))) break;
      for await (const _ of source(contextOf(database().opened)));
      assert.deepEqual(
        await rowsOf(database(), "select relname from pg_class where relname = 'runner_rows'"),
        [],
      );
    });

    test("the same input is not appended twice; another content is", async () => {
      await execute(database(), "create table appended (id int)");
      const flow = (rows: number) =>
        flowOf({
          source: stage(postgres, { sql: `select id from generate_series(1, ${rows}) as id` }),
          sink: stage(postgresCopy, { table: "appended", mode: "append" }),
        });
      for (const rows of [2, 2, 3]) await run(database(), [flow(rows)]);
      assert.deepEqual(await rowsOf(database(), "select count(*)::int as n from appended"), [
        { n: 5 },
      ]);
    });

    test("reads by lists of rows what a server before version 14 cannot read by ranges", async () => {
      await execute(database(), "drop table if exists runner_rows");
      await using session = await database().opened.session();
      await session.query(
        "create temporary table runner_rows as select n from generate_series(1, 2000) as n",
      );
      const ways = [undefined, 293].map((rowsPerPage) =>
        copySql({ table: "runner_rows", names: ["n"] }, { rowsPerPage, first: 2, pages: 3 }),
      );
      const [ranges, lists] = [
        await session.copyOut(ways[0] ?? ""),
        await session.copyOut(ways[1] ?? ""),
      ];
      assert.equal(lists.toString(), ranges.toString());
      assert.ok(ranges.length > 1000);
      await session.query("drop table runner_rows");
    });

    test("the transaction of a sink on the same session is not disturbed by reading", async () => {
      const only = await database().opened.session();
      const shared = { ...database().opened, session: sharedSessions(only) };
      const sink = await shared.session();
      await sink.begin();
      const batches = postgres
        .create({ sql: "select n, repeat('x', 300) as t from generate_series(1, 10000) as n" })(
          contextOf(shared),
        )
        [Symbol.asyncIterator]();
      let rows = (await batches.next()).value?.size ?? 0;
      await sink.begin();
      // Asked while a statement of the sink is being refused: it must wait until that is undone.
      const refused = assert.rejects(sink.query("select 1 / 0"));
      const next = batches.next();
      await refused;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await sink.rollback();
      for (let step = await next; !step.done; step = await batches.next()) rows += step.value.size;
      assert.equal(rows, 10_000);
      await sink.commit();
      await sink[Symbol.asyncDispose]();
      await only[Symbol.asyncDispose]();
    });
  });
});

test("a statement is given in one of two ways", () => {
  assert.throws(() => postgres.create({}), {
    message: "A statement is given either by `sql` or by `query`, a file; here is neither.",
  });
  assert.throws(() => postgres.create({ sql: "select 1", query: "a.sql" }), {
    message: "A statement is given either by `sql` or by `query`, a file; here are both.",
  });
});

test("a file that is not there is complained of offline", async () => {
  await assert.rejects(
    postgres.check?.({ query: "/nowhere/a.sql" }, () => undefined) ?? assert.fail(),
    { message: "There is no SQL file /nowhere/a.sql.", subject: "query" },
  );
});
