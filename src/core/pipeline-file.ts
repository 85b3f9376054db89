/** Reads a pipeline file into a plan, and says everything that is wrong with it in one go. */

import { existsSync } from "node:fs";
import {
  type Complain,
  type Complaint,
  causesAlone,
  credible,
  distinct,
  inOrder,
  renamed,
} from "./complaint.ts";
import type { Component } from "./component.ts";
import { dryRun } from "./dry-run.ts";
import { badDatabaseUrl, type Place, passwordInPipeline } from "./errors.ts";
import { boundParameters } from "./include.ts";
import { STRICT } from "./limits.ts";
import { codesIn, limitsOf } from "./limits-file.ts";
import { meantName } from "./nearest.ts";
import { WHOLE_PIPELINE } from "./option-sentences.ts";
import { absolutePath, partsOf } from "./options-check.ts";
import {
  flowOptions,
  includedOptions,
  includeOptions,
  pipelineOptions,
} from "./pipeline-schema.ts";
import { fileLabel, withoutPasswords } from "./place.ts";
import type { FlowDraft, FlowPlan, Plan } from "./plan.ts";
import { Secret } from "./secret.ts";
import { stageOf } from "./stage.ts";
import { followUses, missingInputs } from "./uses.ts";
import { type Lacking, lackingIn, withVariables } from "./variables.ts";
import { readYaml } from "./yaml-file.ts";
import {
  entryOf,
  isUnknown,
  plain,
  unsetIn,
  type YamlMap,
  type YamlScalar,
  type YamlValue,
} from "./yaml-value.ts";

export interface LoadOptions {
  readonly components: readonly Component[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether variables may be unset: for `validate`, which needs no secrets. */
  readonly isOffline: boolean;
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

/** What is passed down while files are read. */
interface Reading extends LoadOptions {
  readonly complain: Complain;
  readonly unset: Set<string>;
  readonly names: Map<string, Place>;
  readonly included: Set<string>;
}

/** Loads a pipeline. Throws only for what is not the user's fault. */
export const loadPipeline = async (file: string, options: LoadOptions): Promise<Loaded> => {
  const complaints: Complaint[] = [];
  const complain: Complain = (code, place, message, details) => {
    complaints.push({ code, place, message, ...details });
  };
  const reading: Reading = {
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

/** A complaint tells the value that is wrong; a secret may stand where it does not belong. */
const discreet = (complaint: Complaint, environment: LoadOptions["environment"]): Complaint => {
  let message = withoutPasswords(complaint.message);
  for (const [name, value] of Object.entries(environment)) {
    if (!SECRET_NAME.test(name) || value === undefined || value.length < SECRET_LENGTH) continue;
    message = message
      .replaceAll(value, "***")
      .replaceAll(JSON.stringify(value).slice(1, -1), "***");
  }
  return { ...complaint, message };
};

/** Variables that are secret by their name. */
const SECRET_NAME = /PASSWORD|PASSWD|_PWD$|SECRET|TOKEN|API_?KEY/i;

/** A shorter value would blot out ordinary words. */
const SECRET_LENGTH = 6;

/** A pipeline as far as its file is right. */
export type PlanDraft = Omit<Plan, "flows"> & {
  readonly flows: readonly FlowDraft[];
  readonly namePlace: Place | undefined;
  /** The variables without a value that it needs besides those of its flows. */
  readonly lacking: readonly Lacking[];
  /** Whether a part of the file could not be read. */
  readonly isTorn: boolean;
};

const isWhole = (flow: FlowDraft): flow is FlowPlan =>
  flow.source !== undefined && flow.sink !== undefined && !flow.transforms.includes(undefined);

const draftOf = async (file: string, reading: Reading): Promise<PlanDraft | undefined> => {
  const { complain } = reading;
  const raw = await readYaml(file, complain);
  if (raw === undefined) return undefined;
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
  const checks = scriptsOf(entryOf(value, "checks")?.value, complain);
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

/** Parameters and aliases were complained of where they stand; only variables can be set. */
const noteUnset = (value: YamlValue, { unset }: Reading): void => {
  for (const name of unsetIn(value)) if (/^\w+$/.test(name)) unset.add(name);
};

const withoutEntry = (value: YamlValue, key: string): YamlValue =>
  value.kind === "map"
    ? { ...value, entries: value.entries.filter((entry) => entry.key !== key) }
    : value;

/** Whether a text says which database is meant, be it by a variable without a value. */
export const isDatabase = (text: string): boolean =>
  /^(embedded$|postgres(ql)?:\/\/|socket:)|\$\{/.test(text);

const databaseOf = (value: YamlValue | undefined, { database, complain }: Reading): string => {
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

const scriptsOf = (value: YamlValue | undefined, complain: Complain): string[] => {
  const scripts = value?.kind === "list" ? value.items : [];
  return scripts
    .filter((item): item is YamlScalar => item.kind === "scalar")
    .map((item) => {
      if (item.unset?.length) return String(item.value);
      const path = absolutePath(String(item.value), item);
      if (!existsSync(path)) {
        complain("file_missing", item.place, `The script ${fileLabel(path)} is not there.`);
      }
      return path;
    });
};

/** The flows of a list, included files in their places; `files` are those being read, against circles. */
const flowsOf = async (
  value: YamlValue | undefined,
  reading: Reading,
  files: readonly string[],
): Promise<FlowDraft[]> => {
  const flows: FlowDraft[] = [];
  for (const item of value?.kind === "list" ? value.items : []) {
    if (item.kind !== "map") {
      const message = "A flow is a map with `name`, `source` and `sink`.";
      if (!isUnknown(item)) reading.complain("wrong_type", item.place, message);
      flows.push(unknownFlow(item));
    } else if (isInclude(item)) {
      flows.push(...(await includedFlows(item, reading, files)));
    } else {
      flows.push(flowOf(item, reading));
    }
  }
  return flows;
};

/** Also by a misspelt word, where nothing says that it is a flow. */
const isInclude = (item: YamlMap): boolean =>
  entryOf(item, "include") !== undefined ||
  (entryOf(item, "source") === undefined &&
    item.entries.some(({ key }) => meantName(key, INCLUDE_OR_FLOW) === "include"));

const INCLUDE_OR_FLOW = [
  ...Object.keys(includeOptions.properties),
  ...Object.keys(flowOptions.properties),
];

/** What may be any flow, or several. */
const unknownFlow = (value: YamlValue): FlowDraft => {
  const nothing = { source: undefined, transforms: [undefined], sink: undefined };
  return { name: "", place: value.place, rejects: STRICT, ...nothing, lacking: lackingIn(value) };
};

const includedFlows = async (
  given: YamlValue,
  reading: Reading,
  files: readonly string[],
): Promise<FlowDraft[]> => {
  const { complain } = reading;
  const head = { name: "include", place: given.place, complain };
  const { value: item } = partsOf(given, includeOptions, head);
  const target = entryOf(item, "include")?.value;
  if (target?.kind !== "scalar" || isUnknown(target) || typeof target.value !== "string") {
    return [unknownFlow(item)];
  }
  const file = absolutePath(target.value, target);
  if (files.includes(file)) {
    const circle = [...files, file].map(fileLabel).join(" → ");
    complain("include_circle", target.place, `The file includes itself: ${circle}.`);
    return [unknownFlow(item)];
  }
  reading.included.add(file);
  const raw = await readYaml(file, complain, target.place);
  if (raw?.kind !== "map") {
    const message = "An included file is a map with `flows` and, if need be, `params`.";
    if (raw) complain("no_flows", raw.place, message);
    return [unknownFlow(item)];
  }
  const parameters = boundParameters(entryOf(raw, "params")?.value, entryOf(item, "with")?.value, {
    place: target.place,
    complain,
    resolved: (fallback) =>
      withVariables(fallback, { ...reading, parameters: new Map() }, complain),
  });
  // The defaults in `params` are replaced where they are used, not here.
  const entries = raw.entries.map((entry) => {
    if (entry.key === "params") return entry;
    return { ...entry, value: withVariables(entry.value, { ...reading, parameters }, complain) };
  });
  const whole = { name: fileLabel(file), place: raw.place, complain };
  const { value } = partsOf({ ...raw, entries }, includedOptions, whole);
  const flows = entryOf(value, "flows")?.value;
  if (flows) noteUnset(flows, reading);
  return flowsOf(flows, reading, [...files, file]);
};

const flowOf = (given: YamlValue, reading: Reading): FlowDraft => {
  const { complain } = reading;
  const head = { name: textIn(given, "name") ?? "flow", place: given.place, complain };
  const { value } = partsOf(given, flowOptions, head);
  const nameValue = entryOf(value, "name")?.value;
  const name = textIn(value, "name") ?? "flow";
  if (nameValue && !isUnknown(nameValue)) {
    const first = reading.names.get(name);
    if (first) {
      complain(
        "duplicate_flow",
        nameValue.place,
        `A flow \`${name}\` is there already, at ${fileLabel(first.file)}:${first.line}.`,
      );
    }
    reading.names.set(name, nameValue.place);
  }
  const source = stageOf(entryOf(value, "source")?.value, { ...reading, kind: "source" });
  const list = entryOf(value, "transforms")?.value;
  const items = list?.kind === "list" ? list.items : [];
  const known = items.map((item) => stageOf(item, { ...reading, kind: "transform" }));
  const isTorn = value.kind === "map" && value.isPartial;
  const transforms = isTorn ? [...known, undefined] : known;
  const sink = stageOf(entryOf(value, "sink")?.value, { ...reading, kind: "sink" });
  const limits = entryOf(value, "rejects");
  const rejects = limitsOf(limits?.value, codesIn(value), complain);
  const onRequest = entryOf(value, "on_request")?.value;
  const isOnRequest = onRequest !== undefined && plain(onRequest) === true;
  const checks = scriptsOf(entryOf(value, "checks")?.value, complain);
  const rejectsPlace = (code: string | undefined): Place => {
    const limit = limits && entryOf(limits.value, code ?? "max")?.value;
    // Who gave a parameter is to change it there, and not in a file that others share.
    const isGiven = limit?.kind === "scalar" && limit.usedAt !== undefined;
    return isGiven ? limit.place : (limits?.keyPlace ?? value.place);
  };
  const places = { place: value.place, rejectsPlace };
  const lacking = lackingIn(value);
  return { name, ...places, source, transforms, sink, rejects, checks, isOnRequest, lacking };
};

const textIn = (value: YamlValue, key: string): string | undefined => {
  const text = entryOf(value, key)?.value;
  return text?.kind === "scalar" && text.value !== null && !isUnknown(text)
    ? String(text.value)
    : undefined;
};
