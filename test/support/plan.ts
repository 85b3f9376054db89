import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatComplaint } from "../../src/core/complaint.ts";
import { loadPipeline } from "../../src/core/pipeline-file.ts";
import type { Plan } from "../../src/core/plan.ts";
import { components } from "../../src/registry.ts";
import type { TestDatabase } from "./database.ts";

/** The plan of a pipeline written in a test; throws what is wrong with it. */
export const planFrom = async (yaml: string, { folder }: TestDatabase): Promise<Plan> => {
  const file = join(folder, "pipeline.yaml");
  await writeFile(file, yaml);
  const { plan, complaints } = await loadPipeline(file, {
    components,
    environment: process.env,
    isOffline: false,
  });
  if (plan === undefined) throw new Error(complaints.map(formatComplaint).join("\n"));
  return plan;
};
