import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Batch } from "../../src/core/batch.ts";
import type { RunnerError } from "../../src/core/errors.ts";
import { checkedOptions } from "../../src/core/options-check.ts";
import { parseYaml } from "../../src/core/yaml-parse.ts";
import { lookup } from "../../src/transforms/lookup.ts";
import { execute, onEachDatabase, type TestDatabase } from "../support/database.ts";
import { batchOf, inputNamed, rejectsOf } from "../support/flow.ts";
import { contextAlone, valuesOf } from "../support/transform.ts";

type Row = Readonly<Record<string, string | null>>;

const start = { file: "test.yaml", line: 1, column: 1 };

/** Options as YAML has them, with their defaults. */
const made = (yaml: string) => {
  const complain = (_code: string, _place: unknown, message: string) => assert.fail(message);
  const value = parseYaml(yaml, start, complain);
  assert.ok(value);
  const options = checkedOptions(value, lookup.options, { name: "lookup", place: start, complain });
  return lookup.create(options as Parameters<typeof lookup.create>[0]);
};

/** What the transform makes of some batches; names, values and rejects are those of all of them. */
const looked = async (
  database: TestDatabase,
  yaml: string,
  ...given: readonly (readonly Row[])[]
) => {
  const said: string[] = [];
  async function* batches(): AsyncGenerator<Batch> {
    for (const rows of given) yield batchOf(rows);
  }
  const context = { ...contextAlone(said), database: database.opened };
  let names: string[] = [];
  const values: (string | null)[][] = [];
  const rejects: string[] = [];
  let error: RunnerError | undefined;
  try {
    for await (const batch of made(yaml)(batches(), context)) {
      names = batch.names;
      values.push(...valuesOf(batch));
      rejects.push(...rejectsOf(batch).map(({ code, message }) => `${code} ${message}`));
    }
  } catch (thrown) {
    error = thrown as RunnerError;
  }
  return { names, values, rejects, said, error };
};

onEachDatabase((database) => {
  describe("lookup", () => {
    before(() =>
      execute(
        database(),
        `create table taxa (key text, rank text, cd_nom int, cd_ref int);
         insert into taxa values ('5', 'SP', 30, 20), ('5', 'SP', 10, 20), ('5', 'SP', 20, 20), ('6', 'GN', 60, 60),
           ('7', 'SP', null, 1), (null, 'SP', 80, 80), ('9', 'SP', 90, 90), ('9', 'GN', 90, 90);`,
      ),
    );

    const key = "from: k, table: taxa, key: key, columns: { cd_nom: cd_nom }";

    test("writes what it finds; of several rows, the first by `order_by`", async () => {
      const found = await looked(database(), `{ ${key}, order_by: cd_nom = cd_ref desc }`, [
        { k: "5" },
        { k: "6" },
      ]);
      assert.deepEqual(found.names, ["k", "cd_nom"]);
      assert.deepEqual(found.values, [
        ["5", "20"],
        ["6", "60"],
      ]);
      assert.deepEqual(found.said, []);
    });

    test("says that rows with the same key differ when nothing tells which to take", async () => {
      const found = await looked(database(), `{ ${key} }`, [{ k: "5" }]);
      assert.deepEqual(found.values, [["5", "10"]]);
      assert.equal(
        found.said[0],
        "1 key of `taxa` has several different rows; the first in alphabetical order is taken. `order_by` says which it is to be.",
      );
    });

    test("a record that is not found is rejected with the code and what it had", async () => {
      const found = await looked(database(), `{ ${key}, code: taxon_unknown, order_by: cd_nom }`, [
        { k: "6" },
        { k: "8" },
        { k: null },
        { k: "7" },
      ]);
      assert.deepEqual(found.values, [["6", "60"]]);
      assert.deepEqual(found.rejects, [
        'taxon_unknown `k` is "8", which `taxa` does not have.',
        "taxon_unknown `k` is empty.",
        'taxon_unknown `k` is "7", which `taxa` does not have.',
      ]);
    });

    test("at the end, missing values are listed with how many records have each", async () => {
      const rows = [
        { k: "8", name: "Aus bus" },
        { k: "x", name: null },
        { k: "x", name: "Bus" },
      ];
      const found = await looked(
        database(),
        `{ ${key}, order_by: cd_nom, report: [name] }`,
        rows,
        rows.slice(0, 1),
        rows.slice(1, 2),
      );
      assert.equal(
        found.said.at(-1),
        "`k`: 2 values not in `taxa` (5 records):\n" +
          '  "x": 3 records\n' +
          '  "8" (name "Aus bus"): 2 records',
      );
    });

    test("`missing: null` leaves the column empty and says nothing", async () => {
      const found = await looked(database(), `{ ${key}, order_by: cd_nom, missing: null }`, [
        { k: "8", cd_nom: "old" },
      ]);
      assert.deepEqual(found.values, [["8", null]]);
      assert.deepEqual(found.said, []);
    });

    test("`missing: stop` ends the flow with all values of all batches, and passes no more on", async () => {
      const found = await looked(
        database(),
        `{ ${key}, order_by: cd_nom, missing: stop }`,
        [{ k: "6" }],
        [{ k: "8" }, { k: "6" }],
        [{ k: "10" }],
      );
      assert.deepEqual(found.values, [["6", "60"]]);
      assert.equal(found.error?.code, "lookup_missing");
      assert.equal(
        found.error?.message,
        '`k`: 2 values not in `taxa` (2 records):\n  "8": 1 record\n  "10": 1 record\n' +
          "The flow stops for it (`missing: stop`). Add what is missing, or set such records aside with `missing: reject`.",
      );
    });

    test("`unique` counts a key with several different results as missing, not one with several equal ones", async () => {
      const found = await looked(database(), `{ ${key}, unique: true }`, [{ k: "5" }, { k: "9" }]);
      assert.deepEqual(found.values, [["9", "90"]]);
      assert.deepEqual(found.rejects, [
        'not_found `k` is "5", for which `taxa` has several different rows.',
      ]);
      assert.match(found.said.at(-1) ?? "", /\n {2}"5" \(several results\): 1 record$/);
    });

    test("attempts follow each other with `when_empty`, and `set` says which one it was", async () => {
      const rows = [
        { k: "6", cd_nom: null, by: null },
        { k: "6", cd_nom: "1", by: "hand" },
        { k: "8", cd_nom: null, by: "none" },
      ];
      const found = await looked(
        database(),
        `{ ${key}, order_by: cd_nom, when_empty: true, missing: null, set: { by: taxonKey, n: 1 } }`,
        rows,
      );
      assert.deepEqual(found.names, ["k", "cd_nom", "by", "n"]);
      assert.deepEqual(found.values, [
        ["6", "60", "taxonKey", "1"],
        ["6", "1", "hand", null],
        ["8", null, "none", null],
      ]);
      assert.deepEqual(found.said, []);
    });

    test("keys of several columns, several results, and `where`", async () => {
      const found = await looked(
        database(),
        `{ from: [k, r], table: taxa, key: [key, rank], columns: { a: cd_nom, b: cd_ref }, where: "cd_nom > 10 -- not 10", order_by: cd_nom, missing: null }`,
        [
          { k: "5", r: "SP" },
          { k: "5", r: "GN" },
          { k: "5", r: null },
        ],
      );
      assert.deepEqual(found.values, [
        ["5", "SP", "20", "20"],
        ["5", "GN", null, null],
        ["5", null, null, null],
      ]);
    });

    test("without columns it asks only whether there is a row", async () => {
      const found = await looked(
        database(),
        "{ from: k, table: taxa, key: key, set: { ok: yes } }",
        [{ k: "7" }, { k: "8" }],
      );
      assert.deepEqual(found.values, [["7", "yes"]]);
      assert.equal(found.rejects.length, 1);
    });

    test("a large table is read once for all lookups of a flow that ask the same, and its size is told", async () => {
      await execute(
        database(),
        "create table large as select n::text as key, 'a value of some length' || n as value from generate_series(1, 20000) as n",
      );
      const said: string[] = [];
      let sessions = 0;
      const counted = {
        ...database().opened,
        session: () => {
          sessions++;
          return database().opened.session();
        },
      };
      const context = { ...contextAlone(said), database: counted };
      const large = (from: string) =>
        made(`{ from: ${from}, table: large, key: key, columns: { ${from}_value: value } }`);
      async function* batches(): AsyncGenerator<Batch> {
        yield batchOf([{ a: "1", b: "20000" }]);
        yield batchOf([{ a: "2", b: "2" }]);
      }
      const found: unknown[] = [];
      for await (const batch of large("b")(large("a")(batches(), context), context)) {
        found.push(...valuesOf(batch).map((values) => values.slice(2)));
      }
      assert.deepEqual(found, [
        ["a value of some length1", "a value of some length20000"],
        ["a value of some length2", "a value of some length2"],
      ]);
      assert.equal(sessions, 1);
      assert.equal(said.length, 2);
      assert.match(said[0] ?? "", /^`large`: 20,000 rows to look up in, [\d.]+ MB of memory\.$/);
      assert.match(said[1] ?? "", /^Looked up in 1 table: 20,000 rows, [\d.]+ MB of memory\.$/);
    });

    test("nothing is read when there is no record", async () => {
      async function* nothing(): AsyncGenerator<Batch> {
        yield Batch.empty(inputNamed("input.txt"), ["k"]);
      }
      // Here, whoever asks for a session gets an error.
      const batches = await Array.fromAsync(made(`{ ${key} }`)(nothing(), contextAlone()));
      assert.deepEqual(batches[0]?.names, ["k", "cd_nom"]);
    });

    test("a table, a column and SQL that are wrong are errors that name them", async () => {
      const wrong = async (yaml: string) => {
        const { error } = await looked(database(), yaml, [{ k: "5" }]);
        return [error?.subject, error?.message];
      };
      assert.deepEqual(await wrong("{ from: k, table: taxo, key: key }"), [
        "taxo",
        "There is no table `taxo` in the database. Did you mean `taxa`? A script under `setup`, or `create` of the sink, can make it.",
      ]);
      assert.deepEqual(await wrong("{ from: k, table: taxa, key: kei }"), [
        "kei",
        "Table `taxa` has no column `kei`. Did you mean `key`?",
      ]);
      assert.deepEqual(await wrong(`{ ${key}, where: cd_nam > 1 }`), [
        "cd_nam > 1",
        'Table `taxa` cannot be read: column "cd_nam" does not exist. Is the SQL of `where` and `order_by` right?',
      ]);
    });
  });
});

test("`from` and `key` have as many columns", () => {
  assert.throws(() => made("{ from: [a, b], table: t, key: c }"), {
    message: "`from` names 2 columns and `key` 1: they are compared one by one.",
    subject: "key",
  });
});
