/** Whoever copied a pipeline and left its name is to know before it goes on with the memory of the first. */

import { readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { nameShared, type RunnerError } from "./core/errors.ts";
import { fileLabel } from "./core/place.ts";
import type { Plan } from "./core/plan.ts";
import type { Database, Session } from "./core/session.ts";
import type { RunState } from "./core/state.ts";
import { readYaml } from "./core/yaml-file.ts";
import { entryOf } from "./core/yaml-value.ts";

/** Asks whether a run may go on with the memory of what is another pipeline, and why it is asked. */
export type ConfirmName = (why: RunnerError) => Promise<boolean>;

interface Running {
  readonly plan: Plan;
  readonly state: RunState;
  readonly database: Pick<Database, "isEmbedded">;
}

/**
 * Asks where the name is another pipeline's; throws `name_shared` when the answer is no. What passes is remembered,
 * but for a copy that still says the same: it is asked about as soon as it does not.
 */
export const askBeforeSharedName = async (
  session: Session,
  running: Running,
  confirm: ConfirmName | undefined,
): Promise<void> => {
  const last = await lastFile(session, running);
  const shared = last?.is === "another" ? sharedBy(running.plan, last) : undefined;
  if (shared !== undefined && confirm !== undefined && !(await confirm(shared))) throw shared;
  const file = last?.is === "same" ? last.file : realPath(running.plan.file);
  await session.query("update runner.run set file = $2 where run = $1", [running.state.run, file]);
};

/**
 * What is to be said when the last run of the name came from another pipeline. A file that was moved or renamed is no
 * longer where it was; one that says the same is the same pipeline in another place, such as a second clone of a repository.
 */
export const sharedName = async (
  session: Session,
  running: Running,
): Promise<RunnerError | undefined> => {
  const last = await lastFile(session, running);
  return last?.is === "another" ? sharedBy(running.plan, last) : undefined;
};

/** The file of the last run of the name, when it is not this one and this one never ran. */
interface Last {
  readonly file: string;
  readonly run: string;
  readonly is: "another" | "same" | "gone";
}

const sharedBy = (plan: Plan, last: Last): RunnerError => {
  const error = nameShared(plan.name, fileLabel(last.file), last.run);
  error.place = plan.namePlace;
  return error;
};

const lastFile = async (
  session: Session,
  { plan, state, database }: Running,
): Promise<Last | undefined> => {
  const { rows } = await session.query<{ file: string; run: string }>(
    `select file, max(run)::text as run from runner.run
      where pipeline = $1 and file is not null group by file order by max(run) desc`,
    [state.pipeline],
  );
  const [last] = rows;
  const own = realPath(plan.file);
  if (last === undefined || rows.some(({ file }) => file === own)) return undefined;
  // An embedded database is its folder's own: a file elsewhere is what the folder was copied from.
  if (database.isEmbedded && dirname(last.file) !== dirname(own)) return undefined;
  return { ...last, is: await whatIs(last.file, plan) };
};

/** Whether a file is a pipeline of the same name that says something else. */
const whatIs = async (file: string, { name, file: own }: Plan): Promise<Last["is"]> => {
  try {
    if (readFileSync(file).equals(readFileSync(own))) return "same";
  } catch {
    return "gone";
  }
  const value = await readYaml(file, () => undefined);
  const other = value && entryOf(value, "name")?.value;
  return other?.kind === "scalar" && String(other.value) === name ? "another" : "gone";
};

/** Without the links on the way, so that one file has one name. */
const realPath = (file: string): string => {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
};
