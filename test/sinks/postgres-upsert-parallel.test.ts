import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Batch } from "../../src/core/batch.ts";
import { Reject } from "../../src/core/batch.ts";
import { routeByHash } from "../../src/postgres/merge/route.ts";
import type { MergeShape } from "../../src/postgres/merge/shape.ts";
import { rehearsePipeline } from "../../src/rehearsal.ts";
import { runPipeline } from "../../src/runner.ts";
import { postgresUpsert } from "../../src/sinks/postgres-upsert.ts";
import { execute, onEachDatabase, rowsOf, type TestDatabase } from "../support/database.ts";
import { codeOf, messageOf } from "../support/errors.ts";
import {
  allowing,
  batchOf,
  flowOf,
  inputNamed,
  planOf,
  run,
  sourceOf,
  stage,
} from "../support/flow.ts";
import { randomFrom } from "../support/random.ts";

type Row = Readonly<Record<string, string | null>>;

const sinkOf = (table: string, options: Record<string, unknown>) =>
  stage(postgresUpsert, {
    table,
    key: ["id"],
    track: `${table}_track`,
    parallel: 2,
    ...options,
  });

const PER_BATCH = 500;

/** Rows in batches; `refuse` sets some aside as a transform does. */
const batchesOf = (rows: readonly Row[], refuse?: (row: Row) => boolean): Batch[] =>
  Array.from({ length: Math.ceil(rows.length / PER_BATCH) }, (_, index) => {
    const part = rows.slice(index * PER_BATCH, (index + 1) * PER_BATCH);
    const batch = batchOf(part, index * PER_BATCH + 1);
    const refused = part.flatMap((row, n) => (refuse?.(row) ? [n] : []));
    return batch.reject(new Map(refused.map((n) => [n, new Reject("no_good", "No good.")])));
  });

/** Which of two sessions a key goes to. */
const laneOf = (id: string): number => {
  const shape = { key: [{ name: "id" }], unique: undefined, derived: [] } as unknown as MergeShape;
  return routeByHash(shape, 2)(batchOf([{ id }]))(0);
};

/** Numbers as text whose rows go to this session. */
const idsOf = (lane: number, many: number): string[] =>
  Array.from({ length: 20 * many }, (_, id) => String(id))
    .filter((id) => laneOf(id) === lane)
    .slice(0, many);

onEachDatabase((database) => {
  const onServer = () => database().kind === "server";
  const merge = async (
    table: string,
    batches: readonly Batch[],
    { rejects = 0, ...options }: { rejects?: number } & Record<string, unknown> = {},
  ) => {
    const flow = flowOf({
      source: sourceOf(batches),
      sink: sinkOf(table, options),
      rejects: allowing(rejects),
    });
    const summary = await run(database(), [flow]);
    const [done] = summary.flows;
    const counts = [done?.inserted, done?.updated, done?.unchanged, done?.rejected];
    return { ...summary, counts };
  };
  const all = (sql: string) => rowsOf(database(), sql);
  const accountOf = async ({ run: id }: { run: string | undefined }) => {
    const [flow] = await all(
      `select read::int, inserted::int, updated::int, unchanged::int, held::int, rejected::int, filtered::int
         from runner.flow where run = ${id}`,
    );
    return flow as Record<string, number> | undefined;
  };
  const rejectsOf = ({ run: id }: { run: string | undefined }) =>
    all(`select code, message, place from runner.reject where run = ${id} order by place, code`);

  describe("postgres_upsert with several sessions", () => {
    test("merges, counts and rejects as one session does", async () => {
      const random = randomFrom(5);
      const rows = (step: number): Row[] =>
        Array.from({ length: 12_000 }, (_, n) => ({
          id: String(n % 11_950),
          n: random(40) === 0 ? `not a number ${n}` : String((n % 7) + (n % 5 === 0 ? step : 0)),
          filling: n % 997 === 0 ? "refuse" : "x".repeat(250),
        }));
      const steps = [rows(0), rows(1), rows(1)];
      const results: unknown[] = [];
      for (const parallel of [1, 3]) {
        const table = "same";
        await execute(
          database(),
          `drop table if exists same, same_track; create table same (id int primary key, n int check (n < 7), filling text)`,
        );
        const told: unknown[] = [];
        for (const step of steps) {
          const batches = batchesOf(step, ({ filling }) => filling === "refuse");
          const summary = await merge(table, batches, { rejects: 12_000, parallel });
          assert.equal(summary.status, "done", messageOf(summary.error));
          told.push(summary.counts, await accountOf(summary), await rejectsOf(summary));
          told.push(summary.flows[0]?.changed.changes);
        }
        const rowsAndTrack = await all(
          "select concat_ws(' ', same.*::text, hash) as row from same full join same_track using (id) order by id",
        );
        results.push([told, rowsAndTrack.map(({ row }) => row)]);
      }
      assert.deepEqual(results[1], results[0]);
      const commits = await all("select distinct xmin::text from same");
      assert.ok(commits.length > 1);
    });

    test("keeps the order of the rows inside each session", async (t) => {
      if (!onServer()) return t.skip("one session");
      await execute(
        database(),
        "create table ordered (id int primary key, filling text, nr int generated always as identity)",
      );
      const rows = Array.from({ length: 6000 }, (_, n) => ({
        id: String(n),
        filling: "x".repeat(300),
      }));
      assert.deepEqual((await merge("ordered", batchesOf(rows))).counts, [6000, 0, 0, 0]);
      const found = (await all("select id::text from ordered order by nr")) as { id: string }[];
      for (const lane of [0, 1]) {
        const own = found.map(({ id }) => Number(id)).filter((id) => laneOf(String(id)) === lane);
        assert.ok(own.length > 2500, `${own.length}`);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      }
    });

    test("a deadlock between them is got over, and told", async (t) => {
      if (!onServer()) return t.skip("one session");
      const [a = "", b = ""] = [idsOf(0, 1)[0], idsOf(1, 1)[0]];
      await execute(
        database(),
        `create table embrace (id int primary key, n text);
         create function embrace() returns trigger language plpgsql as $$
           begin
             perform pg_advisory_xact_lock(77, case when new.id = ${a} then 1 else 2 end);
             perform pg_sleep(0.3);
             perform pg_advisory_xact_lock(77, case when new.id = ${a} then 2 else 1 end);
             return new;
           end $$;
         create trigger embrace before insert on embrace for each row execute function embrace();`,
      );
      const summary = await merge("embrace", [
        batchOf([
          { id: a, n: "a" },
          { id: b, n: "b" },
        ]),
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [2, 0, 0, 0]);
      assert.deepEqual(summary.said, [
        "A part of `embrace` had to be merged again: other sessions held the same rows (deadlock).",
      ]);
      assert.deepEqual(await accountOf(summary), {
        ...{ read: 2, inserted: 2, updated: 0, unchanged: 0, held: 0, rejected: 0, filtered: 0 },
      });
    });

    test("a deadlock of one session with somebody else's is got over, too, and what it merged before stays", async (t) => {
      if (!onServer()) return t.skip("one connection");
      await execute(
        database(),
        `create table embraced (id int primary key, n text);
         create sequence embraces;
         create function embraced() returns trigger language plpgsql as $$
           begin
             if new.id = 999 and nextval('embraces') = 1 then
               perform pg_advisory_xact_lock(78, 1);
               while not exists (select from pg_locks where locktype = 'advisory' and classid = 78 and objid = 1 and not granted) loop
                 perform pg_sleep(0.01);
               end loop;
               perform pg_advisory_xact_lock(78, 2);
             end if;
             return new;
           end $$;
         create trigger embraced before insert on embraced for each row execute function embraced();`,
      );
      await using other = await database().opened.session();
      await other.begin();
      // It waits for longer than the run does before it looks for a deadlock: the run is what is undone.
      await other.query("set local deadlock_timeout = '10min'");
      await other.query("select pg_advisory_xact_lock(78, 2)");
      const embrace = async () => {
        for (;;) {
          const [held] = await all(
            "select count(*)::int as n from pg_locks where locktype = 'advisory' and classid = 78 and objid = 1",
          );
          if (held?.n === 1) break;
        }
        await other.query("select pg_advisory_xact_lock(78, 1)");
        await other.commit();
      };
      const rows = Array.from({ length: 1000 }, (_, id) => ({
        id: String(id),
        n: "x".repeat(2000),
      }));
      const [summary] = await Promise.all([
        merge("embraced", batchesOf(rows), { parallel: 1 }),
        embrace(),
      ]);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [1000, 0, 0, 0]);
      assert.deepEqual(summary.said, [
        "A part of `embraced` had to be merged again: other sessions held the same rows (deadlock).",
      ]);
      assert.deepEqual(await all("select count(*)::int as n from embraced"), [{ n: 1000 }]);
      assert.equal((await accountOf(summary))?.inserted, 1000);
    });

    test("a trigger that makes them meet again and again costs time, and no count is lost", async (t) => {
      if (!onServer()) return t.skip("one session");
      await execute(
        database(),
        `create table counted (id int primary key, filling text);
         create table counter (c int primary key, n int);
         insert into counter select c, 0 from generate_series(0, 6) as c;
         create function counted() returns trigger language plpgsql as $$
           begin
             update counter set n = n + 1 where c = new.id % 7;
             return new;
           end $$;
         create trigger counted before insert on counted for each row execute function counted();`,
      );
      // Each session begins with other counters.
      const order = [...idsOf(0, 3500), ...idsOf(1, 3500).toReversed()];
      const rows = order.map((id) => ({ id, filling: "x".repeat(300) }));
      const summary = await merge("counted", batchesOf(rows));
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [7000, 0, 0, 0]);
      const [sum] = await all("select sum(n)::int as n from counter");
      assert.equal(sum?.n, 7000);
    });

    test("a part that fails again and again ends the run, and its rows are not written", async (t) => {
      if (!onServer()) return t.skip("one session");
      const [a = "", b = ""] = [idsOf(0, 1)[0], idsOf(1, 1)[0]];
      await execute(
        database(),
        `create table hopeless (id int primary key, n text);
         create function hopeless() returns trigger language plpgsql as $$
           begin
             if new.id = ${a} then raise exception 'not now' using errcode = '40001'; end if;
             return new;
           end $$;
         create trigger hopeless before insert on hopeless for each row execute function hopeless();`,
      );
      const summary = await merge("hopeless", [
        batchOf([
          { id: a, n: "a" },
          { id: b, n: "b" },
        ]),
      ]);
      assert.equal(summary.status, "failed");
      assert.equal(
        messageOf(summary.error),
        "PostgreSQL undid the same part of `hopeless` 6 times, as other sessions were in its way: not now. What was committed before stays, this part was not written. Run again when nobody else writes to the table; of several sessions, `parallel: 1` makes one.",
      );
      assert.deepEqual(await all("select id::text from hopeless"), [{ id: b }]);
      assert.equal((await accountOf(summary))?.inserted, 1);
    });

    test("when one session fails, the others commit nothing more, and what they did before has its account", async (t) => {
      if (!onServer()) return t.skip("one session");
      const broken = idsOf(0, 3000).at(-1) ?? "";
      await execute(
        database(),
        `create table half (id int primary key, filling text);
         create function half() returns trigger language plpgsql as $$
           begin
             if new.id = ${broken} then raise exception 'disk full' using errcode = '53100'; end if;
             return new;
           end $$;
         create trigger half before insert on half for each row execute function half();`,
      );
      const rows = Array.from({ length: 20_000 }, (_, n) => ({
        id: String(n),
        filling: "x".repeat(200),
      }));
      const summary = await merge("half", batchesOf(rows));
      assert.deepEqual([summary.status, codeOf(summary.error)], ["failed", "statement_failed"]);
      const [there] = await all("select count(*)::int as n from half");
      const account = await accountOf(summary);
      assert.ok(Number(there?.n) > 0 && Number(there?.n) < 20_000, `${there?.n}`);
      assert.deepEqual([account?.inserted, account?.read], [there?.n, there?.n]);
      const [tracked] = await all("select count(*)::int as n from half_track");
      assert.equal(tracked?.n, there?.n);
      await execute(database(), "drop trigger half on half");
      const again = await merge("half", batchesOf(rows));
      assert.deepEqual(again.counts, [20_000 - Number(there?.n), 0, there?.n, 0]);
    });

    test("when the connection of one is cut, the run says so and its account is right", async (t) => {
      if (!onServer()) return t.skip("one session");
      const broken = idsOf(1, 3000).at(-1) ?? "";
      await execute(
        database(),
        `create table severed (id int primary key, filling text);
         create function severed() returns trigger language plpgsql as $$
           begin
             if new.id = ${broken} then perform pg_terminate_backend(pg_backend_pid()); end if;
             return new;
           end $$;
         create trigger severed before insert on severed for each row execute function severed();`,
      );
      const rows = Array.from({ length: 20_000 }, (_, n) => ({
        id: String(n),
        filling: "x".repeat(200),
      }));
      const summary = await merge("severed", batchesOf(rows));
      assert.deepEqual([summary.status, codeOf(summary.error)], ["failed", "connection_lost"]);
      const [there] = await all("select count(*)::int as n from severed");
      assert.ok(Number(there?.n) > 0 && Number(there?.n) < 20_000, `${there?.n}`);
      assert.equal((await accountOf(summary))?.inserted, there?.n);
    });

    test("a source that fails ends all with its own error", async (t) => {
      if (!onServer()) return t.skip("one session");
      await execute(database(), "create table cut (id int primary key)");
      const flow = flowOf({
        source: sourceOf(async function* () {
          yield* batchesOf(Array.from({ length: 2000 }, (_, n) => ({ id: String(n) })));
          throw new Error("the line went dead");
        }),
        sink: sinkOf("cut", {}),
      });
      const summary = await run(database(), [flow]);
      assert.equal(messageOf(summary.error), "the line went dead");
      const [there] = await all("select count(*)::int as n from cut");
      assert.equal(there?.n, (await accountOf(summary))?.read ?? 0);
    });

    test("one that is interrupted undoes what is not committed, and ends at once", async (t) => {
      if (!onServer()) return t.skip("one session");
      await execute(
        database(),
        `create table slow (id int primary key);
         create function slow() returns trigger language plpgsql as $$
           begin perform pg_sleep(30); return null; end $$;
         create trigger slow after insert on slow execute function slow();`,
      );
      const controller = new AbortController();
      const started = performance.now();
      setTimeout(() => controller.abort(), 400);
      const flow = flowOf({
        source: sourceOf(batchesOf(Array.from({ length: 2000 }, (_, n) => ({ id: String(n) })))),
        sink: sinkOf("slow", {}),
      });
      const summary = await interrupted(database(), flow, controller.signal);
      assert.equal(summary.status, "interrupted");
      assert.ok(performance.now() - started < 10_000);
      assert.deepEqual(await all("select * from slow"), []);
    });

    test("keys that are one to PostgreSQL count once, though their texts go different ways", async () => {
      await execute(database(), "create table spelled (id int primary key, n text)");
      const ids = idsOf(0, 40).filter((id) => laneOf(`0${id}`) === 1);
      assert.ok(ids.length > 5);
      const rows = ids.flatMap((id) => [
        { id, n: "plain" },
        { id: `0${id}`, n: "zero" },
      ]);
      for (const expected of [
        [ids.length, 0],
        [0, 0],
      ]) {
        const summary = await merge("spelled", [batchOf(rows)], { rejects: rows.length });
        assert.equal(summary.status, "done", messageOf(summary.error));
        const { inserted, rejected } = summary.flows[0] ?? {};
        assert.deepEqual([inserted, rejected], [expected[0], ids.length]);
        const codes = new Set((await rejectsOf(summary)).map(({ code }) => code));
        assert.deepEqual([...codes], ["duplicate_key"]);
      }
      const [there] = await all("select count(*)::int as n from spelled");
      assert.equal(there?.n, ids.length);
    });

    test("a new key of a row goes where the row's unique value goes; the same value twice is set aside", async () => {
      await execute(
        database(),
        `create table moved (source int, pk text, uuid text unique, n text, primary key (source, pk));
         insert into moved select 5, 'old' || i, 'u' || i, 'n' from generate_series(1, 200) as i;
         insert into moved select 1, 'x' || i, 'v' || i, 'n' from generate_series(1, 20) as i;`,
      );
      const options = {
        key: ["source", "pk"],
        unique: { column: "uuid", owner: ["source"], code: "uuid_other_source" },
        rejects: 40,
      };
      const one = (pk: string, uuid: string) => ({ source: "5", pk, uuid, n: "n" });
      const numbers = (to: number) => Array.from({ length: to }, (_, index) => index + 1);
      const rows = [
        ...numbers(180).map((i) => one(`new${i}`, `u${i}`)),
        ...numbers(20).map((i) => one(`old${i + 180}`, `u${i + 180}`)),
        ...numbers(20).map((i) => one(`other${i}`, `v${i}`)),
        ...numbers(20).map((i) => one(`twice${i}`, `u${i}`)),
      ];
      const summary = await merge("moved", [batchOf(rows)], options);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual(summary.counts, [0, 180, 20, 40]);
      const codes = (await rejectsOf(summary)).map(({ code }) => code).sort();
      assert.deepEqual(codes, [
        ...Array(20).fill("duplicate_unique"),
        ...Array(20).fill("uuid_other_source"),
      ]);
      const [there] = await all(
        "select count(*) filter (where pk like 'new%')::int as moved, count(*)::int as n from moved",
      );
      assert.deepEqual(there, { moved: 180, n: 220 });
      const again = await merge("moved", [batchOf(rows)], options);
      assert.deepEqual(again.counts, [0, 0, 200, 40]);
    });

    test("rows of another origin are each adopted once, by whichever session has the record", async () => {
      await execute(
        database(),
        `create table adopting (nr int generated always as identity primary key, source int, pk text, set int, uuid text unique, n text,
           unique (source, pk));
         insert into adopting (source, pk, set, uuid, n)
         select 1, 'hand' || i, 1, 'h' || i, 'old' from generate_series(1, 300) as i;`,
      );
      const rows = Array.from({ length: 600 }, (_, i) => ({
        ...{ source: "5", pk: String(i + 1), set: "1", n: "new" },
        uuid: i < 300 ? `h${i + 1}` : `u${i + 1}`,
      }));
      const options = {
        key: ["source", "pk"],
        insert_only: ["uuid"],
        unique: { column: "uuid", owner: ["source"], code: "uuid_other_source" },
        adopt: {
          action: "apply",
          where: "source <> 5",
          within: ["set"],
          match: [{ row: "uuid", record: "uuid" }],
        },
      };
      const summary = await merge("adopting", [batchOf(rows)], options);
      assert.equal(summary.status, "done", messageOf(summary.error));
      assert.deepEqual([...summary.counts, summary.flows[0]?.adopted], [300, 300, 0, 0, 300]);
      const [there] = await all(
        "select count(*)::int as n, count(*) filter (where source = 5 and n = 'new')::int as own from adopting",
      );
      assert.deepEqual(there, { n: 600, own: 600 });
      const again = await merge("adopting", [batchOf(rows)], options);
      assert.deepEqual(again.counts, [0, 0, 600, 0]);
    });

    test("is one session where there can be no more, and says so", async () => {
      await execute(database(), "create table alone (id int primary key)");
      const metered = { ...inputNamed("service"), isMetered: true };
      const parallel = (reason: string, table = "alone") =>
        `\`parallel: 2\` of \`${table}\` is 1 here: ${reason}.`;
      const said = async (table: string, batch: Batch, options = {}) => {
        const summary = await merge(table, [batch], options);
        assert.equal(summary.status, "done", messageOf(summary.error));
        return summary.said;
      };
      const embedded = [parallel("the embedded database has one connection")];
      const onEmbedded = (reason: string) => (onServer() ? [reason] : embedded);
      assert.deepEqual(await said("alone", batchOf([{ id: "1" }])), onServer() ? [] : embedded);
      assert.deepEqual(
        await said("alone", batchOf([{ id: "1" }], 1, metered)),
        onEmbedded(parallel("each batch of this source is stored before the next")),
      );
      const create = { columns: { id: "int" }, primary_key: ["id"] };
      const making = "the table is made with its first rows, in one transaction";
      assert.deepEqual(
        await said("alone_made", batchOf([{ id: "1" }]), { create }),
        onServer()
          ? [parallel(making, "alone_made")]
          : [parallel("the embedded database has one connection", "alone_made")],
      );
      const planned: string[] = [];
      const flow = flowOf({
        source: sourceOf([batchOf([{ id: "2" }])]),
        sink: sinkOf("alone", {}),
      });
      const rehearsal = await rehearsePipeline(planOf(database(), [flow]), {
        database: database().opened,
        lockTimeoutSecs: 5,
        signal: new AbortController().signal,
        log: { info: (text) => planned.push(text), warn: (text) => planned.push(text) },
      });
      assert.equal(rehearsal.flows[0]?.inserted, 1, messageOf(rehearsal.error));
      assert.deepEqual(planned, [parallel("a plan is one transaction, which is undone")]);
      assert.deepEqual(await all("select id from alone"), [{ id: 1 }]);
    });

    test("wants a track table, and no single transaction", async () => {
      await execute(database(), "create table wants (id int primary key)");
      const rows = [batchOf([{ id: "1" }])];
      const noTrack = await merge("wants", rows, { track: undefined });
      assert.equal(codeOf(noTrack.error), "parallel_needs_track");
      const whole = await merge("wants", rows, { commit_rows: "all" });
      assert.equal(codeOf(whole.error), "parallel_not_whole");
      assert.deepEqual(await all("select * from wants"), []);
    });
  });
});

/** The runner cancels what runs on a database that it opened itself. */
const interrupted = (
  database: TestDatabase,
  flow: Parameters<typeof planOf>[1][number],
  signal: AbortSignal,
) =>
  runPipeline(planOf(database, [flow]), {
    database: database.url,
    signal,
    log: { info: () => undefined, warn: () => undefined },
  });
