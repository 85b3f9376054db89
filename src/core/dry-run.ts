import { Batch, type Input } from "./batch.ts";
import type { Column } from "./columns.ts";
import type { Complain, Complaint } from "./complaint.ts";
import type { Context, Source, Transform } from "./component.ts";
import { RunnerError, unknownColumn, unknownColumns } from "./errors.ts";
import { inputColumns, isOfPipeline } from "./input-columns.ts";
import { slippedName } from "./nearest.ts";
import type { FlowDraft, StagePlan } from "./plan.ts";
import { readsWritten, writesWithOthers } from "./uses.ts";

const nowhere: Input = { name: "", sizeBytes: undefined, identity: async () => "" };

/**
 * Runs the real transforms of each flow over one empty batch, so that a column that is not there is
 * found before anything is read. Sources and sinks are only made, not run; of a local input that is here,
 * the beginning is read for its columns.
 *
 * Behind a stage of which nothing certain is known (it was complained of, or a variable of it has no
 * value) any column may exist, until a `project` closes the list again.
 */
export const dryRun = async (flows: readonly FlowDraft[]): Promise<Complaint[]> => {
  const complaints: Complaint[] = [];
  for (const flow of flows) complaints.push(...(await problemsOf(flow, flows)));
  return complaints;
};

const problemsOf = async (
  { source, transforms, sink }: FlowDraft,
  flows: readonly FlowDraft[],
): Promise<Complaint[]> => {
  const complaints: Complaint[] = [];
  const lacking = new Set<string>();
  const complain: Complain = (code, place, message, details) =>
    complaints.push({ code, place, message, ...details });
  const attempt = async (
    stage: StagePlan | undefined,
    before: Batch,
    work: (stage: StagePlan, before: Batch) => Batch | Promise<Batch>,
  ): Promise<Batch> => {
    if (stage === undefined) return anyColumns;
    if (stage.isPartial) {
      complaints.push(...(await certainProblems(stage, before)));
      return anyColumns;
    }
    const isUncertain = (stage.unset ?? []).length > 0;
    // A transform that wrote a column which it should have found made it no better.
    const known = before.names.filter((name) => !lacking.has(name));
    const columns = before.isClosed ? known : undefined;
    const { batch: noting, missed } = noted(before);
    try {
      if (!isUncertain) {
        const isShared = writesWithOthers(stage, flows);
        const names = flows.map(({ name }) => name);
        const around = { columns, isShared, flows: names, locate: stage.locate };
        await stage.component.check?.({ ...stage.options }, complain, around);
      }
      const batch = await work(stage, noting);
      for (const name of missed) lacking.add(name);
      complaints.push(...missingColumns([...missed], stage, known));
      return isUncertain && batch.names.some((name) => name.includes("${")) ? anyColumns : batch;
    } catch (error) {
      if (!isUncertain) complaints.push(complaintOf(error, stage));
      return anyColumns;
    }
  };
  // A repository of pipelines may have an empty file in the place of the data.
  const onDamage = (error: RunnerError) => {
    if (source === undefined || error.code === "archive_empty") return;
    complaints.push({ ...complaintOf(error, source), isWarning: true, isOfData: true });
  };
  let batch = await attempt(source, anyColumns, (stage) => given(stage, flows, onDamage));
  for (const transform of transforms) batch = await attempt(transform, batch, transformed);
  await attempt(sink, batch, made);
  return complaints;
};

/**
 * What is wrong with a component whatever its options are to be that were complained of: its documents, and
 * columns that it names and that do not come to it.
 */
const certainProblems = async (stage: StagePlan, before: Batch): Promise<Complaint[]> => {
  const complaints: Complaint[] = [];
  const { component, options, place, locate } = stage;
  const complain: Complain = (code, at, message, details) =>
    complaints.push({ code, place: at, message, ...details });
  // It may throw anything for want of an option.
  await component.check?.({ ...options }, complain).catch((error: unknown) => {
    const isOfOption = error instanceof RunnerError && error.subject !== undefined;
    if (isOfOption && locate(error.subject ?? "") !== place) {
      complaints.push(complaintOf(error, stage));
    }
  });
  if (component.kind !== "transform") return complaints;
  const { batch, missed } = noted(before);
  await transformed(stage, batch).catch(() => undefined);
  const named = [...missed].filter((name) => name !== undefined && locate(name) !== place);
  return [...complaints, ...missingColumns(named, stage, before.names)];
};

/** A batch that notes which columns it is asked for and does not have, instead of throwing at the first. */
const noted = (batch: Batch): { batch: Batch; missed: ReadonlySet<string> } => {
  const missed = new Set<string>();
  if (!batch.isClosed) return { batch, missed };
  const { names } = batch;
  const known = new Set(names);
  const get = (name: string): Column => {
    if (known.has(name)) return batch.column(name);
    missed.add(name);
    return anyColumns.column(name);
  };
  return { batch: batch.withOnly({ get, keys: () => names }), missed };
};

/** Each where it stands; those that the pipeline does not name, such as what a mapping reads, in one sentence. */
const missingColumns = (
  missed: readonly string[],
  { place, locate, times, unset = [] }: StagePlan,
  known: readonly string[],
): Complaint[] => {
  const certain = unset.length > 0 ? missed.filter((name) => !name.includes("${")) : missed;
  const named = certain.filter((name) => locate(name) !== place);
  const unnamed = certain.filter((name) => locate(name) === place);
  const told = named.map((name) => {
    const slip = slippedName(name, known);
    const { code, message } = unknownColumn(name, slip === undefined ? known : [slip]);
    const at = locate(name);
    const becomes = times(name) === 1 ? slip : undefined;
    return {
      code,
      message,
      place: at,
      ...(becomes ? { fix: { place: at, was: name, becomes } } : {}),
    };
  });
  if (unnamed.length === 0) return told;
  const { code, message } = unknownColumns(unnamed, known);
  return [...told, { code, message, place }];
};

/** Nothing is known of what comes. */
export const anyColumns = Batch.empty(nowhere);

const complaintOf = (error: unknown, stage: StagePlan): Complaint => {
  if (!(error instanceof RunnerError)) throw error;
  const { subject, position } = error;
  const place =
    error.place ?? (subject === undefined ? stage.place : stage.locate(subject, position));
  return { code: error.code, message: error.message, place };
};

/** What a source gives before it has read anything. Some mistakes show when a component is made. */
export const made = ({ component, options }: StagePlan): Batch => {
  component.create({ ...options });
  return Batch.empty(nowhere, component.columns?.({ ...options }));
};

/**
 * The same, with the columns of a local input that is here. Throws when the pipeline does not fit the input;
 * `onDamage` is told when the input itself is no good.
 */
export const given = async (
  stage: StagePlan,
  flows: readonly FlowDraft[],
  onDamage: (error: RunnerError) => void = () => undefined,
): Promise<Batch> => {
  const batch = made(stage);
  const isKnown = batch.isClosed || (stage.unset ?? []).length > 0 || readsWritten(stage, flows);
  if (isKnown) return batch;
  try {
    const names = await inputColumns(stage, context);
    return names ? Batch.empty(nowhere, names) : batch;
  } catch (error) {
    if (isOfPipeline(error)) throw error;
    if (error instanceof RunnerError) onDamage(error);
    return batch;
  }
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
  throw new Error("neither a source of files nor a transform without a record opens anything else");
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
  reads: () => undefined,
  exportOf: forbidden,
};
