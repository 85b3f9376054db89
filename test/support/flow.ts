/** Plans and flows out of components, without a YAML file. */

import { join } from "node:path";
import { Type } from "typebox";
import { Batch, type Input, type Rejected } from "../../src/core/batch.ts";
import { TextColumn } from "../../src/core/columns.ts";
import { type Component, type Context, defineSource } from "../../src/core/component.ts";
import { type RejectLimits, STRICT } from "../../src/core/limits.ts";
import type { Schema } from "../../src/core/option-schema.ts";
import type { FlowPlan, Plan, StagePlan } from "../../src/core/plan.ts";
import { Secret } from "../../src/core/secret.ts";
import type { RunOptions } from "../../src/run-flows.ts";
import { type RunSummary, runPipeline } from "../../src/runner.ts";
import type { TestDatabase } from "./database.ts";

const place = { file: "test.yaml", line: 1, column: 1 };

/** A stage of a plan, with the defaults of its options; what it says of places is made up. */
export const stage = (component: Component, options: object = {}): StagePlan => ({
  component,
  options: { ...defaultsOf(component), ...options },
  place,
  locate: () => place,
  times: () => 0,
});

const defaultsOf = ({ options }: Component): object =>
  Object.fromEntries(
    Object.entries((options as Schema).properties ?? {}).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );

type Row = Readonly<Record<string, string | null>>;

/** A batch of these rows, found at `input.txt:1`, `:2` … */
export const batchOf = (
  rows: readonly Row[],
  from = 1,
  input: Input = inputNamed("input.txt"),
): Batch => {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return Batch.from({
    columns: new Map(
      names.map((name) => [name, new TextColumn(rows.map((row) => row[name] ?? null))]),
    ),
    size: rows.length,
    input,
    record: (row) => ({
      place: `${input.name}:${from + row}`,
      raw: Object.values(rows[row] ?? {}).join("\t"),
    }),
    bytes: 100 * rows.length,
  });
};

export const inputNamed = (name: string, identity = name): Input => ({
  name,
  sizeBytes: undefined,
  identity: async () => identity,
});

/** A source that gives these batches. */
export const sourceOf = (
  batches: readonly Batch[] | ((context: Context) => AsyncIterable<Batch>),
): StagePlan =>
  stage(
    defineSource({
      name: "given",
      summary: "Batches of a test.",
      options: Type.Object({}),
      example: "given: {}",
      create: () =>
        async function* (context) {
          yield* typeof batches === "function" ? batches(context) : batches;
        },
    }),
  );

/** A source of rows, in one batch. */
export const rowsSource = (rows: readonly Row[], input?: Input): StagePlan =>
  sourceOf([batchOf(rows, 1, input)]);

/** A flow from a source to a sink. */
export const flowOf = (
  parts: { source: StagePlan; sink: StagePlan } & Partial<FlowPlan>,
): FlowPlan => ({
  name: "flow",
  place,
  transforms: [],
  rejects: STRICT,
  ...parts,
});

export const allowing = (rows: number): RejectLimits => ({ max: { rows }, byCode: new Map() });

export const planOf = (
  database: TestDatabase,
  flows: readonly FlowPlan[],
  more: Partial<Plan> = {},
): Plan => ({
  name: "test",
  description: undefined,
  file: join(database.folder, "test.yaml"),
  database: new Secret(database.url),
  setup: [],
  flows,
  ...more,
});

/** Runs flows; `said` has what the log was told. */
export const run = async (
  database: TestDatabase,
  flows: readonly FlowPlan[],
  more: Partial<Plan> & Partial<RunOptions> = {},
): Promise<RunSummary & { said: string[] }> => {
  const said: string[] = [];
  const { database: _, flows: __, ...plan } = more;
  const summary = await runPipeline(planOf(database, flows, plan), {
    database: database.opened,
    signal: more.signal ?? new AbortController().signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
    soon: more.soon,
    replay: more.replay,
    ...(more.onFlow ? { onFlow: more.onFlow } : {}),
  });
  return { ...summary, said };
};

/** The rejects of a batch, without the raw text. */
export const rejectsOf = (batch: Batch): Omit<Rejected, "raw">[] =>
  batch.rejects.map(({ place: at, code, message }) => ({ place: at, code, message }));
