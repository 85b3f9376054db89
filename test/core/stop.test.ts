import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stopAtCommit } from "../../src/core/stop.ts";
import { postgresCopy } from "../../src/sinks/postgres-copy.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { onEachDatabase, rowsOf } from "../support/database.ts";
import { batchOf, flowOf, inputNamed, rowsSource, run, sourceOf, stage } from "../support/flow.ts";

const intoOptions = (table: string) => ({
  table,
  key: ["id"],
  commit_rows: 1,
  parallel: 1,
  create: { columns: { id: "int" }, primary_key: ["id"] },
});

const into = (table: string) => stage(postgresUpsert, intoOptions(table));

/** Each of these batches is a transaction of its own; `at` is called before the batch of that number. */
const metered = (batches: number, at: (batch: number) => void) =>
  sourceOf(async function* () {
    for (let batch = 1; batch <= batches; batch++) {
      at(batch);
      yield batchOf([{ id: String(batch) }], batch, { ...inputNamed("api"), isMetered: true });
    }
  });

const listener = () => {
  const said: string[] = [];
  return { said, warn: (text: string) => said.push(text) };
};

describe("a wish to stop", () => {
  test("waits while records are read that are not committed, and for no longer", () => {
    const soon = new AbortController();
    const flow = { flow: "load", hasUncommitted: true, isDone: false };
    const { said, ...log } = listener();
    const stop = stopAtCommit({ signal: new AbortController().signal, soon: soon.signal, log });
    stop.begin(flow);
    soon.abort("SIGINT");
    assert.equal(stop.signal.aborted, false);
    assert.deepEqual(said, [
      "Stopping with the next commit of flow `load`, which keeps what is loaded by then. Ctrl-C again stops now, and undoes what is not committed.",
    ]);
    stop.committed();
    assert.equal(stop.signal.reason, "SIGINT");
  });

  test("is granted at once while nothing is held, such as while a service is waited for", () => {
    const soon = new AbortController();
    const { said, ...log } = listener();
    const stop = stopAtCommit({ signal: new AbortController().signal, soon: soon.signal, log });
    stop.begin({ flow: "load", hasUncommitted: false, isDone: false });
    soon.abort("SIGINT");
    assert.equal(stop.signal.aborted, true);
    assert.deepEqual(said, ["Stopping at once: nothing was read that is not committed."]);
  });
});

onEachDatabase((database) => {
  test("a wish to stop ends a long transaction after the chunk that is being merged, which is kept", async () => {
    const soon = new AbortController();
    const name = "x".repeat(1000);
    // All would be one commit; chunks are of some thousand rows.
    const source = sourceOf(async function* () {
      for (let batch = 1; batch <= 20; batch++) {
        if (batch === 4) soon.abort("SIGINT");
        const rows = Array.from({ length: 1000 }, (_, row) => ({
          id: String(batch * 1000 + row),
          name,
        }));
        yield batchOf(rows, batch);
      }
    });
    const sink = stage(postgresUpsert, {
      ...intoOptions("stop_chunk"),
      commit_rows: 50_000,
      create: { columns: { id: "int", name: "text" }, primary_key: ["id"] },
    });
    const stopped = await run(database(), [flowOf({ name: "load", source, sink })], {
      soon: soon.signal,
    });
    assert.equal(stopped.status, "interrupted");
    const [kept] = await rowsOf(database(), "select count(*)::int as rows from stop_chunk");
    assert.ok(Number(kept?.rows) > 0, "a part is kept");
    assert.ok(Number(kept?.rows) < 20_000, "and it is not all");
    assert.equal(stopped.part?.read, kept?.rows);
  });

  test("a run that is asked to stop keeps what the next commit brings, and a rerun goes on", async () => {
    const soon = new AbortController();
    const source = (at: (batch: number) => void) => [
      flowOf({ name: "before", source: rowsSource([{ id: "1" }]), sink: into("stop_before") }),
      flowOf({ name: "load", source: metered(5, at), sink: into("stopped") }),
    ];
    const stopped = await run(
      database(),
      source((batch) => batch === 3 && soon.abort("SIGINT")),
      { soon: soon.signal },
    );
    assert.equal(stopped.status, "interrupted");
    assert.deepEqual(
      stopped.flows.map(({ name }) => name),
      ["before"],
    );
    const kept = await rowsOf(database(), "select id from stopped order by id");
    assert.ok(kept.length >= 2 && kept.length < 5, `${kept.length} rows`);
    assert.deepEqual([stopped.part?.name, stopped.part?.inserted], ["load", kept.length]);
    const rerun = await run(
      database(),
      source(() => undefined),
    );
    assert.deepEqual(
      rerun.flows.map(({ inserted, unchanged }) => [inserted, unchanged]),
      [
        [0, 1],
        [5 - kept.length, kept.length],
      ],
    );
  });

  test("a run that is asked to stop in its last flow's only transaction gets done", async () => {
    const soon = new AbortController();
    const source = sourceOf(async function* () {
      yield batchOf([{ id: "1" }]);
      soon.abort("SIGINT");
      yield batchOf([{ id: "2" }]);
    });
    const { status } = await run(database(), [flowOf({ source, sink: into("stop_last") })], {
      soon: soon.signal,
    });
    assert.equal(status, "done");
    assert.equal((await rowsOf(database(), "select id from stop_last")).length, 2);
  });

  test("whoever asks to stop a table that is loaded as a whole is told that there is no commit before its end, and nothing else", async () => {
    const soon = new AbortController();
    const source = sourceOf(async function* () {
      for (let batch = 1; batch <= 20; batch++) {
        if (batch === 15) soon.abort("SIGINT");
        yield batchOf([{ id: String(batch), name: "x".repeat(1_000_000) }], batch);
      }
    });
    const options = { table: "stop_whole", mode: "replace", may_be_empty: false } as const;
    const create = { columns: { id: "int", name: "text" } };
    const sink = stage(postgresCopy, { ...options, create });
    const { status, said } = await run(database(), [flowOf({ source, sink })], {
      soon: soon.signal,
    });
    assert.equal(status, "done");
    assert.deepEqual(
      said.filter((text) => text.includes("Ctrl-C")),
      [
        "`stop_whole` is loaded as a whole: it is kept if it gets to its end, which may take a while. Ctrl-C again stops now and leaves the old rows.",
      ],
    );
  });

  test("a run that is asked to stop begins no other flow", async () => {
    const soon = new AbortController();
    const source = sourceOf(async function* () {
      yield batchOf([{ id: "1" }]);
      soon.abort("SIGINT");
    });
    const { status, flows } = await run(
      database(),
      [
        flowOf({ name: "one", source, sink: into("stop_one") }),
        flowOf({ name: "two", source: rowsSource([{ id: "1" }]), sink: into("stop_two") }),
      ],
      { soon: soon.signal },
    );
    assert.deepEqual([status, flows.length], ["interrupted", 1]);
    assert.deepEqual(await rowsOf(database(), "select to_regclass('stop_two') as t"), [
      { t: null },
    ]);
  });
});
