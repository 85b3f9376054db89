/** Reads the flows of a pipeline's YAML, those of included files in their places. */

import { absolutePath } from "./absolute-path.ts";
import type { Place } from "./errors.ts";
import { boundParameters } from "./include.ts";
import { STRICT } from "./limits.ts";
import { limitsOf } from "./limits-file.ts";
import { meantName } from "./nearest.ts";
import { partsOf } from "./options-check.ts";
import { flowOptions, includedOptions, includeOptions } from "./pipeline-schema.ts";
import { fileLabel } from "./place.ts";
import type { FlowDraft, LimitPlace } from "./plan.ts";
import { checksOf, noteUnset, type Reading, textIn } from "./reading.ts";
import { stageOf } from "./stage.ts";
import { lackingIn, withVariables } from "./variables.ts";
import { readYaml } from "./yaml-file.ts";
import {
  entryOf,
  isUnknown,
  plain,
  type YamlEntry,
  type YamlMap,
  type YamlValue,
} from "./yaml-value.ts";

/** The flows of a list, as far as each is right; `files` are those being read, against circles. */
export const flowsOf = async (
  value: YamlValue | undefined,
  reading: Reading,
  files: readonly string[],
): Promise<FlowDraft[]> => {
  const flows: FlowDraft[] = [];
  for (const item of value?.kind === "list" ? value.items : []) {
    const stray = strayWith(item);
    if (stray) {
      const message =
        "`with` belongs to an `include`: leave out its `-`, and indent it as far as `include`.";
      reading.complain("unknown_option", stray.keyPlace, message);
      flows.push(unknownFlow(item));
    } else if (item.kind !== "map") {
      if (!isUnknown(item)) reading.complain("wrong_type", item.place, noFlow(item));
      flows.push(unknownFlow(item));
    } else if (isInclude(item)) {
      flows.push(...(await includedFlows(item, reading, files)));
    } else {
      flows.push(flowOf(item, reading));
    }
  }
  return flows;
};

/** `- with:` in a line of its own, below its `- include:`. */
const strayWith = (item: YamlValue): YamlEntry | undefined => {
  const [only, other] = item.kind === "map" ? item.entries : [];
  return only?.key === "with" && other === undefined ? only : undefined;
};

const noFlow = (item: YamlValue): string => {
  const file = item.kind === "scalar" && /^\S+\.ya?ml$/.test(item.source) ? item.source : "";
  const include = file === "" ? "" : ` A file of flows is included: \`- include: ${file}\`.`;
  return `A flow is a map with \`name\`, \`source\` and \`sink\`.${include}`;
};

/** What may be any flow, or several. */
const unknownFlow = (value: YamlValue): FlowDraft => {
  const nothing = { source: undefined, transforms: [undefined], sink: undefined };
  return { name: "", place: value.place, rejects: STRICT, ...nothing, lacking: lackingIn(value) };
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
  const resolved = withParameters(raw, { item, place: target.place }, reading);
  const whole = { name: fileLabel(file), place: raw.place, complain };
  const { value } = partsOf(resolved, includedOptions, whole);
  const flows = entryOf(value, "flows")?.value;
  if (flows) noteUnset(flows, reading);
  return flowsOf(flows, reading, [...files, file]);
};

/** An included file with what `with` beside its `include` gives, and with its variables. */
const withParameters = (
  raw: YamlMap,
  { item, place }: { item: YamlValue; place: Place },
  reading: Reading,
): YamlMap => {
  const { complain } = reading;
  const parameters = boundParameters(entryOf(raw, "params")?.value, entryOf(item, "with")?.value, {
    place,
    complain,
    resolved: (fallback) =>
      withVariables(fallback, { ...reading, parameters: new Map() }, complain),
  });
  // The defaults in `params` are replaced where they are used, not here.
  const entries = raw.entries.map((entry) => {
    if (entry.key === "params") return entry;
    return { ...entry, value: withVariables(entry.value, { ...reading, parameters }, complain) };
  });
  return { ...raw, entries };
};

const flowOf = (given: YamlValue, reading: Reading): FlowDraft => {
  const { complain } = reading;
  const head = { name: textIn(given, "name") ?? "flow", place: given.place, complain };
  const { value } = partsOf(given, flowOptions, head);
  const onRequest = entryOf(value, "on_request")?.value;
  return {
    name: nameOf(value, reading),
    place: value.place,
    ...stagesOf(value, reading),
    rejects: limitsOf(value, complain),
    limitFor: limitIn(value),
    checks: checksOf(entryOf(value, "checks")?.value, complain),
    isOnRequest: onRequest !== undefined && plain(onRequest) === true,
    lacking: lackingIn(value),
  };
};

/** Notes it, and complains of one that is there already. */
const nameOf = (flow: YamlValue, { names, complain }: Reading): string => {
  const value = entryOf(flow, "name")?.value;
  const name = textIn(flow, "name") ?? "flow";
  if (value === undefined || isUnknown(value)) return name;
  const first = names.get(name);
  if (first) {
    const message = `A flow \`${name}\` is there already, at ${fileLabel(first.file)}:${first.line}.`;
    complain("duplicate_flow", value.place, message);
  }
  names.set(name, value.place);
  return name;
};

const stagesOf = (
  flow: YamlValue,
  reading: Reading,
): Pick<FlowDraft, "source" | "transforms" | "sink"> => {
  const list = entryOf(flow, "transforms")?.value;
  const items = list?.kind === "list" ? list.items : [];
  const isTorn = flow.kind === "map" && flow.isPartial;
  return {
    source: stageOf(entryOf(flow, "source")?.value, { ...reading, kind: "source" }),
    transforms: [
      ...items.map((item) => stageOf(item, { ...reading, kind: "transform" })),
      ...(isTorn ? [undefined] : []),
    ],
    sink: stageOf(entryOf(flow, "sink")?.value, { ...reading, kind: "sink" }),
  };
};

/** Where a limit is changed: one that a parameter gives at the include, and not in a file that others share. */
const limitIn = (flow: YamlValue) => {
  const limits = entryOf(flow, "rejects");
  return (code: string | undefined): LimitPlace => {
    const limit = limits && entryOf(limits.value, code ?? "max")?.value;
    if (limit?.parameter !== undefined) return { place: limit.place, parameter: limit.parameter };
    return { place: limits?.keyPlace ?? flow.place };
  };
};
