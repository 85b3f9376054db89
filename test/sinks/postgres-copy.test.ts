import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
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

const into = (table: string, options: object = {}) =>
  stage(postgresCopy, { table, mode: "replace", ...options });

onEachDatabase((database) => {
  describe("postgres_copy", () => {
    test("creates schema and table, loads the rows and counts them in the run's state", async () => {
      const create = {
        columns: { id: "bigint", name: "varchar(20) not null" },
        primary_key: ["id"],
      };
      const source = rowsSource([
        { id: "1", name: 'Lasius niger \\ "x"' },
        { id: "2", name: "Formica\trufa\nL." },
      ]);
      const summary = await run(database(), [
        flowOf({ source, sink: into("made.here", { create }) }),
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.equal(summary.flows[0]?.inserted, 2);
      assert.deepEqual(
        await rowsOf(database(), "select id::int, name from made.here order by id"),
        [
          { id: 1, name: 'Lasius niger \\ "x"' },
          { id: 2, name: "Formica\trufa\nL." },
        ],
      );
      assert.deepEqual(
        await rowsOf(
          database(),
          `select flow, read::int, inserted::int, rejected::int from runner.flow where run = ${summary.run}`,
        ),
        [{ flow: "flow", read: 2, inserted: 2, rejected: 0 }],
      );
    });

    test("replace leaves the old rows when the flow fails in the middle", async () => {
      await execute(database(), "create table kept (id int); insert into kept values (7);");
      const source = sourceOf(async function* () {
        yield batchOf([{ id: "1" }]);
        throw new Error("the source broke");
      });
      const summary = await run(database(), [flowOf({ source, sink: into("kept") })]);
      assert.equal(summary.status, "failed");
      assert.equal(messageOf(summary.error), "the source broke");
      assert.deepEqual(await rowsOf(database(), "select id from kept"), [{ id: 7 }]);
    });

    test("replace loads again what is there: the same rows, no more", async () => {
      await execute(database(), "create table again (id int primary key);");
      const flow = () =>
        flowOf({ source: rowsSource([{ id: "1" }, { id: "2" }]), sink: into("again") });
      await run(database(), [flow()]);
      const summary = await run(database(), [flow()]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(await rowsOf(database(), "select count(*)::int as n from again"), [
        { n: 2 },
      ]);
    });

    test("an aborted load commits nothing", async () => {
      await execute(
        database(),
        "create table cancelled (id int); insert into cancelled values (7);",
      );
      const controller = new AbortController();
      const source = sourceOf(async function* () {
        yield batchOf([{ id: "1" }]);
        controller.abort();
        // A source that ignores the signal and runs to its end.
      });
      const summary = await run(database(), [flowOf({ source, sink: into("cancelled") })], {
        signal: controller.signal,
      });
      assert.equal(summary.status, "interrupted");
      assert.deepEqual(await rowsOf(database(), "select id from cancelled"), [{ id: 7 }]);
      assert.deepEqual(
        await rowsOf(database(), `select status from runner.run where run = ${summary.run}`),
        [{ status: "interrupted" }],
      );
    });

    test("append loads an input once, and says so when it comes again", async () => {
      await execute(database(), "create table log (id int);");
      const append = (identity: string) =>
        run(database(), [
          flowOf({
            source: rowsSource([{ id: "1" }], inputNamed("march.csv", identity)),
            sink: into("log", { mode: "append" }),
          }),
        ]);
      assert.equal((await append("a")).flows[0]?.inserted, 1);
      const second = await append("a");
      assert.equal(second.status, "done");
      assert.equal(second.flows[0]?.inserted, 0);
      assert.deepEqual(second.said, [
        "`log` has march.csv already from an earlier run: nothing appended.",
      ]);
      assert.equal((await append("b")).flows[0]?.inserted, 1);
      assert.deepEqual(await rowsOf(database(), "select count(*)::int as n from log"), [{ n: 2 }]);
    });

    test("an append that failed is not remembered: the next run loads it", async () => {
      await execute(database(), "create table retried (id int);");
      const append = (id: string) =>
        run(database(), [
          flowOf({
            source: rowsSource([{ id }], inputNamed("x.csv")),
            sink: into("retried", { mode: "append" }),
          }),
        ]);
      assert.equal((await append("one")).status, "failed");
      assert.equal((await append("1")).flows[0]?.inserted, 1);
    });

    test("whatever the server refuses becomes rejects with place and reason, the rest is loaded", async () => {
      await execute(
        database(),
        `create table parent (id int primary key); insert into parent values (1);
         create table refusing (
           id int primary key, born date, code varchar(3), parent int references parent deferrable initially deferred,
           size int check (size > 0), name text not null);
         create function no_mondays() returns trigger language plpgsql as $$
           begin if new.name = 'monday' then raise exception 'No Mondays.'; end if; return new; end $$;
         create trigger no_mondays before insert on refusing for each row execute function no_mondays();`,
      );
      const good = { id: "0", born: "2024-02-29", code: "abc", parent: "1", size: "1", name: "ok" };
      const source = rowsSource([
        good,
        { ...good, id: "1", born: "2023-02-29" },
        { ...good, id: "2", code: "abcd" },
        { ...good, id: "3", parent: "99" },
        { ...good, id: "4", size: "-1" },
        { ...good, id: "5", name: null },
        { ...good, id: "0" },
        { ...good, id: "6", name: "monday" },
        { ...good, id: "99999999999" },
        { ...good, id: "seven" },
        { ...good, id: "8" },
      ]);
      const summary = await run(database(), [
        flowOf({ source, sink: into("refusing"), rejects: allowing(9) }),
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.equal(summary.flows[0]?.inserted, 2);
      assert.deepEqual(await rowsOf(database(), "select id from refusing order by id"), [
        { id: 0 },
        { id: 8 },
      ]);
      const rejects = await rowsOf(
        database(),
        `select place, code, message from runner.reject where run = ${summary.run}
          order by split_part(place, ':', 2)::int`,
      );
      assert.deepEqual(
        rejects.map(({ place, code, message }) => `${place} ${code} ${message}`),
        [
          'input.txt:2 datetime_field_overflow Postgres refused: date/time field value out of range: "2023-02-29" (column "born").',
          'input.txt:3 string_data_right_truncation Postgres refused: value too long for type character varying(3) (column "code").',
          'input.txt:4 foreign_key_violation Postgres refused: insert or update on table "refusing" violates foreign key constraint "refusing_parent_fkey". Key (parent)=(99) is not present in table "parent".',
          'input.txt:5 check_violation Postgres refused: new row for relation "refusing" violates check constraint "refusing_size_check". Failing row contains (4, 2024-02-29, abc, 1, -1, ok).',
          'input.txt:6 not_null_violation Postgres refused: null value in column "name" of relation "refusing" violates not-null constraint. Failing row contains (5, 2024-02-29, abc, 1, 1, null).',
          'input.txt:7 unique_violation Postgres refused: duplicate key value violates unique constraint "refusing_pkey". Key (id)=(0) already exists.',
          "input.txt:8 raise_exception Postgres refused: No Mondays.",
          'input.txt:9 numeric_value_out_of_range Postgres refused: value "99999999999" is out of range for type integer (column "id").',
          'input.txt:10 invalid_text_representation Postgres refused: invalid input syntax for type integer: "seven" (column "id").',
        ],
      );
      const file = await readFile(summary.rejectFile ?? "", "utf8");
      assert.equal(file.trim().split("\n").length, 9);
      const { id, ...first } = JSON.parse(file.split("\n")[0] ?? "");
      assert.match(id, /^[0-9a-f]{20}$/);
      assert.deepEqual(first, {
        flow: "flow",
        code: "datetime_field_overflow",
        message:
          'Postgres refused: date/time field value out of range: "2023-02-29" (column "born").',
        place: "input.txt:2",
        record: "1\t2023-02-29\tabc\t1\t1\tok",
        fields: null,
      });
    });

    test("many refusals over many chunks are each found, and nothing else", async () => {
      await execute(database(), "create table many (id int primary key, size numeric, day date);");
      const batches = Array.from({ length: 12 }, (_, batch) =>
        batchOf(
          Array.from({ length: 3000 }, (_, row) => {
            const id = batch * 3000 + row;
            const size = id % 97 === 0 ? "4,5" : "4.5";
            const day = id % 389 === 1 ? "yesterday-ish" : "2024-10-31";
            return { id: String(id % 5003 === 2 ? 0 : id), size, day };
          }),
          1 + batch * 3000,
        ),
      );
      const summary = await run(database(), [
        flowOf({ source: sourceOf(batches), sink: into("many"), rejects: allowing(36_000) }),
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      const ids = Array.from({ length: 36_000 }, (_, id) => id);
      const isGood = (id: number) => id % 97 !== 0 && id % 389 !== 1;
      // Row 0 is refused for its size, so the first good row with the doubled key 0 gets in.
      const doubled = ids.filter((id) => id % 5003 === 2 && isGood(id));
      const good = ids.filter((id) => isGood(id) && id % 5003 !== 2);
      assert.equal(summary.flows[0]?.inserted, good.length + Math.min(1, doubled.length));
      assert.equal(summary.flows[0]?.rejected, 36_000 - good.length - Math.min(1, doubled.length));
      const found = await rowsOf(database(), "select id from many where id > 0 order by id");
      assert.deepEqual(
        found.map(({ id }) => id),
        good,
      );
    });

    test("a strict flow stops at the first refusal, loads nothing, and says where and why", async () => {
      await execute(database(), "create table strict (id int);");
      const source = rowsSource([{ id: "1" }, { id: "2021-13-05" }]);
      const summary = await run(database(), [flowOf({ source, sink: into("strict") })]);
      assert.equal(summary.status, "failed");
      assert.equal(
        messageOf(summary.error),
        [
          'input.txt:2 was rejected (invalid_text_representation): Postgres refused: invalid input syntax for type integer: "2021-13-05" (column "id").',
          "Flow `flow` stopped there, as its limit is 0; there may be more behind it.",
          `It is in ${summary.rejectFile}. Mend the data, add a transform, or allow some with \`rejects: { max: 1% }\`.`,
        ].join("\n"),
      );
      assert.deepEqual(await rowsOf(database(), "select * from strict"), []);
    });

    test("a column that the table lacks is found before anything is sent", async () => {
      await execute(
        database(),
        "create table narrow (id int, event_date text); insert into narrow values (1);",
      );
      const source = rowsSource([{ id: "1", event_dat: "x" }]);
      const { error } = await run(database(), [flowOf({ source, sink: into("narrow") })]);
      assert.equal(
        messageOf(error),
        "Table `narrow` has no column `event_dat`. Did you mean `event_date`? " +
          "`project` chooses and names what is loaded.",
      );
      assert.deepEqual(await rowsOf(database(), "select id from narrow"), [{ id: 1 }]);
    });

    test("a column that the table requires and does not get is found before anything is sent", async () => {
      await execute(
        database(),
        "create table needy (id int not null, name text not null, made timestamp not null default now());",
      );
      const { error } = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1" }]), sink: into("needy") }),
      ]);
      assert.equal(
        messageOf(error),
        "Table `needy` requires `name`, which this flow does not give: it gives `id`.",
      );
    });

    test("a table that is not there is named with its nearest", async () => {
      await execute(
        database(),
        "create schema if not exists pinv; create table pinv.media (id int);",
      );
      const { error } = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1" }]), sink: into("pinv.medias") }),
      ]);
      assert.equal(
        messageOf(error),
        "There is no table `pinv.medias` in the database. Did you mean `pinv.media`? " +
          "A script under `setup`, or `create` of the sink, can make it.",
      );
    });

    test("a table that a foreign key points at is not replaced", async () => {
      await execute(
        database(),
        "create table a (id int primary key); insert into a values (1); create table b (a int references a);",
      );
      const { error } = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1" }]), sink: into("a") }),
      ]);
      assert.equal(
        messageOf(error),
        "Table `a` cannot be replaced: foreign keys of `b` point at it.",
      );
    });

    test("a type that the database does not know is named with its column", async () => {
      const create = { columns: { id: "bigint", born: "statut_donnee" } };
      const { error } = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1" }]), sink: into("typed", { create }) }),
      ]);
      assert.equal(codeOf(error), "unknown_type");
      assert.match(
        messageOf(error),
        /^The database has no type "statut_donnee" \(column `born`\)\./,
      );
    });

    test("a table made by hand without a declared column gets the statement that adds it", async () => {
      await execute(database(), "create table byhand (id bigint);");
      const create = { columns: { id: "bigint", born: "date" } };
      const { error } = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1", born: null }]), sink: into("byhand", { create }) }),
      ]);
      assert.equal(
        messageOf(error),
        "Table `byhand` is there already, without `born`. This adds it:\n  " +
          'alter table "byhand" add column "born" date;',
      );
    });

    test("a table made by hand is told all that differs from `create`: types and the key are warnings by themselves", async () => {
      await execute(database(), "create table unkeyed (id text, at text);");
      const create = { columns: { id: "bigint", at: "date" }, primary_key: ["id"] };
      const rows = rowsSource([{ id: "1", at: "2024-01-01" }]);
      const { said } = await run(database(), [
        flowOf({ source: rows, sink: into("unkeyed", { create }) }),
      ]);
      assert.match(
        String(said[0]),
        /^Table `unkeyed` is there already, with other types than `create` says/,
      );
      assert.equal(
        said[1],
        "Table `unkeyed` is there already, without the primary key that `create` declares (`id`), so rows that are there twice are not refused. This adds it:\n  " +
          'alter table "unkeyed" add primary key ("id");',
      );
      const more = { columns: { ...create.columns, born: "date" }, primary_key: ["id"] };
      const { error } = await run(database(), [
        flowOf({
          source: rowsSource([{ id: "1", at: null, born: null }]),
          sink: into("unkeyed", { create: more }),
        }),
      ]);
      assert.match(
        messageOf(error),
        /^Table `unkeyed` is there already, without `born`\. [\s\S]+ other types [\s\S]+ without the primary key /,
      );
      await execute(database(), "create unique index on unkeyed (id)");
      const unique = await run(database(), [
        flowOf({ source: rows, sink: into("unkeyed", { create }) }),
      ]);
      assert.equal(unique.said.length, 1);
    });

    test("a trigger that swallows rows is an error, not a wrong count", async () => {
      await execute(
        database(),
        `create table swallowing (id int);
         create function swallow() returns trigger language plpgsql as $$ begin return null; end $$;
         create trigger swallow before insert on swallowing for each row execute function swallow();`,
      );
      const { error } = await run(database(), [
        flowOf({ source: rowsSource([{ id: "1" }]), sink: into("swallowing") }),
      ]);
      assert.equal(codeOf(error), "rows_suppressed");
    });

    test("a flow of which no record gets through leaves a table with rows as it was, unless it may be empty", async () => {
      await execute(database(), "create table emptied (id int); insert into emptied values (1);");
      const source = sourceOf([batchOf([{ id: "1" }]).keep(new Uint32Array(0))]);
      const kept = await run(database(), [flowOf({ source, sink: into("emptied") })]);
      assert.equal(codeOf(kept.error), "replace_empty");
      assert.deepEqual(await rowsOf(database(), "select id from emptied"), [{ id: 1 }]);
      const sink = stage(postgresCopy, { table: "emptied", mode: "replace", may_be_empty: true });
      const summary = await run(database(), [flowOf({ source, sink })]);
      assert.equal(summary.flows[0]?.filtered, 1);
      assert.deepEqual(summary.said, [
        "No record of input.txt was loaded: `emptied` is empty now.",
      ]);
      // It is empty already: nothing is lost.
      const again = await run(database(), [flowOf({ source, sink: into("emptied") })]);
      assert.equal(again.status, "done");
    });
  });
});

test("a key that is no column is refused before anything runs", () => {
  assert.throws(
    () =>
      postgresCopy.create({
        table: "t",
        mode: "replace",
        may_be_empty: false,
        create: { columns: { gbif_id: "bigint" }, primary_key: ["gbifid"] },
      }),
    {
      code: "primary_key_unknown",
      message:
        "`primary_key` names `gbifid`, which is not under `columns`. Did you mean `gbif_id`?",
    },
  );
});
