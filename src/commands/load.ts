import { resolve } from "node:path";
import { formatComplaint } from "../core/complaint.ts";
import { type Loaded, loadPipeline } from "../core/pipeline-file.ts";
import { components } from "../registry.ts";
import { explainLine } from "./explain.ts";

/** Loads a pipeline to run it, and says what is wrong with it; then there is no plan. */
export const loadToRun = async (file: string, database: string | undefined): Promise<Loaded> => {
  const loaded = await loadPipeline(resolve(file), {
    components,
    environment: process.env,
    isOffline: false,
    database,
  });
  for (const complaint of loaded.complaints) console.error(`${formatComplaint(complaint)}\n`);
  if (loaded.complaints.length > 0)
    console.error(explainLine(loaded.complaints.map(({ code }) => code)));
  return loaded;
};
