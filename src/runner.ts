/** Runs a plan: opens the database, takes the lease, runs setup and the flows in order, keeps the account. */

import { dirname, join } from "node:path";
import { type Changes, type Counts, FlowAccount } from "./core/accounting.ts";
import type { Batch } from "./core/batch.ts";
import type { Citation, Context, Log } from "./core/component.ts";
import { messageOf, unknownFlow } from "./core/errors.ts";
import { recordsOf, runFlow } from "./core/flow.ts";
import { withoutPasswords } from "./core/place.ts";
import type { FlowPlan, Plan } from "./core/plan.ts";
import { type Display, showProgress } from "./core/progress.ts";
import { RejectFile } from "./core/reject-file.ts";
import type { Database } from "./core/session.ts";
import { beginRun, type RunState, type RunStatus } from "./core/state.ts";
import { openDatabase } from "./postgres/open.ts";
import { runScript } from "./postgres/script.ts";
import { version } from "./version.ts";

export interface RunOptions {
  /** Instead of the plan's own: `embedded`, a URL, or one that is open and stays open. */
  readonly database?: string | Database | undefined;
  /** Only these flows, in the plan's order; all when absent. */
  readonly flows?: readonly string[] | undefined;
  /** Asks services anew for what earlier runs asked for. */
  readonly isFresh?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly log: Omit<Log, "now">;
  /** Where progress is drawn; absent for none. */
  readonly display?: Display | undefined;
  /** Told of each flow that is done. */
  readonly onFlow?: (flow: FlowSummary) => void;
}

/** What became of the records of a flow: `read` is the sum of the other counts. */
export interface FlowSummary extends Counts {
  readonly name: string;
  /** Records of earlier runs that are gone from the source; no sink marks them yet, so 0. */
  readonly vanished: number;
  readonly seconds: number;
  /** Rejects by code, most frequent first. */
  readonly rejectedByCode: readonly (readonly [string, number])[];
  /** Rows updated, by column, and a few examples. */
  readonly changed: Changes;
}

export interface RunSummary {
  /** Number of the run in `runner.run`; undefined when it did not get so far. */
  readonly run: string | undefined;
  readonly pipeline: string;
  readonly status: Exclude<RunStatus, "running" | "killed">;
  /** The flows that are done, in order. */
  readonly flows: readonly FlowSummary[];
  /** Why the run is not `done`. */
  readonly error: unknown;
  /** Where the rejects are, if there are any. */
  readonly rejectFile: string | undefined;
  readonly database: string;
  /** What the data of this run must be cited as. */
  readonly citations: readonly Citation[];
}

/** Runs the flows of a plan until one fails. Never throws: what went wrong is in the summary. */
export const runPipeline = async (plan: Plan, options: RunOptions): Promise<RunSummary> => {
  const flows: FlowSummary[] = [];
  const citations = new Map<string, Citation>();
  let run: RunState | undefined;
  let rejectFile: RejectFile | undefined;
  let label = "";
  let error: unknown;
  try {
    const wanted = chosenFlows(plan, options.flows);
    await using database = await open(plan, options);
    label = database.label;
    await using session = await database.session();
    run = await beginRun(database, session, { pipeline: plan.name, version });
    rejectFile = new RejectFile(rejectPath(plan, run.run));
    try {
      await setUp(database, plan.setup);
      for (const flow of wanted) {
        const done = await oneFlow(flow, { database, run, rejectFile, citations, options });
        flows.push(done);
        options.onFlow?.(done);
      }
    } catch (thrown) {
      error = thrown;
    }
    rejectFile.close();
    await run.finish(
      statusOf(error, options.signal),
      error === undefined ? undefined : withoutPasswords(messageOf(error)),
    );
  } catch (thrown) {
    error ??= thrown;
  }
  return {
    run: run?.run,
    pipeline: plan.name,
    status: statusOf(error, options.signal),
    flows,
    error,
    rejectFile: rejectFile && rejectFile.sizeBytes > 0 ? rejectFile.path : undefined,
    database: label,
    citations: [...citations.values()],
  };
};

/** The batches of one flow as its sink would get them; writes nothing, and opens the database only if asked. */
export const previewFlow = (
  plan: Plan,
  {
    flow,
    ...options
  }: {
    flow: string;
    signal: AbortSignal;
    log: RunOptions["log"];
    database?: RunOptions["database"];
  },
): AsyncIterable<Batch> => {
  const [chosen] = chosenFlows(plan, [flow]);
  const database = lazily(() => open(plan, options));
  const tally = () => {
    throw new Error("a preview commits nothing");
  };
  const context: Context = {
    signal: options.signal,
    log: { ...options.log, now: () => undefined },
    database,
    mode: "preview",
    tally,
    run: { id: "", isFresh: false },
    cite: async () => undefined,
  };
  async function* batches(): AsyncGenerator<Batch> {
    await using _ = database;
    if (chosen) yield* recordsOf(chosen, context);
  }
  return batches();
};

const oneFlow = async (
  flow: FlowPlan,
  run: {
    database: Database;
    run: RunState;
    rejectFile: RejectFile;
    citations: Map<string, Citation>;
    options: RunOptions;
  },
): Promise<FlowSummary> => {
  const { signal, log, display, isFresh = false } = run.options;
  const { database, rejectFile, run: state } = run;
  const account = new FlowAccount({
    flow: flow.name,
    limits: flow.rejects,
    rejectFile,
    state,
    signal,
  });
  const context: Context = {
    signal,
    log: { ...log, now: (words) => account.now(words) },
    database,
    mode: "run",
    tally: () => account.tally(),
    run: { id: state.run, isFresh },
    cite: async (citation) => {
      if (run.citations.has(citation.text)) return;
      await state.cite(citation);
      run.citations.set(citation.text, citation);
    },
  };
  const started = performance.now();
  const endProgress = display ? showProgress(account, display) : () => undefined;
  try {
    await runFlow(flow, context, account);
  } finally {
    endProgress();
  }
  return {
    name: flow.name,
    ...account.committed,
    vanished: 0,
    seconds: (performance.now() - started) / 1000,
    rejectedByCode: account.rejectedByCode,
    changed: account.changed,
  };
};

const open = async (
  plan: Plan,
  { database, signal, log }: Pick<RunOptions, "database" | "signal" | "log">,
): Promise<Database> => {
  if (typeof database === "object") return { ...database, [Symbol.asyncDispose]: async () => {} };
  return openDatabase(database ?? plan.database.reveal(), {
    signal,
    embeddedFolder: join(dirname(plan.file), ".runner", "db"),
    onNotice: log.info,
  });
};

const lazily = (openNow: () => Promise<Database>): Database => {
  let opened: Promise<Database> | undefined;
  return {
    label: "",
    isEmbedded: false,
    session: async () => {
      opened ??= openNow();
      return (await opened).session();
    },
    [Symbol.asyncDispose]: async () => (await opened)?.[Symbol.asyncDispose](),
  };
};

const chosenFlows = (plan: Plan, names: readonly string[] | undefined): readonly FlowPlan[] => {
  if (names === undefined || names.length === 0) return plan.flows;
  const known = plan.flows.map(({ name }) => name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw unknownFlow(wrong, known);
  return plan.flows.filter(({ name }) => names.includes(name));
};

const setUp = async (database: Database, scripts: readonly string[]): Promise<void> => {
  if (scripts.length === 0) return;
  await using session = await database.session();
  for (const script of scripts) await runScript(session, script);
};

const rejectPath = (plan: Plan, run: string): string =>
  join(dirname(plan.file), ".runner", "rejects", `${plan.name}-${run}.ndjson`);

const statusOf = (error: unknown, signal: AbortSignal): RunSummary["status"] => {
  if (error === undefined) return "done";
  return signal.aborted ? "interrupted" : "failed";
};
