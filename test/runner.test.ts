import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Batch, Reject } from "../src/core/batch.ts";
import { TextColumn } from "../src/core/columns.ts";
import type { RunnerError } from "../src/core/errors.ts";
import type { Plan } from "../src/core/plan.ts";
import { openDatabase } from "../src/postgres/open.ts";
import { rehearsePipeline } from "../src/rehearsal.ts";
import { previewFlow, type RunSummary, rejectPath, runPipeline } from "../src/runner.ts";
import { postgresCopy } from "../src/sinks/postgres-copy.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "./support/database.ts";
import { codeOf, messageOf } from "./support/errors.ts";
import {
  allowing,
  batchOf,
  flowOf,
  inputNamed,
  planOf,
  rowsSource,
  run,
  sourceOf,
  stage,
} from "./support/flow.ts";
import { lockedTable } from "./support/locked-table.ts";

const into = (table: string) =>
  stage(postgresCopy, { table, mode: "replace", create: { columns: { id: "int" } } });

const script = async (database: TestDatabase, name: string, sql: string): Promise<string> => {
  const path = join(database.folder, name);
  await writeFile(path, sql);
  return path;
};

onEachDatabase((database) => {
  describe("runPipeline", () => {
    test("flows run in order, and the account of each adds up", async () => {
      const summary = await run(database(), [
        flowOf({ name: "one", source: rowsSource([{ id: "1" }]), sink: into("one") }),
        flowOf({ name: "two", source: rowsSource([{ id: "1" }, { id: "2" }]), sink: into("two") }),
      ]);
      assert.equal(summary.status, "done");
      assert.deepEqual(
        summary.flows.map(({ name, read, inserted }) => [name, read, inserted]),
        [
          ["one", 1, 1],
          ["two", 2, 2],
        ],
      );
      assert.deepEqual(
        await rowsOf(database(), `select status, error from runner.run where run = ${summary.run}`),
        [{ status: "done", error: null }],
      );
    });

    test("a flow that fails stops the run; what earlier flows committed stays", async () => {
      const summary = await run(database(), [
        flowOf({ name: "good", source: rowsSource([{ id: "1" }]), sink: into("good") }),
        flowOf({ name: "bad", source: rowsSource([{ id: "x" }]), sink: into("bad") }),
        flowOf({ name: "never", source: rowsSource([{ id: "1" }]), sink: into("never") }),
      ]);
      assert.equal(summary.status, "failed");
      assert.deepEqual(
        summary.flows.map(({ name }) => name),
        ["good"],
      );
      assert.deepEqual(await rowsOf(database(), "select id from good"), [{ id: 1 }]);
      assert.deepEqual(await rowsOf(database(), "select to_regclass('never') as never"), [
        { never: null },
      ]);
      const [state] = await rowsOf(
        database(),
        `select status, error from runner.run where run = ${summary.run}`,
      );
      assert.equal(state?.status, "failed");
      assert.match(
        String(state?.error),
        /^\S+ was rejected \(\w+\): .*\nFlow `bad` stopped there, as its limit is 0; /,
      );
    });

    test("only the flows that were asked for run; an unknown one is named with its nearest", async () => {
      const flows = [
        flowOf({ name: "first", source: rowsSource([{ id: "1" }]), sink: into("first") }),
        flowOf({ name: "second", source: rowsSource([{ id: "1" }]), sink: into("second") }),
      ];
      const options = {
        database: database().opened,
        signal: new AbortController().signal,
        log: { info: () => undefined, warn: () => undefined },
      };
      const plan = planOf(database(), flows);
      const summary = await runPipeline(plan, { ...options, flows: ["second"] });
      assert.deepEqual(
        summary.flows.map(({ name }) => name),
        ["second"],
      );
      const wrong = await runPipeline(plan, { ...options, flows: ["secnd"] });
      assert.equal(
        messageOf(wrong.error),
        "The pipeline has no flow `secnd`. Did you mean `second`?",
      );
    });

    test("setup scripts run before the flows, and their notices are told", async () => {
      const setup = await script(
        database(),
        "setup.sql",
        "create table if not exists prepared (id int primary key);\n" +
          "create table if not exists prepared (id int);\n" +
          "do $$ begin raise notice 'Column x was migrated.'; end $$;",
      );
      const flow = flowOf({ source: rowsSource([{ id: "1" }]), sink: into("prepared") });
      const summary = await run(database(), [flow], { setup: [setup] });
      assert.equal(messageOf(summary.error), "");
      assert.deepEqual(database().notices, ["Column x was migrated."]);
    });

    test("a setup script that fails is shown with line and column, and no flow runs", async () => {
      const setup = await script(database(), "broken.sql", "select 1;\ncreate tabel x (id int);\n");
      const flow = flowOf({ source: rowsSource([{ id: "1" }]), sink: into("unset") });
      const summary = await run(database(), [flow], { setup: [setup] });
      assert.match(
        messageOf(summary.error),
        /broken\.sql:2:8 failed: syntax error at or near "tabel"\. Nothing of it was kept, and no flow was run\.$/,
      );
      assert.deepEqual(await rowsOf(database(), "select to_regclass('unset') as t"), [{ t: null }]);
    });

    test("a run that lost its lease to another commits nothing", async () => {
      const source = sourceOf(async function* (context) {
        yield batchOf([{ id: "1" }]);
        await using session = await context.database.session();
        await session.query("update runner.lease set run = run + 1000 where pipeline = 'test'");
      });
      const { error } = await run(database(), [flowOf({ source, sink: into("stolen") })]);
      assert.equal(
        messageOf(error),
        "This run of pipeline `test` lost its lock to another run, so it wrote nothing more.",
      );
      assert.deepEqual(await rowsOf(database(), "select to_regclass('stolen') as t"), [
        { t: null },
      ]);
    });

    test("a run that lost its lock to another pipeline commits nothing", async () => {
      const source = sourceOf(async function* (context) {
        yield batchOf([{ id: "1" }]);
        await using session = await context.database.session();
        await session.query("update runner.lock set run = run + 1000 where name = 'shared'");
      });
      const flow = flowOf({ source, sink: into("lock_stolen") });
      const { error } = await run(database(), [flow], { lock: "shared" });
      assert.equal(codeOf(error), "lease_lost");
      assert.deepEqual(await rowsOf(database(), "select to_regclass('lock_stolen') as t"), [
        { t: null },
      ]);
    });

    test("a run that never said how it ended is marked as killed by the next", async () => {
      await run(database(), []);
      await execute(database(), "update runner.run set status = 'running' where pipeline = 'test'");
      await run(database(), []);
      const states = await rowsOf(
        database(),
        "select distinct status from runner.run where pipeline = 'test' order by 1",
      );
      assert.deepEqual(states, [{ status: "done" }, { status: "killed" }]);
    });

    test("a state that an earlier version made gets what is new, and keeps its runs", async () => {
      const { run: before } = await run(database(), []);
      await execute(
        database(),
        `comment on schema runner is null; drop table runner.replayed, runner.target;
         alter table runner.reject drop column id, drop column fields;`,
      );
      const { status, run: after } = await run(database(), []);
      assert.deepEqual([status, Number(after)], ["done", Number(before) + 1]);
      const [found] = await rowsOf(
        database(),
        `select to_regclass('runner.replayed') is not null and to_regclass('runner.target') is not null
            and (select count(*) = 2 from pg_attribute
                  where attrelid = 'runner.reject'::regclass and attname in ('id', 'fields')) as whole`,
      );
      assert.deepEqual(found, { whole: true });
    });

    test("rejects are stored as they were, whatever is in them and however many; a NUL as its picture", async () => {
      const texts = [
        '","fields":{"a":1}',
        "back\\u0000slash",
        "nul\0nul",
        "é\t\n\\N",
        "x".repeat(1000),
      ];
      const values = Array.from({ length: 4000 }, (_, row) => texts[row % texts.length] ?? "");
      const batch = Batch.from({
        columns: new Map([["id", new TextColumn(values)]]),
        size: values.length,
        input: inputNamed("odd.txt"),
        record: (row) => ({
          place: `odd.txt:${row}`,
          raw: values[row] ?? "",
          fields: () => ({ id: values[row] ?? null }),
        }),
        bytes: 1,
      });
      const refused = batch.reject(
        new Map(values.map((_, row) => [row, new Reject("odd", "Odd.")])),
      );
      const summary = await run(database(), [
        flowOf({ source: sourceOf([refused]), sink: into("odd"), rejects: allowing(4000) }),
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      const stored = await rowsOf(
        database(),
        `select count(*)::int as n, count(distinct place)::int as places, record, fields->>'id' as id
           from runner.reject where run = ${summary.run} group by 3, 4 order by min(split_part(place, ':', 2)::int)`,
      );
      const expected = texts.map((text) => text.replaceAll("\0", "\u2400"));
      assert.deepEqual(
        stored,
        expected.map((text) => ({ n: 800, places: 800, record: text, id: text })),
      );
    });

    test("the rejects of a run are in a file of its database, whoever connects", () => {
      const plan = planOf(database(), []);
      const path = (label: string, isEmbedded = false) =>
        rejectPath(plan, { label, isEmbedded }, "7").slice(database().folder.length);
      assert.equal(
        path("postgresql://me@db.example.org:5433/gn2"),
        "/.runner/rejects/db.example.org-5433-gn2/test-7.ndjson",
      );
      assert.equal(
        path("postgresql://you@(/var/run/postgresql):5432/gn2"),
        "/.runner/rejects/var-run-postgresql-5432-gn2/test-7.ndjson",
      );
      assert.equal(
        path("embedded database p/.runner/db", true),
        "/.runner/rejects/embedded/test-7.ndjson",
      );
    });

    test("a schema `runner` of an earlier version gets the newer counts and keeps the old ones", async () => {
      const earlier = await run(database(), [
        flowOf({ name: "old", source: rowsSource([{ id: "1" }]), sink: into("earlier") }),
      ]);
      await execute(
        database(),
        `alter table runner.flow drop column adopted, drop column rekeyed, drop column vanished, drop column staged;
         drop table runner.finding; comment on schema runner is null;`,
      );
      const { status, error } = await run(database(), [
        flowOf({ name: "new", source: rowsSource([{ id: "1" }]), sink: into("earlier") }),
      ]);
      assert.equal(status, "done", messageOf(error));
      assert.deepEqual(
        await rowsOf(
          database(),
          `select flow, inserted::int, adopted::int, rekeyed::int, vanished::int from runner.flow where run >= ${earlier.run} order by run`,
        ),
        [
          { flow: "old", inserted: 1, adopted: 0, rekeyed: 0, vanished: 0 },
          { flow: "new", inserted: 1, adopted: 0, rekeyed: 0, vanished: 0 },
        ],
      );
      assert.deepEqual(await rowsOf(database(), "select * from runner.finding"), []);
    });

    test("a preview gives the batches after the transforms and opens no database", async () => {
      const plan = planOf(database(), [
        flowOf({ source: rowsSource([{ id: "1" }]), sink: into("p") }),
      ]);
      const log = { info: () => undefined, warn: () => undefined };
      const signal = new AbortController().signal;
      const [batch] = await Array.fromAsync(
        previewFlow(plan, {
          flow: "flow",
          signal,
          log,
          database: "postgresql://nowhere.invalid/x",
        }),
      );
      assert.equal(batch?.column("id").text(0), "1");
    });
  });
});

const server = process.env.TEST_DATABASE_URL;

describe("on a server only", { skip: server ? false : "TEST_DATABASE_URL names no server" }, () => {
  const log = { info: () => undefined, warn: () => undefined };
  const planOn = async (
    flows: Parameters<typeof planOf>[1],
    url = server ?? "",
    more: Partial<Plan> = {},
  ) => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    const database = { kind: "server", url, folder } as unknown as TestDatabase;
    const plan = planOf(database, flows, {
      name: `p${Math.random().toString(36).slice(2)}`,
      ...more,
    });
    return { plan, remove: () => rm(folder, { recursive: true }) };
  };

  test("a second run of a pipeline refuses while the first is alive, and says who holds it", async () => {
    const controller = new AbortController();
    let started = () => {};
    const isStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const source = sourceOf(async function* (context) {
      yield batchOf([{ id: "1" }]);
      started();
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    });
    const { plan, remove } = await planOn([flowOf({ source, sink: into("busy") })]);
    const first = runPipeline(plan, { signal: controller.signal, log });
    await isStarted;
    const second = await runPipeline(plan, { signal: new AbortController().signal, log });
    controller.abort();
    assert.equal((await first).status, "interrupted");
    assert.match(
      messageOf(second.error),
      /^Pipeline `p\w+` is being run already, by process \d+ on \S+, run \d+, since \d{4}-\d\d-\d\d [\d:]{8}\. Two runs at once would undo each other: wait for it to end\.$/,
    );
    await remove();
  });

  test("pipelines with the same lock never run at the same time, nor does a plan of one", async () => {
    const controller = new AbortController();
    let started = () => {};
    const isStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const waiting = sourceOf(async function* (context) {
      yield batchOf([{ id: "1" }]);
      started();
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    });
    const make = async (name: string, lock: string | undefined, source = rowsSource([])) => {
      const sink = into(`lock_${name}`);
      return planOn([flowOf({ source, sink })], server, { name, lock });
    };
    const one = await make("lock_one", "staging", waiting);
    const two = await make("lock_two", "staging", rowsSource([{ id: "1" }]));
    const three = await make("lock_three", "other", rowsSource([{ id: "1" }]));
    const options = { signal: new AbortController().signal, log };
    const first = runPipeline(one.plan, { signal: controller.signal, log });
    await isStarted;
    const refused = await runPipeline(two.plan, options);
    const planned = await rehearsePipeline(two.plan, { ...options, lockTimeoutSecs: 5 });
    const free = await runPipeline(three.plan, options);
    controller.abort();
    assert.equal((await first).status, "interrupted");
    const message =
      /^The lock `staging` is held by pipeline `lock_one`, process \d+ on \S+, run \d+, since \d{4}-\d\d-\d\d [\d:]{8}\. Pipelines with the same `lock` never run at the same time: wait for it to end\.$/;
    assert.match(messageOf(refused.error), message);
    assert.match(messageOf(planned.error), message);
    assert.equal(messageOf(free.error), "");
    const after = await runPipeline(two.plan, options);
    assert.equal(messageOf(after.error), "");
    await Promise.all([one.remove(), two.remove(), three.remove()]);
  });

  test("a run that finds a plan of its pipeline going on is told so", async () => {
    let second: Promise<RunSummary> | undefined;
    const source = sourceOf(async function* () {
      yield batchOf([{ id: "1" }]);
      second = runPipeline(plan, { signal: new AbortController().signal, log });
      await second;
    });
    const { plan, remove } = await planOn([flowOf({ source, sink: into("planned") })]);
    // The schema of the state must be there: one that is made in the plan, nobody else sees.
    await runPipeline({ ...plan, flows: [] }, { signal: new AbortController().signal, log });
    await rehearsePipeline(plan, { signal: new AbortController().signal, log, lockTimeoutSecs: 5 });
    assert.match(
      messageOf((await second)?.error),
      /is being run already, by another process, perhaps a plan\. Two runs/,
    );
    await remove();
  });

  test("a server that goes away in the middle ends the run with nothing committed", async () => {
    const source = sourceOf(async function* (context) {
      yield batchOf([{ id: "1" }]);
      await using session = await context.database.session();
      await session.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name = 'runner' and datname = current_database()",
      );
    });
    const { plan, remove } = await planOn([flowOf({ source, sink: into("gone") })]);
    const summary = await runPipeline(plan, { signal: new AbortController().signal, log });
    assert.equal(codeOf(summary.error), "connection_lost");
    assert.match(
      messageOf(summary.error),
      /^The connection to postgresql:\/\/\S+ was lost \(.*\)\. What was not committed is undone; run again when the server is back\.$/,
    );
    await remove();
  });

  test("an interrupted run does not wait for a lock that somebody else holds", async () => {
    await using locked = await lockedTable(server ?? "", "locked");
    const controller = new AbortController();
    const { plan, remove } = await planOn([
      flowOf({ source: rowsSource([{ id: "1" }]), sink: into("locked") }),
    ]);
    setTimeout(() => controller.abort("SIGINT"), 300);
    const summary = await runPipeline(plan, { signal: controller.signal, log });
    assert.equal(summary.status, "interrupted");
    const { rows } = await locked.session.query(
      "select status, error from runner.run where run = $1",
      [summary.run],
    );
    // Not what PostgreSQL says of a statement that was cancelled.
    assert.deepEqual(rows, [{ status: "interrupted", error: "Stopped by SIGINT." }]);
    await remove();
  });

  test("no server, a wrong password and an unknown database are told apart, without the password", async () => {
    const messages: string[] = [];
    const unknown = new URL(server ?? "");
    unknown.pathname = "/no_such_database";
    for (const url of ["postgresql://anne:s3cret@127.0.0.1:1/x", unknown.href]) {
      const { plan, remove } = await planOn([], url);
      const summary = await runPipeline(plan, { signal: new AbortController().signal, log });
      assert.equal((summary.error as RunnerError).exitCode, 3);
      messages.push(messageOf(summary.error));
      await remove();
    }
    assert.equal(
      messages[0],
      "There is no connection to postgresql://anne@127.0.0.1:1/x: connect ECONNREFUSED 127.0.0.1:1. Is the server running, and does it listen on that host and port?",
    );
    assert.match(
      messages[1] ?? "",
      /^There is no connection to \S+\/no_such_database: database "no_such_database" does not exist\. Create it first, for instance with `createdb`\.$/,
    );
  });
});

test("a database that is no URL is refused and told without its password", async () => {
  await assert.rejects(
    openDatabase("mysql://anne:s3cret@host/x", {
      signal: new AbortController().signal,
      embeddedFolder: "",
      onNotice: () => undefined,
    }),
    {
      code: "bad_database_url",
      message:
        '`database` must be `embedded` or a URL such as `postgresql://user@host:5432/geonature`, and is "mysql://anne:***@host/x".',
    },
  );
});
