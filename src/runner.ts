/** Runs a plan: opens the database, takes the lease, runs setup and the flows in order, keeps the account. */

import { dirname, join } from "node:path";
import type { Batch } from "./core/batch.ts";
import type { Citation, Context } from "./core/component.ts";
import { messageOf, RunnerError } from "./core/errors.ts";
import { recordsOf } from "./core/flow.ts";
import { withoutPasswords } from "./core/place.ts";
import type { Plan } from "./core/plan.ts";
import { RejectFile } from "./core/reject-file.ts";
import type { Database } from "./core/session.ts";
import { beginRun, type RunState, type RunStatus, type Undone } from "./core/state.ts";
import { stopAtCommit } from "./core/stop.ts";
import { beginSpan } from "./core/trace.ts";
import { writesTables } from "./core/uses.ts";
import { askBeforeFirstWrite, tablesThere } from "./first-write.ts";
import {
  chosenFlows,
  type FlowSummary,
  openFor,
  type RunOptions,
  runFlows,
  setUp,
  whatToRun,
} from "./run-flows.ts";
import { askBeforeSharedName } from "./shared-name.ts";
import { version } from "./version.ts";

export interface RunSummary {
  /** Number of the run in `runner.run`; undefined when it did not get so far. */
  readonly run: string | undefined;
  readonly pipeline: string;
  readonly status: Extract<RunStatus, "done" | "failed" | "interrupted">;
  /** The flows that are done, in order. */
  readonly flows: readonly FlowSummary[];
  /** What is committed of the flow that did not get to its end; undefined when that is nothing. */
  readonly part: FlowSummary | undefined;
  /** Why the run is not `done`. */
  readonly error: unknown;
  /** Whether a flow of the pipeline loads a table. */
  readonly loadsTables: boolean;
  /** Where the rejects are, if there are any. */
  readonly rejectFile: string | undefined;
  readonly database: string;
  /** What the data of this run must be cited as. */
  readonly citations: readonly Citation[];
}

/** Runs the flows of a plan until one fails. Never throws: what went wrong is in the summary. */
export const runPipeline = async (plan: Plan, given: RunOptions): Promise<RunSummary> => {
  const stop = stopAtCommit(given);
  let part: FlowSummary | undefined;
  const onPart = (flow: FlowSummary) => {
    part = flow;
  };
  let undone: Undone | undefined;
  const onUndone = (aside: Undone) => {
    undone = aside;
  };
  const options = { ...given, signal: stop.signal, onPart, onUndone };
  const span = await beginSpan("runner.run", version, { "runner.pipeline": plan.name });
  const flows: FlowSummary[] = [];
  const citations = new Map<string, Citation>();
  let run: RunState | undefined;
  let rejectFile: RejectFile | undefined;
  let label = "";
  let error: unknown;
  try {
    const { wanted, replay } = await whatToRun(plan, options);
    await using database = await openFor(plan, options);
    label = database.label;
    await using session = await database.session();
    run = await beginRun(database, session, {
      pipeline: plan.name,
      version,
      lock: plan.lock,
      replay: replay?.file,
      isRehearsal: false,
    });
    rejectFile = new RejectFile(rejectPath(plan, database, run.run));
    try {
      const { confirm, confirmName } = options;
      await askBeforeSharedName(session, { plan, state: run, database }, confirmName);
      const due = (await replay?.flowsWith(session, wanted, options.log)) ?? wanted;
      const before = await tablesThere(session);
      await setUp(database, plan.setup);
      if (confirm) {
        const what = { plan, flows: wanted, state: run };
        await askBeforeFirstWrite(session, what, {
          before,
          confirm,
          named: given.named,
          signal: stop.signal,
        });
      }
      given.onBegin?.({ run: run.run, database: label });
      const parts = { database, state: run, rejectFile, replay, citations, options };
      const running = { ...parts, stop, span, mode: "run" } as const;
      await runFlows(due, running, (flow) => flows.push(flow));
    } catch (thrown) {
      error = thrown;
    }
    rejectFile.close();
    const isRefused = error instanceof RunnerError && REFUSALS.includes(error.code);
    const ending = statusOf(error, options.signal);
    await run.finish(
      isRefused ? "refused" : ending,
      ending === "interrupted"
        ? stoppedBy(options.signal)
        : error === undefined
          ? undefined
          : messageFor(error),
      undone,
    );
  } catch (thrown) {
    error ??= thrown;
  }
  const status = statusOf(error, options.signal);
  span.end({ "runner.run": run?.run ?? "", "runner.status": status }, error);
  return {
    run: run?.run,
    pipeline: plan.name,
    status,
    flows,
    part,
    error,
    loadsTables: writesTables(plan.flows),
    rejectFile: rejectFile && rejectFile.sizeBytes > 0 ? rejectFile.path : undefined,
    database: label,
    citations: [...citations.values()],
  };
};

/** Somebody was asked, and said no. */
const REFUSALS = ["first_write", "name_shared"];

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
  const database = lazily(() => openFor(plan, options));
  const tally = () => {
    throw new Error("a preview commits nothing");
  };
  const context: Context = {
    signal: options.signal,
    log: { ...options.log, now: () => undefined },
    database,
    mode: "preview",
    tally,
    run: { id: "", isFresh: false, isReplay: false, pipeline: "", flow: "", lock: undefined },
    basis: async () => "",
    cite: async () => undefined,
    reads: () => undefined,
    exportOf: async () => undefined,
  };
  async function* batches(): AsyncGenerator<Batch> {
    await using _ = database;
    if (chosen) yield* recordsOf(chosen, context);
  }
  return batches();
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

/**
 * Where the rejects of a run are: below the pipeline's folder, by database, as each counts its own runs.
 * The user is left out, so that colleagues find the same file.
 */
export const rejectPath = (
  plan: Plan,
  { label, isEmbedded }: Pick<Database, "label" | "isEmbedded">,
  run: string,
): string => {
  const where = label
    .replace(/^\w+:\/\/[^@]*@/, "")
    .replaceAll(/[^\w.]+/g, "-")
    .replace(/^-/, "");
  const folder = join(dirname(plan.file), ".runner", "rejects", isEmbedded ? "embedded" : where);
  return join(folder, `${plan.name}-${run}.ndjson`);
};

const messageFor = (error: unknown): string => withoutPasswords(messageOf(error));

/** What was under way says that it was cancelled, each part in its own words: nobody needs those. */
const stoppedBy = ({ reason }: AbortSignal): string =>
  typeof reason === "string" ? `Stopped by ${reason}.` : "Stopped.";

const statusOf = (error: unknown, signal: AbortSignal): RunSummary["status"] => {
  if (error === undefined) return "done";
  return signal.aborted ? "interrupted" : "failed";
};
