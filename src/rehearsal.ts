/** Runs a plan in one session and one transaction, and rolls it back: what a run would do, for people to see. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Citation } from "./core/component.ts";
import { firstWriteAhead, planLocked } from "./core/errors.ts";
import type { FlowPlan, Plan } from "./core/plan.ts";
import { RejectFile } from "./core/reject-file.ts";
import type { Database, Session } from "./core/session.ts";
import { beginRun, type RunState } from "./core/state.ts";
import { stopAtCommit } from "./core/stop.ts";
import { beginSpan } from "./core/trace.ts";
import { foreignTables, tablesThere } from "./first-write.ts";
import { isConcurrentIndex } from "./postgres/script.ts";
import { sharedSessions } from "./postgres/shared.ts";
import {
  type FlowSummary,
  openFor,
  type RunOptions,
  runFlows,
  setUp,
  whatToRun,
} from "./run-flows.ts";
import { sharedName } from "./shared-name.ts";
import { version } from "./version.ts";

export interface RehearsalOptions extends Omit<RunOptions, "isFresh"> {
  /** How long to wait for a lock that somebody else holds. */
  readonly lockTimeoutSecs: number;
  /** Looks at what was done, before it is undone; not called when a flow failed. */
  readonly beforeUndo?: (session: Session, run: string) => Promise<void>;
}

export interface Rehearsal {
  readonly pipeline: string;
  readonly database: string;
  readonly status: "done" | "failed" | "interrupted";
  /** The flows that got to their end, in order. */
  readonly flows: readonly FlowSummary[];
  /** Statements of setup that cannot be run in a transaction: a run would. */
  readonly skipped: readonly string[];
  readonly error: unknown;
}

/**
 * Does all that a run does, and undoes it. Never throws: what went wrong is in the result.
 *
 * Every session that a component asks for is the same one, and its transactions are savepoints. The
 * run's own state is part of the transaction, its rejects are in a file that is removed. What stays are
 * the numbers that the sequences of the targets have given. While it lasts it holds the locks of all that it writes.
 */
export const rehearsePipeline = async (
  plan: Plan,
  options: RehearsalOptions,
): Promise<Rehearsal> => {
  const stop = stopAtCommit(options);
  const span = await beginSpan("runner.plan", version, { "runner.pipeline": plan.name });
  const flows: FlowSummary[] = [];
  const skipped: string[] = [];
  let label = "";
  let error: unknown;
  const folder = await mkdtemp(join(tmpdir(), "runner-plan-"));
  const rejectFile = new RejectFile(join(folder, "rejects.ndjson"), { isKept: false });
  try {
    const { wanted, replay } = await whatToRun(plan, options);
    await using database = await openFor(plan, options);
    label = database.label;
    await using session = await database.session();
    await session.begin();
    await session.query(`set local lock_timeout = ${Math.round(options.lockTimeoutSecs * 1000)}`);
    const only: Database = { ...database, session: sharedSessions(session) };
    const state = await beginRun(only, session, {
      pipeline: plan.name,
      version,
      lock: plan.lock,
      isRehearsal: true,
    });
    const shared = await sharedName(session, { plan, state, database });
    if (shared !== undefined) options.log.warn(shared.message);
    const due = (await replay?.flowsWith(session, wanted, options.log)) ?? wanted;
    const before = await tablesThere(session);
    await setUp(only, plan.setup, (sql) => {
      skipped.push(sql);
      if (isConcurrentIndex(sql)) {
        options.log.info(
          `An index is made for the plan, not concurrently: who writes into its table waits until the plan ends (${sql}).`,
        );
      }
    });
    await tellFirstWrite(only, { plan, flows: wanted, state }, { before, log: options.log });
    const citations = new Map<string, Citation>();
    const parts = { database: only, state, rejectFile, replay, citations, options };
    const running = { ...parts, stop, span, mode: "plan" } as const;
    await runFlows(due, running, (flow) => flows.push(flow));
    await options.beforeUndo?.(session, state.run);
    await session.rollback();
  } catch (thrown) {
    error = isLockTimeout(thrown) ? planLocked(options.lockTimeoutSecs, thrown) : thrown;
  } finally {
    rejectFile.close();
    await rm(folder, { recursive: true, force: true });
  }
  span.end({}, error);
  return {
    pipeline: plan.name,
    database: label,
    status: statusOf(error, options),
    flows,
    skipped,
    error,
  };
};

/** Warns of the tables about which a run would ask. */
const tellFirstWrite = async (
  database: Database,
  { plan, ...what }: { plan: Plan; flows: readonly FlowPlan[]; state: RunState },
  { before, log }: { before: ReadonlySet<string>; log: RunOptions["log"] },
): Promise<void> => {
  await using session = await database.session();
  const { foreign } = await foreignTables(session, what, before);
  if (foreign.length > 0) log.warn(firstWriteAhead(plan.name, foreign));
};

const LOCK_NOT_AVAILABLE = "55P03";

const isLockTimeout = (error: unknown): boolean => {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && at.code === LOCK_NOT_AVAILABLE) return true;
  }
  return false;
};

const statusOf = (error: unknown, { signal }: RehearsalOptions): Rehearsal["status"] => {
  if (error === undefined) return "done";
  return signal.aborted ? "interrupted" : "failed";
};
