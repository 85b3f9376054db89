import { resolve } from "node:path";
import { formatComplaint } from "../core/complaint.ts";
import { type Loaded, loadPipeline } from "../core/pipeline-file.ts";
import { missingInputs } from "../core/uses.ts";
import { components } from "../registry.ts";
import { explainLine } from "./explain.ts";

/**
 * Loads a pipeline to run it, and says what is wrong with it; then there is no plan. That a file which one
 * of the flows reads is not there is known now, before a script or another flow has changed anything.
 */
export const loadToRun = async (
  file: string,
  database: string | undefined,
  flows?: readonly string[],
): Promise<Loaded> => {
  const loaded = await loadPipeline(resolve(file), {
    components,
    environment: process.env,
    isOffline: false,
    database,
  });
  const chosen = loaded.plan?.flows.filter(({ name }) => flows?.includes(name) ?? true) ?? [];
  const complaints = [...loaded.complaints, ...missingInputs(chosen)];
  for (const complaint of [...loaded.warnings, ...complaints]) {
    console.error(`${formatComplaint(complaint)}\n`);
  }
  if (complaints.length > 0) console.error(explainLine(complaints.map(({ code }) => code)));
  return { ...loaded, complaints, plan: complaints.length === 0 ? loaded.plan : undefined };
};
