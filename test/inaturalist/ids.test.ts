import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { dayBudget, nextDay } from "../../src/inaturalist/budget.ts";
import { type IdsOption, wantedIds } from "../../src/inaturalist/ids.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";

const UUID = "91a29d5f-d2bf-47ff-b629-d0b79d51e46c";

describe("ids to look up", () => {
  onEachDatabase((database) => {
    before(() =>
      execute(
        database(),
        `create table given (id text, other text);
         create table known (id bigint primary key, uuid uuid, status text, asked_at timestamptz);
         create table known_by_hand (id_inat integer);
         create schema runner;
         create table runner.budget (service text, day date, requests integer, primary key (service, day));`,
      ),
    );
    beforeEach(() => execute(database(), "truncate given, known, known_by_hand, runner.budget"));

    const wanted = async (
      ids: IdsOption = { table: "given", column: "id", uuid_column: "other" },
      known = { table: "known", column: "id" },
    ) => wantedIds(database().opened, ids, known, 30);
    const give = (...rows: string[]) =>
      execute(database(), `insert into given values ${rows.join(", ")}`);

    test("are distinct and in the order of numbers, from numbers and from links of any host", async () => {
      await give(
        "('30', null)",
        "('  4 ', null)",
        "('http://www.inaturalist.org/observations/30', null)",
        "('https://mexico.inaturalist.org/observations/200?locale=es', null)",
        "(null, null)",
        "('', null)",
      );
      assert.deepEqual(await wanted(), {
        ids: ["4", "30", "200"].map((id) => ({ id, uuid: null })),
        unreadable: [],
      });
    });

    test("take a uuid that stands beside them, among other numbers too", async () => {
      await give(
        `('1', '${UUID.toUpperCase()}')`,
        `('2', 'MHNL 12 | ${UUID}')`,
        "('3', 'MHNL 13')",
      );
      assert.deepEqual(
        (await wanted()).ids.map(({ uuid }) => uuid),
        [UUID, UUID, null],
      );
    });

    test("that are neither a number nor a link are told, once each", async () => {
      await give(
        "('x', null)",
        "('x', null)",
        "('https://observation.org/observation/5', null)",
        "('12345678901234567890', null)",
      );
      assert.deepEqual(await wanted(), {
        ids: [],
        unreadable: ["12345678901234567890", "https://observation.org/observation/5", "x"],
      });
    });

    test("are not wanted again when they are known, missing ones only after a time", async () => {
      await give("('1', null)", "('2', null)", "('3', null)", `('4', '${UUID}')`, "('5', null)");
      await execute(
        database(),
        `insert into known values (1, '${UUID}', 'found', '2020-01-01'), (2, null, 'missing', now() - interval '29 days'),
           (3, null, 'missing', now() - interval '31 days'), (4, null, 'missing', now())`,
      );
      assert.deepEqual(
        (await wanted()).ids.map(({ id }) => id),
        ["3", "4", "5"],
      );
    });

    test("are known for good in a table that says nothing of missing ones", async () => {
      await give("('1', null)", "('2', null)");
      await execute(database(), "insert into known_by_hand values (1)");
      const known = { table: "known_by_hand", column: "id_inat" };
      assert.deepEqual((await wanted(undefined, known)).ids, [{ id: "2", uuid: null }]);
    });

    test("come from a statement: its first column, and a second one for the uuid", async () => {
      await give(`('7', '${UUID}')`);
      const sql =
        "select 'https://www.inaturalist.org/observations/' || id as proof, other as o from given;";
      assert.deepEqual((await wanted({ sql })).ids, [{ id: "7", uuid: UUID }]);
      assert.deepEqual((await wanted({ sql: "select 8 as id" })).ids, [{ id: "8", uuid: null }]);
      assert.deepEqual((await wanted({ sql: "select id from given where false" })).ids, []);
    });

    test("say which table or column is not there", async () => {
      await assert.rejects(wanted({ table: "given", column: "idd" }), { code: "unknown_column" });
      await assert.rejects(wanted({ table: "gives", column: "id" }), { code: "unknown_table" });
      await assert.rejects(wanted(undefined, { table: "known", column: "nr" }), {
        code: "unknown_column",
      });
    });

    test("the day's requests are counted in the database, whoever asks", async () => {
      const budgets = [3, 3, null].map((perDay) => dayBudget(database().opened, "api", perDay));
      const taken: boolean[] = [];
      for (const turn of [0, 1, 0, 1, 0, 2]) taken.push((await budgets[turn]?.take()) ?? false);
      assert.deepEqual(taken, [true, true, true, false, false, true]);
      await execute(database(), "update runner.budget set day = day - 1");
      assert.equal(await budgets[0]?.take(), true);
      assert.deepEqual(
        await rowsOf(database(), "select requests from runner.budget order by day"),
        [{ requests: 3 }, { requests: 1 }],
      );
    });
  });

  test("the next day begins at midnight, UTC", () => {
    assert.equal(nextDay(new Date("2026-12-31T23:59:59+01:00")), "2027-01-01 00:00 UTC");
  });
});
