/** What a run and its rehearsal have in common: setup, then the flows in order, each with its account. */

import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import { FlowAccount } from "./core/accounting.ts";
import { basisOf } from "./core/basis.ts";
import type { Rejected } from "./core/batch.ts";
import type { Citation, Context, Export, Log } from "./core/component.ts";
import { type Counts, loadedOf } from "./core/counts.ts";
import { flowAftermath, RunnerError, unknownFlow } from "./core/errors.ts";
import { placedIn, runFlow } from "./core/flow.ts";
import type { FlowPlan, Plan } from "./core/plan.ts";
import { type Display, showProgress } from "./core/progress.ts";
import type { RejectFile } from "./core/reject-file.ts";
import type { Database } from "./core/session.ts";
import type { RunState, Undone } from "./core/state.ts";
import type { Stop } from "./core/stop.ts";
import type { Changes, Finding } from "./core/tally.ts";
import { countAttributes, type Span } from "./core/trace.ts";
import type { Confirm } from "./first-write.ts";
import { askDatabase } from "./postgres/ask.ts";
import { runChecks } from "./postgres/checks.ts";
import { comingFrom } from "./postgres/coming.ts";
import { openDatabase } from "./postgres/open.ts";
import { runScript } from "./postgres/script.ts";
import { advised } from "./reject-advice.ts";
import { type Replay, replayOf } from "./replay.ts";
import type { ConfirmName } from "./shared-name.ts";
import { version } from "./version.ts";

export interface RunOptions {
  /** Instead of the plan's own: `embedded`, a URL, or one that is open and stays open. */
  readonly database?: string | Database | undefined;
  /** Only these flows, in the plan's order; all when absent. */
  readonly flows?: readonly string[] | undefined;
  /** Asks services anew for what earlier runs asked for. */
  readonly isFresh?: boolean | undefined;
  /** For a plan, which forgets them: every row inserted and every value updated becomes a finding. */
  readonly isListing?: boolean | undefined;
  /** A file of repaired records, which come instead of the sources of their flows. */
  readonly replay?: string | undefined;
  /** Stops the run now; what is not committed is undone. */
  readonly signal: AbortSignal;
  /** Stops it with the next commit. */
  readonly soon?: AbortSignal | undefined;
  readonly log: Omit<Log, "now">;
  /** Where progress is drawn; absent for none. */
  readonly display?: Display | undefined;
  /** Asked before the first write into tables that hold rows of others; absent where nobody is to be asked. */
  readonly confirm?: Confirm | undefined;
  /** Asked where the name is another pipeline's; absent where nobody is to be asked. */
  readonly confirmName?: ConfirmName | undefined;
  /** The pipeline and its database as the user names them in commands. */
  readonly named?: string | undefined;
  /** Told when the run has a number. */
  readonly onBegin?: (run: { run: string; database: string }) => void;
  /** Told of each flow that is done. */
  readonly onFlow?: (flow: FlowSummary) => void;
  /** Told what the flow that the run ends in had set aside by then. */
  readonly onUndone?: (undone: Undone) => void;
  /** Told of the flow that the run ends in before its end, if it has committed a part. */
  readonly onPart?: (flow: FlowSummary) => void;
}

/** What became of the records of a flow: `read` is the sum of the other counts. */
export interface FlowSummary extends Counts {
  readonly name: string;
  readonly seconds: number;
  /** Rejects by code, most frequent first. */
  readonly rejectedByCode: readonly (readonly [string, number])[];
  /** The first rejects of each code. */
  readonly rejectExamples: ReadonlyMap<string, readonly Rejected[]>;
  /** Rows updated, by column, and a few examples. */
  readonly changed: Changes;
  /** The first rows of each kind that people should look at; all are in `runner.finding`. */
  readonly findings: readonly Finding[];
}

/** A run that has begun. */
export interface Running {
  readonly mode: "run" | "plan";
  readonly database: Database;
  readonly state: RunState;
  readonly rejectFile: RejectFile;
  readonly replay: Replay | undefined;
  readonly span: Span;
  readonly stop: Stop;
  /** By their text; flows add to it. */
  readonly citations: Map<string, Citation>;
  readonly options: RunOptions;
}

/** Runs these flows until one fails. */
export const runFlows = async (
  flows: readonly FlowPlan[],
  running: Running,
  onDone: (flow: FlowSummary) => void,
): Promise<void> => {
  for (const flow of flows) {
    const done = await oneFlow(flow, running);
    onDone(done);
    running.options.onFlow?.(done);
  }
};

/** Runs the scripts of `setup`; see `runScript` for `onSkipped`. */
export const setUp = async (
  database: Database,
  scripts: readonly string[],
  onSkipped?: (sql: string) => void,
): Promise<void> => {
  if (scripts.length === 0) return;
  await using session = await database.session();
  for (const script of scripts) await runScript(session, script, onSkipped);
};

/** The flows that are to run, and the repaired records that come instead of their sources, if any do; see `Replay`. */
export const whatToRun = async (
  plan: Plan,
  { flows, replay: path, signal }: Pick<RunOptions, "flows" | "replay" | "signal">,
): Promise<{ wanted: readonly FlowPlan[]; replay: Replay | undefined }> => {
  // A wrong name is wrong whether or not the file has records of it.
  const chosen = chosenFlows(plan, flows);
  if (path === undefined) return { wanted: chosen, replay: undefined };
  const replay = await replayOf(plan, path, signal);
  return { wanted: chosen.filter(({ name }) => replay.ids.has(name)), replay };
};

/** The flows of that name, in the plan's order; all when there is none. */
export const chosenFlows = (
  plan: Plan,
  names: readonly string[] | undefined,
): readonly FlowPlan[] => {
  const known = plan.flows.map(({ name }) => name);
  const wrong = names?.find((name) => !known.includes(name));
  if (wrong !== undefined) throw unknownFlow(wrong, known);
  return plan.flows.filter(isChosen(names));
};

/** Whether a flow is one of that name; where none is named, whether it runs without being named. */
export const isChosen =
  (names: readonly string[] | undefined) =>
  ({ name, isOnRequest }: Pick<FlowPlan, "name" | "isOnRequest">): boolean =>
    names === undefined || names.length === 0 ? !isOnRequest : names.includes(name);

/** Opens the plan's database, or the one that is given instead; one that is open already stays open. */
export const openFor = async (
  plan: Pick<Plan, "file" | "database">,
  { database, signal, log }: Pick<RunOptions, "database" | "signal" | "log">,
): Promise<Database> => {
  if (typeof database === "object") return { ...database, [Symbol.asyncDispose]: async () => {} };
  return openDatabase(database ?? plan.database.reveal(), {
    signal,
    embeddedFolder: join(dirname(plan.file), ".runner", "db"),
    onNotice: log.info,
  });
};

/** Runs the checks of a flow that is done, and warns of what is not well. */
const tellChecks = async (
  { name, checks: files = [] }: FlowPlan,
  { database, options: { log } }: Running,
): Promise<void> => {
  if (files.length === 0) return;
  await using session = await database.session();
  const nothing = { coming: comingFrom([]), known: {} };
  const verdicts = await runChecks(files, { ask: askDatabase(session), ...nothing });
  for (const { level, message } of verdicts) if (level !== "ok") log.warn(message, name);
};

/** What is said while a flow runs is said of it. */
const logOf = (flow: string, { log }: Pick<RunOptions, "log">): RunOptions["log"] => ({
  info: (sentence) => log.info(sentence, flow),
  warn: (sentence) => log.warn(sentence, flow),
});

const oneFlow = async (flow: FlowPlan, run: Running): Promise<FlowSummary> => {
  const { display, isFresh = false, isListing = false } = run.options;
  const { signal } = run.stop;
  const { database, rejectFile, state, mode } = run;
  const span = run.span.child("runner.flow", { "runner.flow": flow.name });
  const account = new FlowAccount({
    flow: flow.name,
    limits: flow.rejects,
    limitFor: flow.limitFor ?? (() => ({ place: flow.place })),
    rejectFile,
    state,
    signal,
    onCommit: () => run.stop.committed(),
    span,
    repaired: run.replay?.ids.get(flow.name),
  });
  const withAdvice = advised(flow);
  let whole: Export | undefined;
  const context: Context = {
    signal,
    soon: run.options.soon,
    loadsWhole: run.stop.loadsWhole,
    log: { ...logOf(flow.name, run.options), now: (words) => account.now(words) },
    database,
    mode,
    tally: () => withAdvice(account.tally()),
    run: {
      id: state.run,
      isFresh,
      isReplay: run.replay !== undefined,
      isListing,
      pipeline: state.pipeline,
      flow: flow.name,
      lock: state.lock,
    },
    basis: () => basisOf(flow, context, version),
    cite: async (citation) => {
      if (run.citations.has(citation.text)) return;
      await state.cite(citation);
      run.citations.set(citation.text, citation);
    },
    reads: ({ scope, identity }) => {
      // Rows of another pipeline are not to be missed in this one's exports.
      if (run.replay === undefined)
        whole = { scope: hash("sha256", `${state.pipeline}\n${scope}`), identity };
    },
    // Repaired records are a few of an export: what does not come among them is not missing.
    exportOf: async (name) => (run.replay === undefined ? state.exportOf(name) : undefined),
  };
  const started = performance.now();
  const summary = (): FlowSummary => ({
    name: flow.name,
    ...account.committed,
    seconds: (performance.now() - started) / 1000,
    rejectedByCode: account.rejectedByCode,
    rejectExamples: account.rejectExamples,
    changed: account.changed,
    findings: account.findings,
  });
  const endProgress = display ? showProgress(account, display) : () => undefined;
  try {
    run.stop.begin(account);
    signal.throwIfAborted();
    await span.within(() => runFlow(flow, context, account));
    if (whole !== undefined) await state.exported(flow.name, whole);
    await tellChecks(flow, run);
  } catch (thrown) {
    const error = await causeOf(thrown, account, flow, signal);
    if (error instanceof RunnerError) {
      error.aftermath = flowAftermath(flow.name, loadedOf(account.committed), mode);
    }
    account.end(error);
    span.end(countAttributes(account.committed), error);
    if (account.committed.read > 0) run.options.onPart?.(summary());
    if (account.setAside !== undefined) run.options.onUndone?.(account.setAside);
    throw error;
  } finally {
    endProgress();
  }
  span.end(countAttributes(account.committed));
  return summary();
};

/** Codes with which a reader sets aside what is no record: so comes out what a damaged archive has. */
const UNREADABLE = ["wrong_width", "invalid_utf8", "nul_character"];

/**
 * Why a flow failed: too many rejects may be those of a damaged input, and then who reads of them would look for
 * mistakes in the data. The checksum comes at the end of the input, which the flow did not get to.
 */
const causeOf = async (
  thrown: unknown,
  account: FlowAccount,
  flow: FlowPlan,
  signal: AbortSignal,
): Promise<unknown> => {
  if (!(thrown instanceof RunnerError) || thrown.code !== "too_many_rejects") return thrown;
  if (!account.rejectedByCode.some(([code]) => UNREADABLE.includes(code))) return thrown;
  account.now("looking whether the input is damaged");
  try {
    await account.input?.check?.(signal);
    return thrown;
  } catch (damage) {
    return signal.aborted ? thrown : placedIn(flow.source, damage);
  }
};
