import { resolve } from "node:path";
import { type Complaint, formatComplaint } from "../core/complaint.ts";
import { type Loaded, loadPipeline } from "../core/pipeline-file.ts";
import { components } from "../registry.ts";
import { explainLine } from "./explain.ts";

/** Loads a pipeline to run it, and says what is wrong with it; then there is no plan. */
export const loadToRun = async (
  file: string,
  database: string | undefined,
  tell: (complaints: readonly Complaint[]) => void = tellComplaints,
): Promise<Loaded> => {
  const loaded = await loadPipeline(resolve(file), {
    components,
    environment: process.env,
    isOffline: false,
    database,
  });
  tell(loaded.complaints);
  return loaded;
};

/** Complaints for people, and how to learn more of them. */
export const tellComplaints = (complaints: readonly Complaint[]): void => {
  for (const complaint of complaints) console.error(`${formatComplaint(complaint)}\n`);
  if (complaints.length > 0) console.error(explainLine(complaints.map(({ code }) => code)));
};
