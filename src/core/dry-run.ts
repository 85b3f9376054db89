import { Batch, type Input } from "./batch.ts";
import type { Complain, Complaint } from "./complaint.ts";
import type { Context, Source, Transform } from "./component.ts";
import { RunnerError } from "./errors.ts";
import type { FlowDraft, StagePlan } from "./plan.ts";

const nowhere: Input = { name: "", sizeBytes: undefined, identity: async () => "" };

/**
 * Runs the real transforms of each flow over one empty batch, so that a column that is not there is
 * found before anything is read. Sources and sinks are only made, not run.
 *
 * Behind a stage of which nothing certain is known (it was complained of, or a variable of it has no
 * value) any column may exist, until a `project` closes the list again.
 */
export const dryRun = async (flows: readonly FlowDraft[]): Promise<Complaint[]> => {
  const complaints: Complaint[] = [];
  for (const flow of flows) complaints.push(...(await problemsOf(flow)));
  return complaints;
};

const problemsOf = async ({ source, transforms, sink }: FlowDraft): Promise<Complaint[]> => {
  const complaints: Complaint[] = [];
  const complain: Complain = (code, place, message, details) =>
    complaints.push({ code, place, message, ...details });
  const attempt = async (
    stage: StagePlan | undefined,
    before: Batch,
    work: (stage: StagePlan, before: Batch) => Batch | Promise<Batch>,
  ): Promise<Batch> => {
    if (stage === undefined) return anyColumns;
    const isUncertain = (stage.unset ?? []).length > 0;
    const columns = before.isClosed ? before.names : undefined;
    try {
      if (!isUncertain) await stage.component.check?.({ ...stage.options }, complain, columns);
      const batch = await work(stage, before);
      return isUncertain && batch.names.some((name) => name.includes("${")) ? anyColumns : batch;
    } catch (error) {
      if (!isUncertain) complaints.push(complaintOf(error, stage));
      return anyColumns;
    }
  };
  let batch = await attempt(source, anyColumns, made);
  for (const transform of transforms) batch = await attempt(transform, batch, transformed);
  await attempt(sink, batch, made);
  return complaints;
};

/** Nothing is known of what comes. */
export const anyColumns = Batch.empty(nowhere);

const complaintOf = (error: unknown, stage: StagePlan): Complaint => {
  if (!(error instanceof RunnerError)) throw error;
  const place = error.subject === undefined ? stage.place : stage.locate(error.subject);
  return { code: error.code, message: error.message, place };
};

/** What a source gives before it has read anything. Some mistakes show when a component is made. */
export const made = ({ component, options }: StagePlan): Batch => {
  component.create({ ...options });
  return Batch.empty(nowhere, component.columns?.({ ...options }));
};

/** What a transform makes of a batch, without a database. */
export const transformed = async (
  { component, options }: StagePlan,
  batch: Batch,
): Promise<Batch> => {
  const transform = component.create({ ...options }) as Source | Transform as Transform;
  async function* one(): AsyncGenerator<Batch> {
    yield batch;
  }
  for await (const result of transform(one(), context)) return result;
  return batch;
};

const forbidden = (): never => {
  throw new Error("a transform opens nothing before its first record");
};

const context: Context = {
  signal: new AbortController().signal,
  log: { info: () => undefined, warn: () => undefined, now: () => undefined },
  database: {
    label: "",
    isEmbedded: false,
    session: async () => forbidden(),
    [Symbol.asyncDispose]: async () => undefined,
  },
  mode: "validate",
  tally: forbidden,
  run: { id: "", isFresh: false, isReplay: false, pipeline: "", flow: "", lock: undefined },
  basis: forbidden,
  cite: forbidden,
  reads: forbidden,
  exportOf: forbidden,
};
