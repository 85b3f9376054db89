import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { formatComplaint } from "../core/complaint.ts";
import { databaseUnset, unknownRun } from "../core/errors.ts";
import { hasHistory, type PastRun, pastRuns } from "../core/history.ts";
import { loadPipeline } from "../core/pipeline-file.ts";
import type { Plan } from "../core/plan.ts";
import type { Database, Session } from "../core/session.ts";
import { requireStateRights } from "../core/state-rights.ts";
import { components } from "../registry.ts";
import { openFor } from "../run-flows.ts";
import { databaseWords } from "./again.ts";

/** What a look at earlier runs needs: the pipeline, and a session in the database that has its runs. */
export interface Past {
  readonly plan: Plan;
  readonly database: Pick<Database, "label" | "isEmbedded">;
  readonly session: Session;
  /** How commands that are suggested name the database, where the user did. */
  readonly at: string;
}

/** Opens what has the runs of a pipeline, and gives the exit code of `work`; see `inDatabaseOf`. */
export const lookBack = (
  file: string,
  flags: { readonly database?: string },
  signal: AbortSignal,
  work: (past: Past) => Promise<number>,
): Promise<number> =>
  inDatabaseOf(file, flags, signal, async (past) => {
    const { plan, session, database } = past;
    await requireStateRights(session, database.label, "read");
    if (!(await hasHistory(session))) throw unknownRun(undefined, plan, database.label);
    return work(past);
  });

/**
 * Opens the database of a pipeline to look into it, and gives the exit code of `work`; 2 when the file is
 * wrong. The variables of its sources need no value: only the database is asked.
 */
export const inDatabaseOf = async (
  file: string,
  { database: given }: { readonly database?: string },
  signal: AbortSignal,
  work: (past: Past) => Promise<number>,
): Promise<number> => {
  const loaded = await loadPipeline(resolve(file), {
    components,
    environment: process.env,
    isOffline: true,
    database: given,
  });
  const { plan } = loaded;
  for (const complaint of loaded.complaints) console.error(`${formatComplaint(complaint)}\n`);
  if (plan === undefined) return 2;
  const url = given ?? plan.database.reveal();
  const unset = [...url.matchAll(/\$\{(\w+)[^}]*\}/g)].map(([, name]) => name ?? "");
  if (unset.length > 0) throw databaseUnset(unset);
  // To look is no reason to make a database.
  if (url === "embedded" && !existsSync(join(dirname(plan.file), ".runner", "db", "data"))) {
    throw unknownRun(undefined, plan, "the embedded database, which is not there");
  }
  const say = (text: string) => console.error(text);
  await using database = await openFor(plan, {
    database: given,
    signal,
    log: { info: say, warn: say },
  });
  await using session = await database.session();
  return await work({ plan, database, session, at: databaseWords(given) });
};

/** The run of that number, or the last one of the pipeline; there must be one. */
export const chosenRun = async (
  { plan, session, database, at }: Past,
  run: number | undefined,
): Promise<PastRun> => {
  const [found] = await pastRuns(session, plan.name, { limit: 1, run: run ?? null });
  if (found === undefined) throw unknownRun(run, { ...plan, at }, database.label);
  return found;
};

/** The last run of the pipeline that read its sources, and not repaired records. */
export const lastLoad = async ({ plan, session }: Past): Promise<PastRun | undefined> => {
  const [last] = await pastRuns(session, plan.name, { limit: 1, isLoad: true });
  return last;
};
