/**
 * The runner's memory: schema `runner` of the target database. What a flow did is written in the same
 * transaction as its rows, so state and data never disagree.
 */

import { hostname } from "node:os";
import type { Citation, Export } from "./component.ts";
import { leaseLost, lockBusy, pipelineBusy } from "./errors.ts";
import { giveBack, hasTaken, holderOf, lockHolderOf, lockKey } from "./run-lock.ts";
import type { Database, Session } from "./session.ts";
import { createSchema } from "./state-schema.ts";

/**
 * How a run stands; `killed` is what the next run makes of one that never said how it ended, `refused` has run
 * no flow because nobody allowed it to.
 */
export type RunStatus =
  | "running"
  | "done"
  | "failed"
  | "interrupted"
  | "refused"
  | "killed"
  | (typeof WITHOUT_FLOWS)[number];

/** How a run ends that is to run no flow. */
export const WITHOUT_FLOWS = ["setup", "uninstall"] as const;

export const isWithoutFlows = (status: RunStatus): boolean =>
  (WITHOUT_FLOWS as readonly RunStatus[]).includes(status);

/** What a flow had set aside when the run ended in it, less what it had committed: no table has these rejects. */
export interface Undone {
  readonly flow: string;
  readonly rejects: Readonly<Record<string, number>>;
  /** Whether all records had been looked at by then. */
  readonly isWhole: boolean;
  /** The columns of such records. */
  readonly columns: readonly string[];
}

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
  finish(status: RunStatus, error?: string, undone?: Undone): Promise<void>;
}

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
    async finish(status, error, undone) {
      const left = undone && (await withoutStored(session, run, undone));
      await session.query(
        "update runner.run set status = $2, error = $3, undone = $4, finished_at = now() where run = $1",
        [run, status, error ?? null, left === undefined ? null : JSON.stringify(left)],
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

/** What was set aside, less what `runner.reject` has of it; undefined when that is all. */
const withoutStored = async (
  session: Session,
  run: string,
  undone: Undone,
): Promise<Undone | undefined> => {
  const { rows } = await session.query<{ code: string; records: number }>(
    "select code, count(*)::float8 as records from runner.reject where run = $1 and flow = $2 group by code",
    [run, undone.flow],
  );
  const stored = new Map(rows.map(({ code, records }) => [code, records]));
  const left = Object.entries(undone.rejects)
    .map(([code, records]) => [code, records - (stored.get(code) ?? 0)] as const)
    .filter(([, records]) => records > 0);
  return left.length === 0 ? undefined : { ...undone, rejects: Object.fromEntries(left) };
};
