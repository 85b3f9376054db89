/** A table that is there already, with other types than `create` says; and one that is not where it should be. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { askDatabaseOf } from "../../src/connect.ts";
import { messageOf, type RunnerError } from "../../src/core/errors.ts";
import { openTarget } from "../../src/postgres/create-table.ts";
import { rehearsePipeline } from "../../src/rehearsal.ts";
import { runPipeline } from "../../src/runner.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";
import { planFrom } from "../support/plan.ts";

const COPY = "postgres_copy: { table: TABLE, mode: replace, create: { columns: { COLUMNS } } }";
const UPSERT = "postgres_upsert: { table: TABLE, key: [id], create: { columns: { COLUMNS } } }";

const yaml = (sink: string, table: string, columns: string) => `name: p
flows:
  - name: f
    source: { postgres: { sql: "select '1' as id, '2' as name" } }
    sink:
      ${sink.replace("TABLE", table).replace("COLUMNS", columns)}
`;

/** What a run, a plan and `validate --connect` say. */
const toldBy = async (text: string, database: TestDatabase) => {
  const plan = await planFrom(text, database);
  const signal = new AbortController().signal;
  const options = { database: database.opened, signal };
  const { complaints } = await askDatabaseOf(plan, options);
  const warned = { plan: [] as string[], run: [] as string[] };
  const log = (into: string[]) => ({
    info: () => undefined,
    warn: (one: string) => into.push(one),
  });
  const planned = await rehearsePipeline(plan, {
    ...options,
    lockTimeoutSecs: 10,
    log: log(warned.plan),
  });
  const run = await runPipeline(plan, { ...options, log: log(warned.run) });
  return { complaints, warned, planned, run };
};

onEachDatabase((database) => {
  describe("a table that is there with other types than `create` says", () => {
    for (const [name, sink] of [
      ["postgres_copy", COPY],
      ["postgres_upsert", UPSERT],
    ] as const) {
      test(`is told by ${name} where values may fit, in a run, a plan and validate --connect`, async () => {
        const table = `wider_${name}`;
        await execute(
          database(),
          `create table ${table} (id bigint primary key, name varchar(20), other date)`,
        );
        const told = await toldBy(yaml(sink, table, "id: integer, name: text"), database());
        const expected =
          `Table \`${table}\` is there already, with other types than \`create\` says: \`id\` is \`bigint\`, not \`integer\`; \`name\` is \`character varying(20)\`, not \`text\`. It is loaded as it is there, and a value that does not fit is refused. Write under \`create\` what is there; or make it as it says:\n` +
          `  alter table "${table}" alter column "id" type integer using "id"::text::integer, alter column "name" type text using "name"::text::text;`;
        assert.deepEqual(
          told.complaints.map(({ code, message, isWarning, place }) => [
            code,
            message,
            isWarning,
            place.line,
          ]),
          [["types_differ", expected, true, 6]],
        );
        assert.deepEqual(told.warned, { plan: [expected], run: [expected] });
        assert.equal(told.run.status, "done", messageOf(told.run.error));
        const [, statement = ""] = expected.split("\n");
        await execute(database(), statement);
        const mended = await toldBy(yaml(sink, table, "id: integer, name: text"), database());
        assert.deepEqual([mended.complaints, mended.warned.run], [[], []]);
      });

      test(`is an error of ${name} where no value can fit, and nothing is changed`, async () => {
        const table = `other_${name}`;
        await execute(
          database(),
          `create table ${table} (id integer primary key, name uuid); insert into ${table} values (7)`,
        );
        const told = await toldBy(yaml(sink, table, "id: integer, name: bigint"), database());
        for (const error of [told.planned.error, told.run.error, told.complaints[0]]) {
          assert.equal((error as RunnerError).code, "types_differ");
          assert.match(
            (error as RunnerError).message,
            /`name` is `uuid`, not `bigint`\. No value can fit\./,
          );
        }
        assert.equal(told.complaints[0]?.isWarning, undefined);
        assert.deepEqual(await rowsOf(database(), `select id from ${table}`), [{ id: 7 }]);
      });
    }

    test("is not told of where only the spelling of the types differs", async () => {
      const columns = [
        "id: bigserial",
        "name: VARCHAR( 20 ) not null",
        "size: 'numeric(10)'",
        "price: 'decimal(10, 2)'",
        "at: timestamptz(3)",
        "since: timestamp default now()",
        "letter: char",
        "tags: 'text[]'",
        "share: float",
      ].join(", ");
      const text = yaml(COPY, "spelt", columns).replace("as name", "as name, now() as at");
      const first = await toldBy(text, database());
      assert.equal(first.run.status, "done", messageOf(first.run.error));
      const again = await toldBy(text, database());
      assert.deepEqual([again.complaints, again.warned], [[], { plan: [], run: [] }]);
    });
  });

  test("a table without a schema is never made, nor written, among the runner's own", async () => {
    await execute(database(), "create schema if not exists runner");
    await using session = await database().opened.session();
    for (const [table, path] of [
      ["obs", "runner, public"],
      ["runner.obs", "public"],
    ] as const) {
      await session.begin();
      await session.query(`set local search_path = ${path}`);
      const target = { table, create: { columns: { id: "integer" } } };
      await assert.rejects(
        openTarget(session, target, () => undefined),
        { code: "table_in_state", exitCode: 2 },
      );
      await session.rollback();
    }
  });
});
