import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { RunnerError } from "../../src/core/errors.ts";
import { runScript } from "../../src/postgres/script.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";

/** Writes scripts into a folder of their own and runs the first; answers with the error, if there is one. */
const running = async (
  database: TestDatabase,
  scripts: Record<string, string | Buffer>,
  onSkipped?: (sql: string) => void,
): Promise<RunnerError | undefined> => {
  const folder = join(database.folder, "scripts");
  await mkdir(join(folder, "below"), { recursive: true });
  for (const [name, sql] of Object.entries(scripts)) await writeFile(join(folder, name), sql);
  await using session = await database.opened.session();
  if (onSkipped) await session.begin();
  try {
    await runScript(session, join(folder, Object.keys(scripts)[0] ?? ""), onSkipped);
    if (onSkipped) await session.commit();
    return undefined;
  } catch (error) {
    return error as RunnerError;
  }
};

const exists = async (database: TestDatabase, name: string): Promise<boolean> =>
  (await rowsOf(database, `select to_regclass('${name}') as found`))[0]?.found !== null;

onEachDatabase((database) => {
  describe("a setup script", () => {
    test("without commands is one transaction: a failure at its end undoes its beginning", async () => {
      const error = await running(database(), {
        "a.sql": "create table undone (id int);\nselect 1 / 0;",
      });
      assert.match(String(error?.message), /division by zero\. Nothing of it was kept/);
      assert.equal(await exists(database(), "undone"), false);
    });

    test("executes each cell before \\gexec, in order, outside a transaction; null is none", async () => {
      await execute(database(), "create table cells (id int)");
      const error = await running(database(), {
        "a.sql":
          "insert into cells values (1);\n" +
          "select 'insert into cells values (2)' as a, null as b, 'insert into cells values (3)' as a\n" +
          "union all select 'create unique index concurrently cells_id on cells (id)', null, null\n" +
          "order by 1 desc\n" +
          "\\gexec\n" +
          "insert into cells values (4);\n",
      });
      assert.equal(error, undefined);
      assert.deepEqual(
        (await rowsOf(database(), "select id from cells order by ctid")).map(({ id }) => id),
        [1, 2, 3, 4],
      );
      assert.equal(await exists(database(), "cells_id"), true);
    });

    test("that fails behind \\gexec keeps what was before it, and says so", async () => {
      const error = await running(database(), {
        "a.sql": "create table kept (id int);\nselect 'select 1'\n\\gexec\n\n  selec 2;",
      });
      assert.match(
        String(error?.message),
        /a\.sql:5:3 failed: syntax error at or near "selec"\. Only the parts before it were kept/,
      );
      assert.equal(await exists(database(), "kept"), true);
    });

    test("of which a cell fails is shown at the line of \\gexec, with what PostgreSQL says of the cell", async () => {
      const error = await running(database(), {
        "a.sql": "select 'drop table no_such_table'\n\\gexec\n",
      });
      assert.match(
        String(error?.message),
        /a\.sql:2:1 failed: table "no_such_table" does not exist\. Only the parts/,
      );
    });

    test("has its place right behind characters that JavaScript counts twice", async () => {
      const error = await running(database(), { "a.sql": "select '🦋🦋',  wrong_column;" });
      assert.match(String(error?.message), /a\.sql:1:17 failed: column "wrong_column"/);
    });

    test("has the place of the statement that fails, where PostgreSQL gives none itself", async () => {
      const error = await running(database(), {
        "a.sql":
          "-- It begins; well\ncreate table n (id int not null);\n\n  insert into n values (null);\n",
      });
      assert.match(String(error?.message), /a\.sql:4:3 failed: null value in column "id"/);
      assert.equal(await exists(database(), "n"), false);
    });

    test("may have semicolons in texts, bodies, brackets and comments", async () => {
      const error = await running(database(), {
        "a.sql": [
          "create table many (text text);",
          "create table log (text text); -- not here; no",
          "create rule twice as on insert to many do also (insert into log values ('a;b'); insert into log values (';'));",
          "create function f() returns int language plpgsql as $f$ begin perform 1; return 2; end $f$;",
          "insert into many values ('x;y') /* ; */; comment on column many.text is '\";';",
        ].join("\n"),
      });
      assert.equal(error, undefined);
      assert.deepEqual(await rowsOf(database(), "select text from log order by text"), [
        { text: ";" },
        { text: "a;b" },
      ]);
    });

    test("may have a function whose body is SQL, and statements behind it", async () => {
      const error = await running(database(), {
        "a.sql":
          "create function g() returns int language sql begin atomic select 1; select 2; end;\ncreate table behind (id int);",
      });
      assert.equal(error, undefined);
      assert.equal(await exists(database(), "behind"), true);
    });

    test("with a commit of its own is sent as it is, and what it committed stays", async () => {
      const error = await running(database(), {
        "a.sql": "begin;\ncreate table committed (id int);\ncommit;\nselect 1 / 0;",
      });
      assert.match(String(error?.message), /a\.sql failed: division by zero/);
      assert.equal(await exists(database(), "committed"), true);
    });

    test("is not begun when one that it runs cannot be read", async () => {
      const begin = "create table begun (id int);\n\\ir below/b.sql\n";
      const errors = [
        await running(database(), { "a.sql": begin, "below/b.sql": "\\ir ../a.sql\n" }),
        await running(database(), { "a.sql": begin, "below/b.sql": "\\ir nothing.sql\n" }),
        await running(database(), {
          "a.sql": begin,
          "below/b.sql": Buffer.from("select 'd\xe9j\xe0'", "latin1"),
        }),
        await running(database(), { "a.sql": begin, "below/b.sql": Buffer.from([0xe9]) }),
      ];
      assert.deepEqual(
        errors.map((error) => [
          error?.code,
          error?.place?.file.split("/").at(-1),
          error?.place?.line,
        ]),
        [
          ["sql_circle", "b.sql", 1],
          ["sql_file_missing", "b.sql", 1],
          ["sql_not_utf8", "b.sql", 1],
          ["sql_not_utf8", "b.sql", 1],
        ],
      );
      assert.equal(await exists(database(), "begun"), false);
    });

    test("runs another with \\ir, found beside itself, whose failure is shown there", async () => {
      const error = await running(database(), {
        "a.sql": "create table outside (id int);\n\\ir below/b.sql\r\n",
        "below/b.sql": "\\ir c.sql\n",
        "below/c.sql": "insert into outside values (1);\nbroken;",
      });
      assert.match(String(error?.message), /below\/c\.sql:2:1 failed: syntax error/);
      assert.deepEqual(await rowsOf(database(), "select id from outside"), []);
    });

    test("in a transaction tells of the cells that PostgreSQL refuses there, and goes on", async () => {
      await execute(database(), "create table rehearsed (id int)");
      const skipped: string[] = [];
      const error = await running(
        database(),
        {
          "a.sql":
            "select 'create index concurrently rehearsed_id on rehearsed (id)', 'insert into rehearsed values (1)'\n" +
            "\\gexec\ninsert into rehearsed values (2);",
        },
        (sql) => skipped.push(sql),
      );
      assert.equal(error, undefined);
      assert.deepEqual(skipped, ["create index concurrently rehearsed_id on rehearsed (id)"]);
      assert.deepEqual(
        (await rowsOf(database(), "select id from rehearsed order by id")).map(({ id }) => id),
        [1, 2],
      );
    });
  });
});
