/**
 * The runner's memory: schema `runner` of the target database. What a flow did is written in the same
 * transaction as its rows, so state and data never disagree.
 */

import { hostname } from "node:os";
import type { Citation, Export } from "./component.ts";
import { leaseLost, lockBusy, messageOf, pipelineBusy, stateForbidden } from "./errors.ts";
import { type Database, inTransaction, type Session } from "./session.ts";
import { requireStateOwner, requireStateRights } from "./state-rights.ts";

/**
 * How a run stands; `killed` is what the next run makes of one that never said how it ended, `refused` has run
 * no flow because nobody allowed it to.
 */
export type RunStatus = "running" | "done" | "failed" | "interrupted" | "refused" | "killed";

/** A run that holds its pipeline's lease. */
export interface RunState {
  /** Number of the run, for people too. */
  readonly run: string;
  readonly pipeline: string;
  readonly lock: string | undefined;
  /** Renews lease and lock inside the session's transaction; throws `lease_lost` when they are another's. */
  renew(session: Session): Promise<void>;
  /** Stores what the run's data must be cited as; once, however many flows say so. */
  cite(citation: Citation): Promise<void>;
  /** Remembers that a flow has read a whole export, and is done. */
  exported(flow: string, whole: Export): Promise<void>;
  /** The export that a flow of this pipeline read last; see `Context`. */
  exportOf(flow: string): Promise<Export | undefined>;
  /** Writes how the run ended and gives the lease back. */
  finish(status: RunStatus, error?: string): Promise<void>;
}

/** Goes up with every change below, each of which must do for a database that has an earlier one. */
export const SCHEMA_VERSION = 6;

const SCHEMA = `
do $$ begin
  -- \`if not exists\` would ask for the right to make it even when somebody has made it for this role.
  if to_regnamespace('runner') is null then create schema runner; end if;
end $$;
create table if not exists runner.run (
  run bigint generated always as identity primary key,
  pipeline text not null,
  status text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  version text not null,
  holder text not null,
  error text
);
alter table runner.run add column if not exists replay text;
create index if not exists run_pipeline on runner.run (pipeline, run);
create table if not exists runner.flow (
  run bigint not null references runner.run on delete cascade,
  flow text not null,
  read bigint not null,
  inserted bigint not null,
  updated bigint not null,
  unchanged bigint not null,
  held bigint not null,
  rejected bigint not null,
  filtered bigint not null,
  committed_at timestamptz not null default now(),
  primary key (run, flow)
);
alter table runner.flow
  add column if not exists adopted bigint not null default 0,
  add column if not exists rekeyed bigint not null default 0,
  add column if not exists vanished bigint not null default 0,
  add column if not exists staged bigint not null default 0,
  add column if not exists reject_columns text[];
create table if not exists runner.finding (
  run bigint not null references runner.run on delete cascade,
  flow text not null,
  kind text not null,
  key text not null,
  column_name text,
  old text,
  new text
);
create index if not exists finding_run on runner.finding (run, flow, kind);
create table if not exists runner.export (
  run bigint not null references runner.run on delete cascade,
  flow text not null,
  scope text not null,
  identity text not null,
  primary key (run, flow)
);
create table if not exists runner.seen (
  run bigint not null references runner.run on delete cascade,
  track text not null,
  scope text not null,
  identity text not null,
  is_whole boolean not null default false,
  primary key (run, track)
);
create table if not exists runner.reject (
  run bigint not null references runner.run on delete cascade,
  flow text not null,
  code text not null,
  message text not null,
  place text not null,
  record text
);
create index if not exists reject_run on runner.reject (run, flow, code);
alter table runner.reject add column if not exists id text, add column if not exists fields json;
do $$ begin
  -- PostgreSQL's own compression takes longer than all else that is done for a reject.
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
    alter table runner.reject alter column record set compression lz4, alter column fields set compression lz4;
  end if;
end $$;
create table if not exists runner.replayed (
  pipeline text not null,
  flow text not null,
  reject text not null,
  run bigint not null,
  primary key (pipeline, flow, reject)
);
create table if not exists runner.target (
  pipeline text not null,
  target text not null,
  run bigint not null,
  known_at timestamptz not null default now(),
  primary key (pipeline, target)
);
create table if not exists runner.lease (
  pipeline text primary key,
  run bigint not null,
  renewed_at timestamptz not null default now()
);
create table if not exists runner.lock (
  name text primary key,
  run bigint not null,
  renewed_at timestamptz not null default now()
);
create table if not exists runner.input (
  pipeline text not null,
  flow text not null,
  target text not null,
  identity text not null,
  name text not null,
  run bigint not null,
  loaded_at timestamptz not null default now(),
  primary key (pipeline, flow, target, identity)
);
create table if not exists runner.citation (
  run bigint not null references runner.run on delete cascade,
  citation text not null,
  doi text,
  license text,
  records bigint,
  request jsonb,
  primary key (run, citation)
);
create table if not exists runner.download (
  service text not null,
  key text not null,
  identity text not null,
  request jsonb not null,
  status text not null,
  created_at timestamptz not null,
  size_bytes bigint,
  records bigint,
  doi text,
  license text,
  run bigint not null,
  updated_at timestamptz not null default now(),
  primary key (service, key)
);
create index if not exists download_identity on runner.download (service, identity, created_at);
create table if not exists runner.budget (
  service text not null,
  day date not null,
  requests integer not null,
  primary key (service, day)
);
comment on schema runner is 'What runner has done in this database; version ${SCHEMA_VERSION}.';
`;

/** Two processes that create the schema at once would trip over each other. */
const SCHEMA_LOCK = "select pg_advisory_xact_lock(hashtextextended('runner:schema', 0))";

/** What is to be run, as the state needs to know it. */
export interface RunPlan {
  readonly pipeline: string;
  readonly version: string;
  /** Pipelines that name the same never run at the same time. */
  readonly lock: string | undefined;
  /** The file of repaired records that comes instead of the sources. */
  readonly replay?: string | undefined;
  /** Whether the session is in a transaction that will be rolled back: its locks then end with it. */
  readonly isRehearsal: boolean;
}

/**
 * Makes sure of the schema, takes the pipeline's lease, and its lock if it has one, and begins a run.
 *
 * Each of the two is twice there: as an advisory lock of this connection, which tells whether its holder
 * is alive and is gone with it, and as a row that every commit must hit, so that a run that lost the lock
 * (its connection was cut, another took over) cannot write on.
 */
export const beginRun = async (
  database: Database,
  session: Session,
  plan: RunPlan,
): Promise<RunState> => {
  const { pipeline, version, lock, replay, isRehearsal } = plan;
  await createSchema(session, database.label);
  if (!(await hasTaken(session, pipeline, plan))) {
    throw pipelineBusy(pipeline, await holderOf(session, pipeline));
  }
  if (lock !== undefined && !(await hasTaken(session, lockKey(lock), plan))) {
    if (!isRehearsal) await giveBack(session, pipeline);
    throw lockBusy(lock, await lockHolderOf(session, lock));
  }

  await session.query(
    "update runner.run set status = 'killed', finished_at = now() where pipeline = $1 and status = 'running'",
    [pipeline],
  );
  const begun = await session.query<{ run: string }>(
    `with begun as (
       ${isRehearsal ? INSERT_REHEARSAL : INSERT_RUN} returning run
     ), leased as (
       insert into runner.lease (pipeline, run) select $1, run from begun
       on conflict (pipeline) do update set run = excluded.run, renewed_at = now()
     ), locked as (
       insert into runner.lock (name, run) select $4, run from begun where $4::text is not null
       on conflict (name) do update set run = excluded.run, renewed_at = now()
     )
     select run::text from begun`,
    [pipeline, version, `process ${process.pid} on ${hostname()}`, lock, replay],
  );
  const run = begun.rows[0]?.run ?? "";
  return {
    run,
    pipeline,
    lock,
    async renew(other) {
      const { rows } = await other.query<{ hit: boolean }>(RENEW, [pipeline, run, lock]);
      if (!rows[0]?.hit) throw leaseLost(pipeline);
    },
    async cite({ text, doi, license, records, request }) {
      await using own = await database.session();
      await own.query(
        `insert into runner.citation (run, citation, doi, license, records, request)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
        [run, text, doi, license, records, request && JSON.stringify(request)],
      );
    },
    async exported(flow, { scope, identity }) {
      await using own = await database.session();
      await own.query(
        "insert into runner.export (run, flow, scope, identity) values ($1, $2, $3, $4)",
        [run, flow, scope, identity],
      );
    },
    async exportOf(flow) {
      await using own = await database.session();
      const { rows } = await own.query<Export>(EXPORT_OF, [flow, pipeline]);
      return rows[0];
    },
    async finish(status, error) {
      await session.query(
        "update runner.run set status = $2, error = $3, finished_at = now() where run = $1",
        [run, status, error ?? null],
      );
      if (isRehearsal) return;
      await giveBack(session, pipeline);
      if (lock !== undefined) await giveBack(session, lockKey(lock));
    },
  };
};

const INSERT_RUN =
  "insert into runner.run (pipeline, status, version, holder, replay) values ($1, 'running', $2, $3, $5)";

/** Sequences do not roll back: a rehearsal takes a number that no run and no other rehearsal has. */
const INSERT_REHEARSAL = `insert into runner.run (run, pipeline, status, version, holder, replay)
  overriding system value values (-pg_backend_pid(), $1, 'running', $2, $3, $5)`;

const RENEW = `
with leased as (
  update runner.lease set renewed_at = now() where pipeline = $1 and run = $2 returning 1
), locked as (
  update runner.lock set renewed_at = now() where name = $3 and run = $2 returning 1
)
select exists (select from leased) and ($3::text is null or exists (select from locked)) as hit`;

/** Of the last run whose flow of this name wrote anything: whoever it was, what it read is what is there now.
 * By time: a plan's number is negative. */
const EXPORT_OF = `
select scope, identity from runner.export join runner.run using (run)
 where flow = $1 and pipeline = $2
   and run = (select run from runner.flow where flow = $1 order by committed_at desc limit 1)`;

/** What keeps everybody else out while a pipeline runs, for who takes it by SQL. */
export interface LockRow {
  readonly name: string;
  /** What is hashed to the number of the advisory lock, behind `runner:`. */
  readonly key: string;
  /** The row that every commit must hit. */
  readonly table: "runner.lock" | "runner.lease";
  readonly column: "name" | "pipeline";
}

/** The lock of a pipeline: its `lock`, or its own lease when it has none. */
export const lockOf = ({
  pipeline,
  lock,
}: {
  readonly pipeline: string;
  readonly lock: string | undefined;
}): LockRow =>
  lock === undefined
    ? { name: pipeline, key: pipeline, table: "runner.lease", column: "pipeline" }
    : { name: lock, key: lockKey(lock), table: "runner.lock", column: "name" };

const lockKey = (lock: string): string => `lock:${lock}`;

const KEY = "hashtextextended('runner:' || $1, 0)";

const hasTaken = async (
  session: Session,
  key: string,
  { isRehearsal }: RunPlan,
): Promise<boolean> => {
  const take = isRehearsal ? "pg_try_advisory_xact_lock" : "pg_try_advisory_lock";
  const { rows } = await session.query<{ taken: boolean }>(`select ${take}(${KEY}) as taken`, [
    key,
  ]);
  return rows[0]?.taken === true;
};

const giveBack = async (session: Session, key: string): Promise<void> => {
  await session.query(`select pg_advisory_unlock(${KEY})`, [key]);
};

const createSchema = async (session: Session, label: string): Promise<void> => {
  try {
    // Asked first, so that a role that may use the schema but not create one gets through, and so that a
    // rehearsal, which keeps every lock to its end, lets others begin.
    if (await isPresent(session)) return await requireStateRights(session, label, "write");
    await requireStateOwner(session, label, SCHEMA_VERSION);
    await inTransaction(session, async () => {
      await session.query(SCHEMA_LOCK);
      if (!(await isPresent(session))) await session.script(SCHEMA);
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw error;
    const { rows } = await session.query<{ statement: string }>(
      "select format('create schema runner authorization %I;', current_user) as statement",
    );
    throw stateForbidden(label, messageOf(error), [rows[0]?.statement ?? ""]);
  }
};

const isPresent = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query<{ present: boolean }>(
    `select coalesce(substring(obj_description(to_regnamespace('runner'), 'pg_namespace')
                               from 'version (\\d+)')::int, 0) >= $1 as present`,
    [SCHEMA_VERSION],
  );
  return rows[0]?.present === true;
};

interface Holder {
  readonly pipeline: string;
  readonly holder: string;
  readonly since: string;
}

const HOLDER = `select pipeline, holder || ', run ' || run as holder, to_char(started_at, 'YYYY-MM-DD HH24:MI:SS') as since
  from runner.run where status = 'running' and`;

/** What a rehearsal does, nobody else sees. */
const UNKNOWN = "by another process, perhaps a plan";

const holderOf = async (session: Session, pipeline: string): Promise<string> => {
  const { rows } = await session.query<Holder>(
    `${HOLDER} pipeline = $1 order by run desc limit 1`,
    [pipeline],
  );
  const [found] = rows;
  return found ? `by ${found.holder}, since ${found.since}` : UNKNOWN;
};

const lockHolderOf = async (session: Session, lock: string): Promise<string> => {
  const { rows } = await session.query<Holder>(
    `${HOLDER} run = (select run from runner.lock where name = $1)`,
    [lock],
  );
  const [found] = rows;
  return found
    ? `by pipeline \`${found.pipeline}\`, ${found.holder}, since ${found.since}`
    : UNKNOWN;
};
