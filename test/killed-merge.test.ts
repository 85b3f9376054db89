import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { PLACES } from "./support/inat-pipeline.ts";
import { killAgainAndAgain } from "./support/kills.ts";
import { randomFrom } from "./support/random.ts";
import { startRunner } from "./support/runner.ts";

const ROWS = 12_000;
const KILLS = 5;

/**
 * New rows, rows that change, rows that stay, rows under a new key, and records that are refused for three
 * reasons. A trigger fills a second table, and takes its time: there is something to be killed in.
 */
const TABLES = `
create table public.target (
  source int, id int, uuid uuid not null unique, name text check (name <> 'refused'), filling text,
  primary key (source, id)
);
create table link (uuid uuid, id int);
create function link() returns trigger language plpgsql as $$
  begin
    -- Not for each row of a refused part, which come one by one.
    if (select count(*) > 1 from fresh) then perform pg_sleep(0.25); end if;
    insert into link select uuid, id from fresh;
    return null;
  end $$;
insert into public.target
select 5, case when n % 40 = 0 then -n else n end, md5(n::text)::uuid,
       case when n % 4 = 0 then 'row ' || n else 'old' end, repeat('x', 400)
  from generate_series(1, ${ROWS}, 3) as n;
insert into public.target select 1, n, md5(n::text)::uuid, 'theirs', null from generate_series(${ROWS} - 9, ${ROWS}) as n
    on conflict do nothing;
create trigger link after insert on public.target referencing new table as fresh
   for each statement execute function link();`;

const RECORDS = `
select 5 as source, n as id, md5(n::text) as uuid,
       case when n % 1000 = 500 then 'refused' else 'row ' || n end as name, repeat('x', 400) as filling
  from generate_series(1, ${ROWS}) as n
union all select 5, n, md5(n::text), 'again', null from generate_series(1, ${ROWS}, 997) as n
union all select 5, 1000000 + n, md5(n::text), 'same uuid', null from generate_series(1, ${ROWS}, 797) as n
order by id`;

const pipelineOf = (url: string) => `
name: killed
database: ${url}
flows:
  - name: merge
    source: { postgres: { query: records.sql } }
    sink:
      postgres_upsert:
        table: public.target
        key: [source, id]
        track: public.track
        unique: { column: uuid, owner: [source], code: uuid_other_source }
        parallel: 2
    rejects: { max: any }
`;

const RESULTS = {
  rows: "select * from public.target order by source, id",
  links: "select * from link order by uuid, id",
  track: "select source, id, hash, version from public.track order by source, id",
  written: "select * from public.track_written order by source, id",
};

test("a merge by two sessions that is killed and started again leaves what an undisturbed one does", {
  skip: process.env.TEST_DATABASE_URL ? false : "TEST_DATABASE_URL names no server",
}, async (t) => {
  const runIn = async (
    work: (start: () => ReturnType<typeof startRunner>, client: pg.Client) => Promise<void>,
  ) => {
    const folder = await mkdtemp(join(tmpdir(), "runner-test-"));
    const place = await PLACES["a server"]?.(folder);
    assert.ok(place);
    await writeFile(join(folder, "records.sql"), RECORDS);
    await writeFile(join(folder, "killed.yaml"), pipelineOf(place.url));
    const client = new pg.Client(place.url);
    await client.connect();
    try {
      await client.query(TABLES);
      await work(() => startRunner(["killed.yaml", "--yes"], { cwd: folder }), client);
      const found: Record<string, unknown[]> = {};
      for (const [name, sql] of Object.entries(RESULTS)) {
        found[name] = (await client.query(sql)).rows;
      }
      return { ...found, runs: (await client.query(RUNS)).rows };
    } finally {
      await client.end();
      await place.remove();
      await rm(folder, { recursive: true });
    }
  };

  let undisturbedMs = 0;
  const expected = await runIn(async (start) => {
    const started = performance.now();
    const { code, stderr } = await start().ended;
    assert.equal(code, 0, stderr);
    undisturbedMs = performance.now() - started;
  });
  const [only] = expected.runs;
  assert.ok(only.inserted > 7000 && only.updated > 2000 && only.rejected > 20, `${only.inserted}`);

  const seed = randomBytes(4).readUInt32LE();
  let moments: readonly string[] = [];
  const found = await runIn(async (start, client) => {
    moments = await killAgainAndAgain(start, {
      kills: KILLS,
      progress: async () => {
        const [there] = (await client.query("select to_regclass('runner.flow') as flow")).rows;
        if (there.flow === null) return 0;
        const { rows } = await client.query("select sum(inserted + updated) as n from runner.flow");
        return Number(rows[0].n) / (only.inserted + only.updated);
      },
      random: randomFrom(seed),
      pauseMs: undisturbedMs / 8,
    });
  });
  const told = `seed ${seed}: ${moments.join(", ")}`;
  t.diagnostic(told);
  const { runs, ...tables } = found;
  const { runs: _, ...same } = expected;
  assert.deepEqual(tables, same, told);
  assert.ok(runs.filter(({ status }) => status === "killed").length >= 2, told);
  assert.equal(runs.at(-1).status, "done");
  const written = (name: string) => runs.reduce((sum, run) => sum + run[name], 0);
  assert.deepEqual(
    [written("inserted"), written("updated")],
    [only.inserted, only.updated],
    `each row was written once; ${told}`,
  );
  for (const run of runs) {
    assert.equal(
      run.read,
      run.inserted + run.updated + run.unchanged + run.rejected,
      `run ${run.run}; ${told}`,
    );
    assert.equal(run.rejected, run.stored, `run ${run.run}; ${told}`);
  }
});

const RUNS = `
select run, status, coalesce(read, 0)::int as read, coalesce(inserted, 0)::int as inserted,
       coalesce(updated, 0)::int as updated, coalesce(unchanged, 0)::int as unchanged,
       coalesce(rejected, 0)::int as rejected,
       (select count(*)::int from runner.reject where reject.run = run.run) as stored
  from runner.run as run left join runner.flow using (run) order by run`;
