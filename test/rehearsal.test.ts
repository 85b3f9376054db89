import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Reject } from "../src/core/batch.ts";
import type { Context } from "../src/core/component.ts";
import type { FlowPlan, Plan } from "../src/core/plan.ts";
import { type RehearsalOptions, rehearsePipeline } from "../src/rehearsal.ts";
import { file } from "../src/sinks/file.ts";
import { postgresCopy } from "../src/sinks/postgres-copy.ts";
import { postgresUpsert } from "../src/sinks/postgres-upsert.ts";
import { postgres } from "../src/sources/postgres.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "./support/database.ts";
import { messageOf } from "./support/errors.ts";
import {
  allowing,
  batchOf,
  flowOf,
  planOf,
  rowsSource,
  run,
  sourceOf,
  stage,
} from "./support/flow.ts";
import { lockedTable } from "./support/locked-table.ts";

const rehearse = async (
  database: TestDatabase,
  flows: readonly FlowPlan[],
  more: Partial<Plan> & Partial<RehearsalOptions> = {},
) => {
  const said: string[] = [];
  const { database: _, flows: names, ...plan } = more;
  const rehearsal = await rehearsePipeline(planOf(database, flows, plan as Partial<Plan>), {
    database: database.opened,
    lockTimeoutSecs: more.lockTimeoutSecs ?? 5,
    signal: more.signal ?? new AbortController().signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
  });
  return { ...rehearsal, said };
};

/** Every row of every table of the database with its place and the transaction that wrote it, and every object. */
const everything = async (database: TestDatabase): Promise<string> => {
  const tables = await rowsOf(
    database,
    `select oid::regclass::text as name, relkind from pg_class
      where relkind in ('r', 'v', 'i', 'S') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)' order by 1`,
  );
  const lines: string[] = [];
  for (const { name, relkind } of tables) {
    lines.push(`${relkind} ${name}`);
    if (relkind !== "r") continue;
    const rows = await rowsOf(
      database,
      `select ctid::text, xmin::text, t::text as row from ${name} as t order by ctid`,
    );
    for (const { ctid, xmin, row } of rows) lines.push(`  ${ctid} ${xmin} ${row}`);
  }
  return lines.join("\n");
};

const upsertInto = (table: string, options: object = {}) =>
  stage(postgresUpsert, {
    table,
    key: ["id"],
    commit_rows: 2,
    ...options,
  });

/** Staging by COPY, then from there into a table that has some rows already. */
const pipeline = (prefix: string): FlowPlan[] => [
  flowOf({
    name: "stage",
    source: rowsSource([
      { id: "1", name: "same" },
      { id: "2", name: "new name" },
      { id: "3", name: "added" },
      { id: "4", name: "x".repeat(50) },
    ]),
    sink: stage(postgresCopy, {
      table: `${prefix}_staged`,
      mode: "replace",
      create: { columns: { id: "int", name: "text" } },
    }),
  }),
  flowOf({
    name: "merge",
    source: stage(postgres, { sql: `select * from ${prefix}_staged order by id` }),
    sink: upsertInto(`${prefix}_target`, { track: `${prefix}_track` }),
    rejects: allowing(1),
  }),
];

const prepare = (database: TestDatabase, prefix: string) =>
  execute(
    database,
    `create table ${prefix}_target (id int primary key, name varchar(20));
     insert into ${prefix}_target values (1, 'same'), (2, 'old name');`,
  );

onEachDatabase((database) => {
  describe("a rehearsal", () => {
    test("shows what each flow would do, and leaves every table as it was", async () => {
      await prepare(database(), "a");
      await run(database(), []);
      const before = await everything(database());
      const rehearsal = await rehearse(database(), pipeline("a"));
      assert.equal(messageOf(rehearsal.error), "");
      assert.equal(await everything(database()), before);
      const [staged, merged] = rehearsal.flows;
      assert.deepEqual([staged?.read, staged?.inserted], [4, 4]);
      assert.deepEqual(
        [merged?.read, merged?.inserted, merged?.updated, merged?.unchanged, merged?.rejected],
        [4, 1, 1, 1, 1],
      );
      assert.deepEqual(merged?.changed, {
        changes: { name: 1 },
        examples: [{ key: "2", label: null, column: "name", old: "old name", new: "new name" }],
      });
      assert.deepEqual(merged?.rejectedByCode, [["string_data_right_truncation", 1]]);
      assert.equal(
        merged?.rejectExamples.get("string_data_right_truncation")?.[0]?.place,
        "sql (id 4)",
      );
    });

    test("is right: the run that follows does what it said, and another one says that nothing is left", async () => {
      await prepare(database(), "b");
      const counts = ({ flows }: { flows: readonly { [name: string]: unknown }[] }) =>
        flows.map(({ name, read, inserted, updated, unchanged, rejected, changed }) => ({
          name,
          read,
          inserted,
          updated,
          unchanged,
          rejected,
          changed,
        }));
      const first = await rehearse(database(), pipeline("b"));
      const second = await rehearse(database(), pipeline("b"));
      const done = await run(database(), pipeline("b"));
      assert.equal(done.status, "done", messageOf(done.error));
      assert.deepEqual(counts(second as never), counts(first as never));
      assert.deepEqual(counts(done as never), counts(first as never));
      const after = await rehearse(database(), pipeline("b"));
      assert.deepEqual(
        [after.flows[1]?.inserted, after.flows[1]?.updated, after.flows[1]?.unchanged],
        [0, 0, 3],
      );
    });

    test("tells that a table with rows is emptied for it where others may read it, how many go, and writes no file", async () => {
      const path = join(database().folder, "out.tsv");
      const files = async () => {
        const all = await readdir(database().folder, { recursive: true });
        return all.filter((name) => !name.startsWith(join(".runner", "db"))).sort();
      };
      const flow = flowOf({
        source: rowsSource([{ id: "1" }]),
        sink: stage(file, { path, format: "tsv" }),
      });
      await prepare(database(), "c");
      const told =
        "`c_staged` is emptied and loaded for the plan: whoever reads it waits until the plan ends.";
      const { said: saidOfNone } = await rehearse(database(), pipeline("c"));
      assert.ok(!saidOfNone.includes(told), "an empty table");
      assert.equal((await run(database(), pipeline("c"))).status, "done");
      const before = await files();
      const { said } = await rehearse(database(), [...pipeline("c"), { ...flow, name: "file" }]);
      assert.equal(said.includes(told), !database().opened.isEmbedded);
      const replaced = /^`c_staged`: \d+ rows? takes? the place of the \d+ it held\.$/;
      assert.deepEqual(
        [said, saidOfNone].map((all) => all.some((one) => replaced.test(one))),
        [true, false],
      );
      assert.equal(existsSync(path), false);
      assert.deepEqual(await files(), before);
    });

    test("components know that it is one, and the next run has the next number", async () => {
      const before = await run(database(), []);
      const seen: unknown[] = [];
      const source = sourceOf(async function* ({ mode, run: { id } }: Context) {
        seen.push(mode, Number(id) < 0);
        yield batchOf([{ id: "1" }]);
      });
      const sink = stage(postgresCopy, {
        table: "d",
        mode: "replace",
        create: { columns: { id: "int" } },
      });
      await rehearse(database(), [flowOf({ source, sink })]);
      assert.deepEqual(seen, ["plan", true]);
      const after = await run(database(), []);
      assert.equal(Number(after.run), Number(before.run) + 1);
    });

    test("stops at a flow that would fail, says why, and undoes all", async () => {
      await prepare(database(), "e");
      await run(database(), []);
      const before = await everything(database());
      const bad = batchOf([{ id: "1" }]).reject(new Map([[0, new Reject("bad", "It is bad.")]]));
      const failing = flowOf({
        name: "failing",
        source: sourceOf([bad]),
        sink: upsertInto("e_target"),
      });
      const rehearsal = await rehearse(database(), [...pipeline("e"), failing]);
      assert.equal(rehearsal.status, "failed");
      assert.deepEqual(
        rehearsal.flows.map(({ name }) => name),
        ["stage", "merge"],
      );
      assert.match(
        messageOf(rehearsal.error),
        /^input\.txt:1 was rejected \(bad\): It is bad\.\nFlow `failing` stopped there, as its limit is 0; there may be more behind it\.\nMend the data/,
      );
      assert.equal(await everything(database()), before);
    });

    test("undoes all when it is aborted", async () => {
      await prepare(database(), "f");
      await run(database(), []);
      const before = await everything(database());
      const controller = new AbortController();
      const source = sourceOf(async function* () {
        yield batchOf([{ id: "9" }]);
        controller.abort();
      });
      const rehearsal = await rehearse(
        database(),
        [...pipeline("f"), flowOf({ name: "aborted", source, sink: upsertInto("f_target") })],
        { signal: controller.signal },
      );
      assert.equal(rehearsal.status, "interrupted");
      assert.equal(await everything(database()), before);
    });

    test("runs setup, and tells what of it can only be run outside a transaction", async () => {
      const path = join(database().folder, "setup.sql");
      await writeFile(
        path,
        "create table g_made (id int);\nselect 'create unique index concurrently g_index on g_made (id)'\n\\gexec\n",
      );
      // It needs the index.
      const flow = flowOf({ source: rowsSource([{ id: "1" }]), sink: upsertInto("g_made") });
      const rehearsal = await rehearse(database(), [flow], { setup: [path] });
      assert.equal(messageOf(rehearsal.error), "");
      assert.equal(rehearsal.flows[0]?.inserted, 1);
      assert.deepEqual(rehearsal.skipped, [
        "create unique index concurrently g_index on g_made (id)",
      ]);
      assert.deepEqual(rehearsal.said, [
        "An index is made for the plan, not concurrently: who writes into its table waits until the plan ends (create unique index concurrently g_index on g_made (id)).",
      ]);
      assert.deepEqual(await rowsOf(database(), "select to_regclass('g_made') as t"), [
        { t: null },
      ]);
    });

    test("refuses a setup script that commits, before it does", async () => {
      const path = join(database().folder, "commits.sql");
      await writeFile(path, "begin;\ncreate table h_made (id int);\ncommit;\n");
      const rehearsal = await rehearse(database(), [], { setup: [path] });
      assert.match(
        messageOf(rehearsal.error),
        /^The setup script \S*commits\.sql:1:1 has `begin`: a plan cannot run it, as it could not undo it\. Nothing was changed\. Without it, the runner makes one transaction of the script\.$/,
      );
      assert.deepEqual(await rowsOf(database(), "select to_regclass('h_made') as t"), [
        { t: null },
      ]);
    });

    test("reads many rows while their sink refuses some, on the one session", async () => {
      await execute(database(), "create table i (n int check (n % 9000 <> 0), t text)");
      const flow = flowOf({
        source: stage(postgres, {
          sql: "select n, repeat('x', 300) as t from generate_series(1, 40000) as n",
        }),
        sink: stage(postgresCopy, { table: "i", mode: "append" }),
        rejects: allowing(4),
      });
      const rehearsal = await rehearse(database(), [flow]);
      assert.equal(messageOf(rehearsal.error), "");
      assert.deepEqual([rehearsal.flows[0]?.inserted, rehearsal.flows[0]?.rejected], [39_996, 4]);
      assert.deepEqual(await rowsOf(database(), "select count(*)::int as n from i"), [{ n: 0 }]);
    });
  });
});

const server = process.env.TEST_DATABASE_URL;

test("on a server, a plan waits for a lock as long as it is told, and no longer", {
  skip: !server,
}, async () => {
  await using _ = await lockedTable(server ?? "", "plan_locked");
  const database = { kind: "server", url: server, folder: tmpdir() } as unknown as TestDatabase;
  const sink = stage(postgresCopy, { table: "plan_locked", mode: "replace" });
  const plan = planOf(database, [flowOf({ source: rowsSource([{ id: "1" }]), sink })], {
    name: "locked",
  });
  const { error } = await rehearsePipeline(plan, {
    lockTimeoutSecs: 1,
    signal: new AbortController().signal,
    log: { info: () => undefined, warn: () => undefined },
  });
  assert.equal(
    messageOf(error),
    "Somebody holds a lock that this needs for more than 1 s, and a plan waits no longer, as others wait for its own locks. Nothing was changed. Try again later, or give `--lock-timeout` more seconds.",
  );
});
