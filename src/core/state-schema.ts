import { messageOf, stateForbidden } from "./errors.ts";
import { inTransaction, type Session } from "./session.ts";
import { requireStateOwner, requireStateRights } from "./state-rights.ts";

/** Goes up with every change below, each of which must do for a database that has an earlier one. */
export const SCHEMA_VERSION = 11;

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
alter table runner.run
  add column if not exists replay text,
  add column if not exists undone jsonb,
  add column if not exists file text;
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
  add column if not exists deleted bigint not null default 0,
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
alter table runner.finding add column if not exists label text;
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
create table if not exists runner.survey (
  pipeline text not null,
  track text not null,
  run bigint not null,
  primary key (pipeline, track)
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

/** Makes the schema `runner`, or makes it anew as this version has it, unless it is there; throws when that is forbidden. */
export const createSchema = async (session: Session, label: string): Promise<void> => {
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
