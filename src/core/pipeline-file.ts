/** Reads a pipeline file into a plan, and says everything that is wrong with it in one go. */

import {
  type Complain,
  type Complaint,
  causesAlone,
  credible,
  distinct,
  inOrder,
  renamed,
} from "./complaint.ts";
import { discreet } from "./discreet.ts";
import { dryRun } from "./dry-run.ts";
import { badDatabaseUrl, passwordInPipeline } from "./errors.ts";
import { flowsOf } from "./flows-file.ts";
import { WHOLE_PIPELINE } from "./option-sentences.ts";
import { partsOf } from "./options-check.ts";
import { pipelineOptions } from "./pipeline-schema.ts";
import { fileLabel, withoutPasswords } from "./place.ts";
import type { FlowDraft, FlowPlan, Plan } from "./plan.ts";
import { RUNNER } from "./program.ts";
import {
  checksOf,
  noteUnset,
  type Reading,
  type ReadingOptions,
  scriptsOf,
  textIn,
} from "./reading.ts";
import { Secret } from "./secret.ts";
import { followUses, missingInputs } from "./uses.ts";
import { type Lacking, lackingIn, withVariables } from "./variables.ts";
import { readYaml } from "./yaml-file.ts";
import { entryOf, type YamlValue } from "./yaml-value.ts";

export interface LoadOptions extends ReadingOptions {
  /** Takes the place of the file's `database`, whose variables need no value then. */
  readonly database?: string | undefined;
  /** Says of each flow whether it is to run: the variables of others need no value. All are, when absent. */
  readonly isWanted?: (flow: Pick<FlowPlan, "name" | "isOnRequest">, at: number) => boolean;
}

export interface Loaded {
  /** Undefined when there are complaints. Offline, the text of variables without a value stands in it. */
  readonly plan: Plan | undefined;
  /** In the order of the files. */
  readonly complaints: readonly Complaint[];
  /** What is odd and may be meant: it hinders nothing. */
  readonly warnings: readonly Complaint[];
  /** Variables without a value or default; only when offline. */
  readonly variables: readonly string[];
  /** The plan as far as it is right; undefined when what it is called or shares cannot be read. */
  readonly draft: PlanDraft | undefined;
  /** Names of the flows, included ones too, as far as they can be read. */
  readonly flows: readonly string[];
  /** Absolute paths of the files that it includes. */
  readonly included: readonly string[];
}

type LoadReading = Reading & Pick<LoadOptions, "database">;

/** Loads a pipeline. Throws only for what is not the user's fault. */
export const loadPipeline = async (file: string, options: LoadOptions): Promise<Loaded> => {
  const complaints: Complaint[] = [];
  const complain: Complain = (code, place, message, details) => {
    complaints.push({ code, place, message, ...details });
  };
  const reading: LoadReading = {
    ...options,
    complain,
    unset: new Set(),
    names: new Map(),
    included: new Set(),
  };
  const draft = await draftOf(file, reading);
  if (draft) {
    complaints.push(...(await dryRun(draft.flows)));
    complaints.push(...followUses(draft.flows, draft.setup));
    // A repository of pipelines rarely has the data; whoever runs one asks for those of the flows that run.
    const missing = options.isOffline ? missingInputs(draft.flows) : [];
    complaints.push(...missing.map((one) => ({ ...one, isWarning: true })));
    complaints.push(...(options.isOffline ? [] : withoutValue(draft, options)));
  }
  const flows = draft?.flows.filter(isWhole) ?? [];
  const all = inOrder(causesAlone(credible(distinct(complaints)))).map((one) =>
    discreet(one, options.environment),
  );
  const errors = all.filter(({ isWarning }) => !isWarning);
  return {
    plan: draft && errors.length === 0 ? { ...draft, flows } : undefined,
    complaints: errors,
    warnings: all.filter(({ isWarning }) => isWarning),
    variables: [...reading.unset],
    draft: draft?.isTorn ? undefined : draft,
    flows: [...reading.names.keys()],
    included: [...reading.included],
  };
};

/** The variables that must have a value for what is to run, each once, however often it is used. */
const withoutValue = (
  { lacking, flows }: PlanDraft,
  { isWanted = () => true }: LoadOptions,
): Complaint[] => {
  // What could not be read may be any flow.
  const wanted = flows.filter((flow, at) => flow.name === "" || isWanted(flow, at));
  const all = [...lacking, ...wanted.flatMap((flow) => flow.lacking ?? [])];
  const first = new Map(all.toReversed().map((one) => [one.name, one]));
  return [...first.values()].map(({ place, message }) => ({
    code: "variable_unset",
    place,
    message,
  }));
};

/** A pipeline as far as its file is right. */
export type PlanDraft = Omit<Plan, "flows"> & {
  readonly flows: readonly FlowDraft[];
  /** The variables without a value that it needs besides those of its flows. */
  readonly lacking: readonly Lacking[];
  /** Whether a part of the file could not be read. */
  readonly isTorn: boolean;
};

const isWhole = (flow: FlowDraft): flow is FlowPlan =>
  flow.source !== undefined && flow.sink !== undefined && !flow.transforms.includes(undefined);

const draftOf = async (file: string, reading: LoadReading): Promise<PlanDraft | undefined> => {
  const { complain } = reading;
  const raw = await readYaml(file, complain);
  if (raw === undefined) return undefined;
  if (entryOf(raw, "tests") && !entryOf(raw, "flows")) {
    const message = `This is a file of tests: \`${RUNNER} test ${fileLabel(file)}\` runs them.`;
    complain("no_pipeline", raw.place, message);
    return undefined;
  }
  if (raw.kind !== "map") {
    complain("no_pipeline", raw.place, "A pipeline is a map with `name` and `flows`.");
    return undefined;
  }
  warnOfPassword(entryOf(raw, "database")?.value, complain);
  const own = reading.database === undefined ? raw : withoutEntry(raw, "database");
  const resolved = withVariables(own, { ...reading, parameters: undefined }, complain);
  noteUnset(resolved, reading);
  const { value, options } = partsOf(resolved, pipelineOptions, {
    name: WHOLE_PIPELINE,
    place: raw.place,
    complain,
  });
  const flows = await flowsOf(entryOf(value, "flows")?.value, reading, [file]);
  const setup = scriptsOf(entryOf(value, "setup")?.value, complain);
  const checks = checksOf(entryOf(value, "checks")?.value, complain);
  const database = databaseOf(entryOf(value, "database")?.value, reading);
  return {
    name: textIn(value, "name") ?? "",
    namePlace: entryOf(value, "name")?.value.place,
    description: options.description as string | undefined,
    file,
    database: new Secret(database),
    lock: textIn(value, "lock"),
    setup,
    checks,
    flows,
    lacking: lackingIn(withoutEntry(value, "flows")),
    isTorn: raw.isPartial === true,
  };
};

const withoutEntry = (value: YamlValue, key: string): YamlValue =>
  value.kind === "map"
    ? { ...value, entries: value.entries.filter((entry) => entry.key !== key) }
    : value;

/** Whether a text says which database is meant, be it by a variable without a value. */
export const isDatabase = (text: string): boolean =>
  /^(embedded$|postgres(ql)?:\/\/|socket:)|\$\{/.test(text);

const databaseOf = (value: YamlValue | undefined, { database, complain }: LoadReading): string => {
  if (database !== undefined) return database;
  if (value?.kind !== "scalar" || typeof value.value !== "string") return "embedded";
  if (!value.unset?.length && !isDatabase(value.value)) {
    const { code, message } = badDatabaseUrl(value.value);
    complain(code, value.place, message, renamed(value.place, value.source, ["embedded"]));
  }
  return value.value;
};

/** As it is written, before variables have their values: `${PGPASSWORD}` in a URL is no password. */
const warnOfPassword = (value: YamlValue | undefined, complain: Complain): void => {
  if (value?.kind !== "scalar" || typeof value.value !== "string") return;
  if (withoutPasswords(value.value) === value.value) return;
  const { code, message } = passwordInPipeline();
  complain(code, value.place, message, { isWarning: true });
};
