import { resolve } from "node:path";
import { formatComplaint } from "../core/complaint.ts";
import { loadPipeline } from "../core/pipeline-file.ts";
import type { Plan } from "../core/plan.ts";
import { components } from "../registry.ts";

/** Loads a pipeline to run it; says what is wrong with it and gives undefined. */
export const loadToRun = async (
  file: string,
  database: string | undefined,
): Promise<Plan | undefined> => {
  const { plan, complaints } = await loadPipeline(resolve(file), {
    components,
    environment: process.env,
    isOffline: false,
    database,
  });
  for (const complaint of complaints) console.error(`${formatComplaint(complaint)}\n`);
  return plan;
};
