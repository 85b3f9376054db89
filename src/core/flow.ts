import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import type { FlowAccount } from "./accounting.ts";
import type { Batch } from "./batch.ts";
import type { Commit, Context, Sink, Source, Transform } from "./component.ts";
import { RunnerError, statementFailed } from "./errors.ts";
import type { FlowPlan, StagePlan } from "./plan.ts";
import { isDatabaseError } from "./session.ts";

/**
 * Runs one flow: source → transforms → sink as one backpressured pipeline.
 *
 * Resolves when everything is committed. Rejects with the first error, which then says in which part
 * of the YAML it happened; what was not committed is undone by then.
 */
export const runFlow = async (
  flow: FlowPlan,
  context: Context,
  account: FlowAccount,
): Promise<void> => {
  const { signal } = context;
  const sink = stage<Sink>(flow.sink);
  let drained: Promise<void> | undefined;
  try {
    await pipeline(
      recordsOf(flow, context),
      (batches: AsyncIterable<Batch>) => account.watch(batches),
      (batches: AsyncIterable<Batch>) => located(flow.sink, sink(batches, context)),
      (commits: AsyncIterable<Commit>) => {
        drained = drain(commits, signal);
        return drained;
      },
      { signal },
    );
  } finally {
    // On abort, `pipeline` rejects at once; the sink is still rolling back, perhaps on a shared session.
    await drained?.catch(() => undefined);
  }
  signal.throwIfAborted();
};

const drain = async (commits: AsyncIterable<Commit>, signal: AbortSignal): Promise<void> => {
  for await (const _ of commits) signal.throwIfAborted();
};

/** The batches of a flow after its transforms, as its sink gets them. */
export const recordsOf = (flow: FlowPlan, context: Context): AsyncIterable<Batch> => {
  const source = stage<Source>(flow.source);
  let batches = untilAborted(located(flow.source, source(context)), context.signal);
  for (const plan of flow.transforms) {
    const transform = stage<Transform>(plan);
    batches = located(plan, transform(batches, context));
  }
  return batches;
};

const stage = <Stage extends Source | Transform | Sink>({ component, options }: StagePlan): Stage =>
  component.create(options as Record<string, unknown>) as Stage;

/**
 * Passes batches on until the signal is aborted, then throws, also while it waits for one.
 *
 * `pipeline` destroys streams on abort but lets a generator that ignores the signal run to its end,
 * and the sink would commit what the user cancelled. A read of a pipe or disk that has stalled cannot be
 * called back: such a source is left behind, so that the sink can undo what it has done.
 */
async function* untilAborted(
  batches: AsyncIterable<Batch>,
  signal: AbortSignal,
): AsyncGenerator<Batch> {
  const iterator = batches[Symbol.asyncIterator]();
  let stop: ((reason: unknown) => void) | undefined;
  const abort = () => stop?.(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      // No `race` with one promise for the whole flow: that would keep all batches until its end.
      const next = await new Promise<IteratorResult<Batch>>((resolve, reject) => {
        stop = reject;
        iterator.next().then(resolve, reject);
      });
      signal.throwIfAborted();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    const closed = iterator.return?.();
    if (signal.aborted) await closedInTime(closed);
    else await closed;
  }
}

/** Sources that do listen close at once, on a session that they may share with the sink: that goes first. */
const CLOSING_MS = 1000;

const closedInTime = async (closed: Promise<unknown> | undefined): Promise<void> => {
  const over = new AbortController();
  const late = setTimeout(CLOSING_MS, undefined, { signal: over.signal });
  await Promise.race([closed, late].map((one) => one?.catch(() => undefined)));
  over.abort();
};

/** Adds to an error of this stage where the stage stands in the YAML. */
async function* located<T>(plan: StagePlan, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (thrown) {
    throw placedIn(plan, thrown);
  }
}

/** An error of a stage, with the place of the stage in the YAML. */
export const placedIn = (plan: StagePlan, thrown: unknown): unknown => {
  const error = isDatabaseError(thrown)
    ? statementFailed(thrown.message, { ...thrown, sqlstate: thrown.code }, thrown)
    : thrown;
  // The stage that threw is the innermost: those around it leave its place alone.
  if (error instanceof RunnerError && error.place === undefined) {
    error.place =
      error.subject === undefined ? plan.place : plan.locate(error.subject, error.position);
  }
  return error;
};
