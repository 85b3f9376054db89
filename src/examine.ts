/** Examines a plan before it runs: walks its flows and asks each component whether all that it needs is there. */

import type { Batch } from "./core/batch.ts";
import { cureOf } from "./core/codes.ts";
import type { Component } from "./core/component.ts";
import { anyColumns, given, transformed } from "./core/dry-run.ts";
import { knownRejects, type Place, RunnerError } from "./core/errors.ts";
import {
  anythingComing,
  type Coming,
  judgedHere,
  type Verdict,
  type View,
} from "./core/examination.ts";
import type { Limit } from "./core/limits.ts";
import type { FlowDraft, StagePlan } from "./core/plan.ts";
import { type Asking, verdictOf } from "./postgres/ask.ts";

/** A verdict, and the part of the pipeline that it is about. */
export interface Located extends Verdict {
  readonly flow: string;
  readonly component: string;
  readonly place: Place;
}

/** What is lent for the examination of a plan. */
export interface Examining {
  readonly ask: Asking;
  readonly coming: Coming;
  readonly signal: AbortSignal;
}

/** What is known of a plan before it runs. */
export interface Examined {
  /** In the order of the flows. */
  readonly verdicts: readonly Located[];
  /** Records that are known already, by flow, as its source will give them. */
  readonly known: Readonly<Record<string, readonly object[]>>;
}

/**
 * What the components of a plan say, as far as it can be read. Each gets what the one before gives, as far as that
 * is known: columns, their types, a few records. Nothing is run but transforms that open nothing.
 */
export const examinePlan = async (
  { flows }: { readonly flows: readonly FlowDraft[] },
  examining: Examining,
): Promise<Examined> => {
  const verdicts: Located[] = [];
  const known: Record<string, readonly object[]> = {};
  let { coming } = examining;
  for (const flow of flows) {
    const tell = (verdict: Located) => verdicts.push(verdict);
    known[flow.name] = recordsIn(await examineFlow(flow, { ...examining, coming, flows }, tell));
    // Nobody knows what it writes.
    if (!isKnown(flow.sink)) coming = anythingComing(coming);
  }
  return { verdicts, known };
};

const isKnown = (stage: StagePlan | undefined): stage is StagePlan =>
  stage !== undefined && stage.isPartial !== true;

const recordsIn = (batch: Batch): readonly object[] =>
  [...batch.rows].map((row) =>
    Object.fromEntries(batch.names.map((name) => [name, batch.column(name).text(row)])),
  );

/** Gives what is known of the source's records. */
const examineFlow = async (
  flow: FlowDraft,
  examining: Examining & { readonly flows: readonly FlowDraft[] },
  tellOne: (verdict: Located) => void,
): Promise<Batch> => {
  const tellOf = (stage: StagePlan) => (verdict: Verdict) => {
    const { subject, position } = verdict;
    const place = subject === undefined ? stage.place : stage.locate(subject, position);
    tellOne({ ...verdict, flow: flow.name, component: stage.component.name, place });
  };
  const examined = async (
    stage: StagePlan | undefined,
    batch: Batch,
  ): Promise<Batch | undefined> => {
    if (!isKnown(stage)) return anyColumns;
    const { component, options, unset = [] } = stage;
    // What a variable without a value stands for is not known.
    if (component.examine === undefined || unset.length > 0) return undefined;
    const tell = tellOf(stage);
    return component.examine(options as Record<string, unknown>, viewOf(batch, examining, tell));
  };
  const first =
    (await examined(flow.source, anyColumns)) ??
    (await known(flow.source as StagePlan, (stage) =>
      given(stage, examining.flows, (error) => tellOf(stage)(judgedHere("problem", error))),
    ));
  let batch = first;
  for (const stage of flow.transforms) {
    const before = batch;
    batch =
      (await examined(stage, before)) ??
      (await known(stage as StagePlan, (one) => transformed(one, comingTo(one.component, before))));
    if (stage) tellRejects(batch, before, { flow, tell: tellOf(stage) });
  }
  await examined(flow.sink, batch);
  return first;
};

/** Without a database, a component that asks it knows nothing of single records. */
const comingTo = ({ examine }: Component, batch: Batch): Batch =>
  examine === undefined ? batch : batch.keep(new Uint32Array());

/** Mistakes that show without a database were complained of before. */
const known = async (
  stage: StagePlan,
  work: (stage: StagePlan) => Batch | Promise<Batch>,
): Promise<Batch> => {
  if ((stage.unset ?? []).length > 0) return anyColumns;
  try {
    return await work(stage);
  } catch (error) {
    if (error instanceof RunnerError) return anyColumns;
    throw error;
  }
};

const viewOf = (batch: Batch, { ask, coming, signal }: Examining, tell: View["tell"]): View => ({
  batch,
  coming,
  signal,
  ask: async (work) => {
    const { answer, error } = await ask(work);
    const verdict = error === undefined ? undefined : verdictOf(error, coming);
    if (verdict) tell(verdict);
    return answer;
  },
  tell,
});

/** Records that are known already and would be set aside; a problem when the flow would fail for them. */
const tellRejects = (
  after: Batch,
  before: Batch,
  { flow, tell }: { flow: Pick<FlowDraft, "rejects">; tell: View["tell"] },
): void => {
  const rejects = after.rejects.slice(before.rejects.length);
  for (const code of new Set(rejects.map((reject) => reject.code))) {
    const messages = rejects.filter((reject) => reject.code === code).map(({ message }) => message);
    const limit = flow.rejects.byCode.get(code) ?? flow.rejects.max;
    const { message } = knownRejects(code, messages, cureOf([code]));
    tell({ level: isAbove(limit, messages.length) ? "problem" : "warning", code, message });
  }
};

/** A share of what is not known in full says nothing. */
const isAbove = (limit: Limit, rejects: number): boolean =>
  limit !== "any" && "rows" in limit && rejects > limit.rows;
