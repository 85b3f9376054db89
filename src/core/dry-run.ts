import { Batch, type Input } from "./batch.ts";
import type { Complaint } from "./complaint.ts";
import type { Context, Source, Transform } from "./component.ts";
import { RunnerError } from "./errors.ts";
import type { FlowPlan, Plan, StagePlan } from "./plan.ts";

const nowhere: Input = { name: "", sizeBytes: undefined, identity: async () => "" };

/**
 * Runs the real transforms of each flow over one empty batch, so that a column that is not there is
 * found before anything is read. Sources and sinks are only made, not run.
 */
export const dryRun = async (plan: Plan): Promise<Complaint[]> => {
  const complaints: Complaint[] = [];
  for (const flow of plan.flows) {
    const complaint = await firstProblem(flow);
    if (complaint) complaints.push(complaint);
  }
  return complaints;
};

const firstProblem = async (flow: FlowPlan): Promise<Complaint | undefined> => {
  let stage: StagePlan = flow.source;
  try {
    flow.source.component.create({ ...flow.source.options });
    const columns = flow.source.component.columns?.({ ...flow.source.options });
    let batch = Batch.empty(nowhere, columns);
    for (const transform of flow.transforms) {
      stage = transform;
      batch = await transformed(transform, batch);
    }
    stage = flow.sink;
    flow.sink.component.create({ ...flow.sink.options });
    return undefined;
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    const place = error.subject === undefined ? stage.place : stage.locate(error.subject);
    return { code: error.code, message: error.message, place };
  }
};

const transformed = async ({ component, options }: StagePlan, batch: Batch): Promise<Batch> => {
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
  log: { info: () => undefined, warn: () => undefined },
  database: {
    label: "",
    isEmbedded: false,
    session: async () => forbidden(),
    [Symbol.asyncDispose]: async () => undefined,
  },
  mode: "validate",
  tally: forbidden,
};
