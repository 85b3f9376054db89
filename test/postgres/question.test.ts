import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunnerError } from "../../src/core/errors.ts";
import { question } from "../../src/postgres/question.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";

const all = async <T>(parts: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const part of parts) found.push(part);
  return found;
};

const answer = async (database: TestDatabase, sql: string) => {
  await using session = await database.opened.session();
  return await question(session, sql, async ({ names, texts }) => ({
    names,
    pages: await all(texts()),
  }));
};

const objects = async (database: TestDatabase, sql: string) => {
  await using session = await database.opened.session();
  return await question(session, sql, async (given) => all(given.objects()));
};

onEachDatabase((database) => {
  describe("a question to the database", () => {
    test("gives names in their order, also without a row and twice, and values as PostgreSQL writes them", async () => {
      const { names, pages } = await answer(
        database(),
        `-- a comment (first)
         select 1.50 as n, date '2024-05-01' as "a ""day""", null as nothing, true as n,
                9007199254740993 as big, '{"a":null}'::json as j order by 1; -- and last`,
      );
      assert.deepEqual(names, ["n", 'a "day"', "nothing", "n", "big", "j"]);
      assert.deepEqual(pages, [
        [["1.50", "2024-05-01", null, "true", "9007199254740993", '{"a":null}']],
      ]);
      assert.deepEqual(await answer(database(), "select 1 as a, 2 as b where false"), {
        names: ["a", "b"],
        pages: [],
      });
    });

    test("is no command of psql, and says where else tables are listed", async () => {
      for (const sql of ["\\d", "  \\dt+ pinv_gbif.*"]) {
        await assert.rejects(answer(database(), sql), (error: RunnerError) => {
          assert.match(error.message, /^`\\dt?\+?` is a command of psql/);
          return error.code === "sql_writes";
        });
      }
    });

    test("gives rows as JSON, numbers whole", async () => {
      assert.deepEqual(
        await objects(database(), "values (9007199254740993, 'é', null::text), (1.50, '', 'x')"),
        [
          '{"column1":9007199254740993,"column2":"é","column3":null}',
          '{"column1":1.50,"column2":"","column3":"x"}',
        ],
      );
    });

    test("gives many rows page by page, in the order that was asked for", async () => {
      const { pages } = await answer(
        database(),
        "select i from generate_series(1, 2500) as i order by i desc",
      );
      assert.deepEqual(
        pages.map((page) => [page.length, page[0]?.[0]]),
        [
          [1000, "2500"],
          [1000, "1500"],
          [500, "500"],
        ],
      );
    });

    test("changes nothing, whatever is tried", async () => {
      await execute(database(), "create table kept (id int); create sequence numbers");
      for (const sql of [
        "delete from kept",
        "  /* a */ (insert into kept values (1))",
        "with d as (insert into kept values (1) returning id) select * from d",
        "select nextval('numbers')",
        "select * from kept for update",
        "explain analyze delete from kept",
        "",
      ]) {
        await assert.rejects(answer(database(), sql), { code: "sql_writes" }, sql);
      }
      for (const sql of [
        "select 1; insert into kept values (1)",
        "select 1; commit; insert into kept values (1)",
        "select 1) as given on $1::boolean; commit; insert into kept values (1); select ($1::boolean",
        "select 1 into kept2",
        "select set_config('transaction_read_only', 'off', true)",
      ]) {
        await assert.rejects(answer(database(), sql), { code: "sql_refused" }, sql);
      }
      assert.deepEqual(await rowsOf(database(), "select * from kept"), []);
      assert.deepEqual(await rowsOf(database(), "select is_called from numbers"), [
        { is_called: false },
      ]);
      await execute(database(), "insert into kept values (1)");
    });

    test("that is mistaken is shown with a caret under the mistake, in the line where it is", async () => {
      await execute(database(), "create table birds (name text)");
      const messageOf = (sql: string) =>
        answer(database(), sql).then(
          () => "",
          (error: RunnerError) => `${error.code}: ${error.message}`,
        );
      assert.equal(
        await messageOf("select name,\n       nmae\n  from birds"),
        `sql_refused: Postgres refuses the statement at 2:8: column "nmae" does not exist. Perhaps you meant to reference the column "birds.name".
  1 | select name,
  2 |        nmae
    |        ^`,
      );
      assert.equal(
        await messageOf("select * frm birds"),
        `sql_refused: Postgres refuses the statement at 1:10: syntax error at or near "frm".
  1 | select * frm birds
    |          ^`,
      );
      assert.equal(
        await messageOf("select 1 / (id - 2) as x from generate_series(1, 3) as id"),
        "sql_refused: Postgres refuses the statement: division by zero.",
      );
    });
  });
});
