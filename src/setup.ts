/** Sets a database up for a pipeline, or takes back what its components have made there; runs no flow. */

import { anyColumns, made, transformed } from "./core/dry-run.ts";
import { messageOf } from "./core/errors.ts";
import { withoutPasswords } from "./core/place.ts";
import type { FlowPlan, Plan } from "./core/plan.ts";
import { type Database, inTransaction, type Session } from "./core/session.ts";
import { beginRun, type WITHOUT_FLOWS } from "./core/state.ts";
import { openFor, type RunOptions, setUp } from "./run-flows.ts";
import { version } from "./version.ts";

export type SetupOptions = Pick<RunOptions, "database" | "signal" | "log">;

/** Runs the pipeline's scripts and makes what its components offer in the database; says what, a sentence each. */
export const setUpPipeline = (plan: Plan, options: SetupOptions): Promise<readonly string[]> =>
  alone(plan, options, "setup", async (session, database) => {
    await setUp(database, plan.setup);
    return eachFlow(plan, session, async ({ name, sink, ...flow }) => {
      const { component } = sink;
      if (component.install === undefined) return [];
      const run = { pipeline: plan.name, flow: name, lock: plan.lock };
      const names = await namesOf(flow);
      return component.install(sink.options as Record<string, unknown>, { session, names, run });
    });
  });

/** Removes what `setUpPipeline` made by the components; what the scripts made, and all data, stays. */
export const uninstallPipeline = (plan: Plan, options: SetupOptions): Promise<readonly string[]> =>
  alone(plan, options, "uninstall", (session) =>
    eachFlow(plan, session, async ({ sink: { component, options: own } }) =>
      component.uninstall === undefined ? [] : component.uninstall({ ...own }, session),
    ),
  );

/** Does it while no run of the pipeline, or of one with the same lock, is at work; the history says so. */
const alone = async (
  plan: Plan,
  options: SetupOptions,
  what: (typeof WITHOUT_FLOWS)[number],
  work: (session: Session, database: Database) => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  await using database = await openFor(plan, options);
  await using holder = await database.session();
  await using session = await database.session();
  const { name: pipeline, lock } = plan;
  const run = await beginRun(database, holder, { pipeline, version, lock, isRehearsal: false });
  try {
    const done = await work(session, database);
    await run.finish(what);
    return done;
  } catch (error) {
    await run.finish("failed", withoutPasswords(messageOf(error)));
    throw error;
  }
};

const eachFlow = async (
  { flows }: Plan,
  session: Session,
  work: (flow: FlowPlan) => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const done: string[] = [];
  for (const flow of flows) done.push(...(await inTransaction(session, () => work(flow))));
  return done;
};

/** The columns that come to a flow's sink, as its stages tell them without a record. */
const namesOf = async ({
  source,
  transforms,
}: Pick<FlowPlan, "source" | "transforms">): Promise<readonly string[]> => {
  let batch = source.component.columns ? made(source) : anyColumns;
  for (const transform of transforms) batch = await transformed(transform, batch);
  return batch.names;
};
