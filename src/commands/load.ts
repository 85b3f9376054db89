import { resolve } from "node:path";
import { type Complaint, distinct, formatComplaint } from "../core/complaint.ts";
import { type Loaded, type LoadOptions, loadPipeline } from "../core/pipeline-file.ts";
import { formatPlace } from "../core/place.ts";
import type { FlowPlan } from "../core/plan.ts";
import { missingInputs } from "../core/uses.ts";
import { components } from "../registry.ts";
import { explainLines } from "./explain.ts";

/**
 * Loads a pipeline to run it, and says what is wrong with it; then there is no plan. That a file which one
 * of the flows reads is not there is known now, before a script or another flow has changed anything.
 */
export const loadToRun = async (
  file: string,
  database: string | undefined,
  {
    flows,
    isWanted,
    tell = tellComplaints,
  }: {
    /** Whose inputs must be there; of all when absent. */
    flows?: readonly string[] | "first" | undefined;
    /** Whose variables must have a value; all when absent. */
    isWanted?: LoadOptions["isWanted"];
    tell?: (complaints: readonly Complaint[]) => void;
  } = {},
): Promise<Loaded> => {
  const loaded = await loadPipeline(resolve(file), {
    components,
    environment: process.env,
    isOffline: false,
    database,
    ...(isWanted ? { isWanted } : {}),
  });
  const chosen = (loaded.plan?.flows ?? []).filter(({ name }, at) =>
    flows === "first" ? at === 0 : (flows?.includes(name) ?? true),
  );
  const complaints = distinct([...loaded.complaints, ...missingInputs(chosen)]);
  const plan = complaints.length === 0 ? loaded.plan : undefined;
  tell([...(plan ? notAtOnce(loaded.warnings, chosen) : loaded.warnings), ...complaints]);
  return { ...loaded, complaints, plan };
};

/** Warnings without the one for which the first flow will stop: it would be read twice, one below the other. */
const notAtOnce = (
  warnings: readonly Complaint[],
  [first]: readonly FlowPlan[],
): readonly Complaint[] => {
  const where = first && formatPlace(first.source.place);
  const stops = warnings.find(({ isOfData, place }) => isOfData && formatPlace(place) === where);
  return warnings.filter(({ message }) => message !== stops?.message);
};

/** Complaints for people, and how to learn more of them. */
export const tellComplaints = (complaints: readonly Complaint[]): void => {
  for (const complaint of complaints) console.error(`${formatComplaint(complaint)}\n`);
  for (const line of explainLines(complaints.map(({ code }) => code))) console.error(line);
};
