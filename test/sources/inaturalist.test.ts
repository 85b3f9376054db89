import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { uuidOf } from "../../samples/inaturalist.ts";
import { previewFlow, type RunSummary, runPipeline } from "../../src/runner.ts";
import { execute, onEachDatabase, rowsOf } from "../support/database.ts";
import {
  type FakeInaturalist,
  type FakeInaturalistOptions,
  startFakeInaturalist,
} from "../support/fake-inaturalist.ts";
import { planFrom } from "../support/plan.ts";

/** No rates, and somebody who allows that. */
const FREE = "per_second: null, per_minute: null, permission: a test";

describe("inaturalist", () => {
  onEachDatabase((database) => {
    let api: FakeInaturalist | undefined;
    before(() =>
      execute(
        database(),
        `create table staged (id bigint, other text);
         create table linked (link text);
         create table known (id_inaturalist bigint primary key, uuid uuid, uri text, status text, asked_at timestamptz)`,
      ),
    );
    beforeEach(() =>
      execute(database(), "truncate staged, linked, known; drop schema if exists runner cascade"),
    );
    afterEach(() => api?.[Symbol.asyncDispose]());

    const start = async (options: Partial<FakeInaturalistOptions> = {}) => {
      api = await startFakeInaturalist(options);
      return api;
    };
    const requests = () => api?.requests.length;
    const asked = () =>
      api?.requests.map(({ path }) => (/[?&]id=([\d,]*)/.exec(path)?.[1] ?? "").split(","));
    /** Ids from 1 to `count`, in an order that is none. */
    const stage = (count: number, other = "null") =>
      execute(
        database(),
        `insert into staged select (n * 7919) % ${count + 1}, ${other} from generate_series(1, ${count}) n`,
      );

    const yaml = (
      options: string,
      more: { ids?: string; sink?: string; rejects?: string } = {},
    ) => {
      const {
        ids = "{ table: staged, column: id, uuid_column: other }",
        sink = "{ postgres_upsert: { table: known, key: [id_inaturalist] } }",
        rejects = "0",
      } = more;
      return `
name: test
flows:
  - name: uuids
    source:
      inaturalist: { ids: ${ids}, known: { table: known, column: id_inaturalist }, contact: you@example.org, url: "${api?.url}/observations", ${options} }
    sink: ${sink}
    rejects: { max: ${rejects} }
`;
    };
    const run = async (
      options = FREE,
      more: Parameters<typeof yaml>[1] & { signal?: AbortSignal } = {},
    ): Promise<RunSummary & { said: string[] }> => {
      const plan = await planFrom(yaml(options, more), database());
      const said: string[] = [];
      const summary = await runPipeline(plan, {
        database: database().opened,
        signal: more.signal ?? new AbortController().signal,
        log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
      });
      return { ...summary, said };
    };
    const counts = ({ flows: [flow], error }: RunSummary) => {
      assert.equal(error, undefined);
      return [flow?.read, flow?.inserted, flow?.updated, flow?.unchanged, flow?.rejected];
    };
    const known = () =>
      rowsOf(
        database(),
        "select id_inaturalist::int as id, uuid, status from known order by id_inaturalist",
      );

    test("asks for each unknown id once, 200 per request, in order, and for none the second time", async () => {
      await start({ requiresUserAgent: true });
      await stage(450);
      await execute(database(), "insert into staged values (3, null), (null, null)");
      assert.deepEqual(counts(await run()), [450, 450, 0, 0, 0]);
      assert.equal(requests(), 3);
      const ids = Array.from({ length: 450 }, (_, index) => String(index + 1));
      assert.deepEqual(asked(), [ids.slice(0, 200), ids.slice(200, 400), ids.slice(400)]);
      const [{ path, headers } = { path: "", headers: {} }] = api?.requests ?? [];
      assert.match(path, /^\/v2\/observations\?id=[\d,]+&fields=id,uri,uuid&per_page=200$/);
      assert.match(String(headers["user-agent"]), /^sinp-runner\/\S+ \(you@example\.org\)$/);
      const rows = await rowsOf(database(), "select * from known order by id_inaturalist limit 1");
      assert.equal(rows[0]?.uuid, uuidOf(1));
      assert.equal(rows[0]?.uri, "https://www.inaturalist.org/observations/1");
      assert.equal(rows[0]?.status, "found");
      assert.ok(rows[0]?.asked_at);
      assert.deepEqual(counts(await run()), [0, 0, 0, 0, 0]);
      assert.equal(requests(), 3);
    });

    test("a known table that is only copied into serves as well", async () => {
      await start();
      await stage(250);
      const sink = "{ postgres_copy: { table: known, mode: append } }";
      assert.deepEqual(counts(await run(FREE, { sink })), [250, 250, 0, 0, 0]);
      await execute(database(), "insert into staged values (251, null)");
      assert.deepEqual(counts(await run(FREE, { sink })), [1, 1, 0, 0, 0]);
      assert.deepEqual([requests(), asked()?.at(-1)], [3, ["251"]]);
    });

    test("an observation that is gone is `missing`, and is asked for again after a time only", async () => {
      const gone = [2, 4];
      await start({ deleted: (id) => gone.includes(id) });
      await stage(5);
      assert.deepEqual(counts(await run()), [5, 5, 0, 0, 0]);
      const missing = { uuid: null, status: "missing" };
      assert.deepEqual(
        (await known()).filter(({ status }) => status !== "found"),
        [
          { id: 2, ...missing },
          { id: 4, ...missing },
        ],
      );
      await run();
      assert.equal(requests(), 1);
      await execute(database(), "update known set asked_at = asked_at - interval '30 days'");
      gone.shift();
      // Also the one that is still gone is updated: it was asked for now.
      assert.deepEqual(counts(await run()), [2, 0, 2, 0, 0]);
      assert.deepEqual(asked()?.at(-1), ["2", "4"]);
      await run();
      assert.equal(requests(), 2);
      assert.equal((await known())[1]?.uuid, uuidOf(2));
      await run(`${FREE}, retry_missing_days: 0`);
      assert.deepEqual(asked()?.at(-1), ["4"]);
    });

    test("a uuid that came with the archive is used, and iNaturalist is not asked for it", async () => {
      await start();
      const uuid = "0a0b0c0d-1111-4222-8333-444455556666";
      await stage(3, `case when n = 1 then '${uuid.toUpperCase()}' else ' ' end`);
      assert.deepEqual(counts(await run()), [3, 3, 0, 0, 0]);
      assert.deepEqual([requests(), asked()?.[0]?.length], [1, 2]);
      const rows = await known();
      assert.equal(rows.filter((row) => row.uuid === uuid).length, 1);
      assert.deepEqual(
        rows.map(({ status }) => status),
        ["found", "found", "found"],
      );
    });

    test("takes ids out of links of rows that are loaded already, by SQL, and rejects what is no id", async () => {
      await start();
      await execute(
        database(),
        `insert into linked values ('https://www.inaturalist.org/observations/12'),
           ('http://inaturalist.nz/observations/7'), ('12'), (' '), (null), ('photo.jpg')`,
      );
      const ids = '{ sql: "select link from linked" }';
      const strict = await run(FREE, { ids });
      assert.equal((strict.error as { code?: string }).code, "too_many_rejects");
      assert.equal(requests(), 0);
      assert.deepEqual(counts(await run(FREE, { ids, rejects: "1" })), [3, 2, 0, 0, 1]);
      assert.deepEqual(asked(), [["7", "12"]]);
      const rejects = await rowsOf(
        database(),
        "select code, message, place, record from runner.reject",
      );
      assert.equal(rejects.length, 1);
      assert.deepEqual(rejects[0], {
        code: "no_observation_id",
        message: '"photo.jpg" is neither a number nor the link of an observation.',
        place: 'iNaturalist id "photo.jpg"',
        record: "photo.jpg",
      });
    });

    test("at the end of the day's budget it ends well, says what is left, and goes on the next day", async () => {
      await start();
      await stage(1000);
      const budget = `${FREE}, per_day: 2`;
      const first = await run(budget);
      assert.deepEqual(counts(first), [400, 400, 0, 0, 0]);
      assert.equal(first.status, "done");
      const tomorrow = new Date(Date.now() + 24 * 3600 * 1000).toISOString().slice(0, 10);
      assert.deepEqual(first.said, [
        `The 2 requests that iNaturalist allows in a day are used up: 600 ids are left. Run it again after ${tomorrow} 00:00 UTC; it goes on with them.`,
      ]);
      // A restart does not forget it.
      const same = await run(budget);
      assert.deepEqual([counts(same), requests()], [[0, 0, 0, 0, 0], 2]);
      assert.match(same.said.join(), /: 600 ids are left\./);
      await execute(database(), "update runner.budget set day = day - 1");
      assert.deepEqual(counts(await run(budget)), [400, 400, 0, 0, 0]);
      await execute(
        database(),
        "update runner.budget set day = day - 2 where day = (select max(day) from runner.budget)",
      );
      assert.deepEqual(counts(await run(`${FREE}, per_day: 5`)), [200, 200, 0, 0, 0]);
      assert.equal((await known()).length, 1000);
    });

    test("more than iNaturalist's published limits needs somebody's permission", async () => {
      await start();
      for (const [option, sentence] of [
        ["per_second: 1.5", "`per_second` is 1.5, iNaturalist allows 1."],
        ["per_minute: 61", "`per_minute` is 61, iNaturalist allows 60."],
        ["per_day: null", "`per_day` is without limit, iNaturalist allows 10000."],
      ] as const) {
        await assert.rejects(run(option), (error: Error) => error.message.includes(sentence));
        const allowed = await run(`${option}, permission: "Carrie, by mail, 3 March 2026"`);
        assert.equal(allowed.status, "done");
      }
    });

    test("a preview shows what is known without a request, and says what a run would ask", async () => {
      await start();
      await stage(450, "case when n = 1 then '0a0b0c0d-1111-4222-8333-444455556666' end");
      const plan = await planFrom(yaml(FREE), database());
      const said: string[] = [];
      let rows = 0;
      for await (const batch of previewFlow(plan, {
        flow: "uuids",
        signal: new AbortController().signal,
        log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
        database: database().opened,
      })) {
        rows += batch.size;
      }
      assert.deepEqual([rows, requests()], [1, 0]);
      assert.deepEqual(said, ["A run would ask iNaturalist for 449 ids in 3 requests."]);
    });

    test("each answer is durable before the next is asked for", async () => {
      const durable: Promise<unknown>[] = [];
      await start({
        faults: () => {
          durable.push(rowsOf(database(), "select count(*)::int as count from known"));
          // Time enough to look before the answer.
          return { delayMs: 200 };
        },
      });
      await stage(30);
      assert.deepEqual(counts(await run(`${FREE}, batch: 10`)), [30, 30, 0, 0, 0]);
      assert.deepEqual(await Promise.all(durable), [
        [{ count: 0 }],
        [{ count: 10 }],
        [{ count: 20 }],
      ]);
    });

    test("what was answered stays when it is stopped, and the next run goes on there", async () => {
      const stop = new AbortController();
      await start({
        faults: ({ number }) => {
          if (number === 3) stop.abort("SIGINT");
          return undefined;
        },
      });
      await stage(50);
      const stopped = await run(`${FREE}, batch: 10`, { signal: stop.signal });
      assert.equal(stopped.status, "interrupted");
      assert.equal((await known()).length, 20);
      assert.deepEqual(counts(await run(`${FREE}, batch: 10`)), [30, 30, 0, 0, 0]);
      assert.deepEqual(asked()?.[3], asked()?.[2]);
    });

    test("an id that iNaturalist cannot be asked for is told by itself, and is asked for the next time", async () => {
      const poison = [17];
      await start({ poison, poisonStatus: 422 });
      await stage(40);
      const summary = await run(FREE, { rejects: "1" });
      assert.deepEqual(counts(summary), [40, 39, 0, 0, 1]);
      const rejects = await rowsOf(database(), "select code, message, place from runner.reject");
      assert.deepEqual(rejects, [
        {
          code: "request_failed",
          message: "iNaturalist cannot be asked for 17: it answers 422: Error.",
          place: "https://www.inaturalist.org/observations/17",
        },
      ]);
      poison.pop();
      assert.deepEqual(counts(await run()), [1, 1, 0, 0, 0]);
    });

    test("a storm of errors is waited out, and the account is that of a quiet day", async () => {
      const page = { answer: { status: 200, body: "<html>We will be right back</html>" } };
      const storm = [
        { answer: { status: 502 } },
        { cutsBodyAt: 100 },
        page,
        { resets: true as const },
      ];
      const { next } = await start();
      next(...storm);
      await stage(10);
      assert.deepEqual(counts(await run()), [10, 10, 0, 0, 0]);
      assert.equal(requests(), 5);
    });

    test("other fields need other columns, and no code", async () => {
      const observation = {
        id: 1,
        uuid: uuidOf(1),
        quality_grade: "research",
        photos: [{ id: 5 }],
      };
      await start({ observations: new Map([[1, observation]]) });
      await execute(
        database(),
        "drop table if exists grades; create table grades (id_inaturalist bigint primary key, grade text, photos jsonb, status text, asked_at timestamptz); insert into staged values (1, null)",
      );
      const options = `${FREE}, fields: { grade: quality_grade, photos: photos }`;
      const plan = yaml(options, {
        sink: "{ postgres_upsert: { table: grades, key: [id_inaturalist] } }",
      }).replace("known: { table: known", "known: { table: grades");
      const summary = await runPipeline(await planFrom(plan, database()), {
        database: database().opened,
        signal: new AbortController().signal,
        log: { info: () => {}, warn: () => {} },
      });
      assert.equal(summary.error, undefined);
      assert.deepEqual(await rowsOf(database(), "select grade, photos from grades"), [
        { grade: "research", photos: [{ id: 5 }] },
      ]);
      assert.match(api?.requests[0]?.path ?? "", /&fields=id,photos,quality_grade&/);
    });
  });
});
