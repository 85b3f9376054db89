/** The pipelines that come with the project, run in a test's own folder. */

import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatComplaint } from "../../src/core/complaint.ts";
import { loadPipeline } from "../../src/core/pipeline-file.ts";
import type { Plan } from "../../src/core/plan.ts";
import { components } from "../../src/registry.ts";
import { type Rehearsal, rehearsePipeline } from "../../src/rehearsal.ts";
import { type RunSummary, runPipeline } from "../../src/runner.ts";
import type { TestDatabase } from "./database.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Copies `pipelines` and the sample beside it; gives the folder of the copy. */
export const copyPipelines = async ({ folder }: { folder: string }): Promise<string> => {
  const to = join(folder, "pipelines");
  await cp(join(root, "pipelines"), to, {
    recursive: true,
    filter: (path) => !path.includes(".runner"),
  });
  await cp(join(root, "samples"), join(folder, "samples"), {
    recursive: true,
    filter: (path) => !path.endsWith(".ts"),
  });
  return to;
};

/** Runs a pipeline file in the test's database; throws what is wrong with the file. */
export const runFile = async (
  file: string,
  { opened }: TestDatabase,
  { flows, environment = {} }: { flows?: readonly string[]; environment?: NodeJS.ProcessEnv } = {},
): Promise<RunSummary & { said: string[] }> => {
  const plan = await loaded(file, environment);
  const said: string[] = [];
  const summary = await runPipeline(plan, {
    database: opened,
    flows,
    signal: new AbortController().signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
  });
  return { ...summary, said };
};

/** Plans a run of a pipeline file in the test's database: what it would do. */
export const planFile = async (
  file: string,
  { opened }: TestDatabase,
  { flows }: { flows?: readonly string[] } = {},
): Promise<Rehearsal & { said: string[] }> => {
  const said: string[] = [];
  const rehearsal = await rehearsePipeline(await loaded(file), {
    database: opened,
    flows,
    lockTimeoutSecs: 10,
    signal: new AbortController().signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
  });
  return { ...rehearsal, said };
};

/** The plan of a pipeline file; throws what is wrong with the file. */
export const loaded = async (file: string, environment: NodeJS.ProcessEnv = {}): Promise<Plan> => {
  const { plan, complaints } = await loadPipeline(file, {
    components,
    environment: { ...process.env, ...environment },
    isOffline: false,
  });
  if (plan === undefined) throw new Error(complaints.map(formatComplaint).join("\n"));
  return plan;
};

/** The SQL of docs/safety.md that undoes what a run has done to rows of this kind. */
export const undoing = async (kind: string, run: string | undefined): Promise<string> => {
  const page = await readFile(join(root, "docs/safety.md"), "utf8");
  const blocks = [...page.matchAll(/```sql\n([^`]*)```/g)].map(([, sql = ""]) => sql);
  const sql = blocks.find((block) => block.includes(`kind = '${kind}'`)) ?? "";
  return sql.replaceAll("run = 12", `run = ${run}`);
};
