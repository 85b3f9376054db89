import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Complaint, distinct, formatComplaint } from "../core/complaint.ts";
import { messageOf, nearest } from "../core/errors.ts";
import { expandPipeline } from "../core/expand.ts";
import { type Loaded, loadPipeline } from "../core/pipeline-file.ts";
import { fileLabel, inclusions } from "../core/place.ts";
import { readYaml } from "../core/yaml-file.ts";
import { components } from "../registry.ts";
import { explainLine, languageOf } from "./explain.ts";

export interface ValidateFlags {
  readonly format: "text" | "json" | "github";
  readonly print?: boolean;
}

/** `runner validate FILE|DIR…`: offline, no secrets, no database; 2 when something is wrong. */
export const validateCommand = async (
  targets: readonly string[],
  flags: ValidateFlags,
): Promise<number> => {
  const loaded = new Map<string, Loaded>();
  const load = async (file: string) => {
    const options = { components, environment: process.env, isOffline: true };
    loaded.set(file, await loadPipeline(file, options));
  };
  const others: string[] = [];
  for (const target of targets) {
    const { pipelines, parts } = await filesOf(resolve(target));
    if (pipelines.length + parts.length === 0) {
      console.error(
        `There is no pipeline in ${fileLabel(resolve(target))}: no \`.yaml\` file with a \`name\` and \`flows\`.`,
      );
      return 2;
    }
    for (const file of pipelines) await load(file);
    others.push(...parts);
  }
  const included = new Set([...loaded.values()].flatMap((one) => one.included));
  const alone = others.filter((file) => !included.has(file));
  // Without `params` it is a pipeline whose name was forgotten or misspelt.
  const unchecked: string[] = [];
  for (const file of alone) await ((await hasParameters(file)) ? unchecked.push(file) : load(file));
  const complaints = distinct([...loaded.values()].flatMap((one) => one.complaints));
  if (flags.format === "json") console.log(JSON.stringify(jsonReport(loaded, complaints), null, 2));
  else if (flags.format === "github") for (const one of complaints) console.log(annotation(one));
  else for (const one of complaints) console.error(`${formatComplaint(one)}\n`);
  if (flags.format === "text") for (const [file, one] of loaded) reportFile(file, one, flags);
  for (const file of unchecked) {
    console.error(`${fileLabel(file)}: no pipeline here includes it, so it was not checked.`);
  }
  if (complaints.length === 0) return 0;
  if (flags.format === "text")
    console.error(
      explainLine(
        complaints.map(({ code }) => code),
        languageOf(process.env),
      ),
    );
  return 2;
};

const reportFile = (
  file: string,
  { plan, complaints, flows, variables }: Loaded,
  { print }: ValidateFlags,
) => {
  const label = fileLabel(file);
  const problems = complaints.length === 1 ? "1 problem" : `${complaints.length} problems`;
  const counted = flows.length === 1 ? "1 flow" : `${flows.length} flows`;
  const unset = variables.length > 0 ? ` Needs to run: ${variables.join(", ")}.` : "";
  if (complaints.length > 0) console.error(`${label}: ${problems}.`);
  else if (!print) console.log(`${label}: ${counted}, all right.${unset}`);
  else if (plan) console.log(expandPipeline(plan).trimEnd());
};

/** A file itself is a pipeline; below a folder, `parts` are files of flows that others may include. */
const filesOf = async (target: string): Promise<{ pipelines: string[]; parts: string[] }> => {
  const info = await stat(target).catch(() => undefined);
  if (!info?.isDirectory()) return { pipelines: [target], parts: [] };
  const found = await readdir(target, { recursive: true, withFileTypes: true });
  const files = found
    .filter((file) => file.isFile() && /\.ya?ml$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .filter((file) => !/[/\\](node_modules|\.\w+)[/\\]/.test(file.slice(target.length)))
    .sort();
  const pipelines: string[] = [];
  const parts: string[] = [];
  for (const file of files) {
    const keys = await keysOf(file);
    // A file that cannot be read counts, so that it is complained of; one without flows is no business of ours.
    if (keys?.some((key) => key === "flows" || nearest(key, ["flows"]).length > 0) === false)
      continue;
    const isPart = keys !== undefined && (keys.includes("params") || !keys.includes("name"));
    (isPart ? parts : pipelines).push(file);
  }
  return { pipelines, parts };
};

const keysOf = async (file: string): Promise<string[] | undefined> => {
  const value = await readYaml(file, () => undefined);
  if (value === undefined) return undefined;
  return value.kind === "map" ? value.entries.map(({ key }) => key) : [];
};

const hasParameters = async (file: string): Promise<boolean> =>
  (await keysOf(file))?.includes("params") === true;

const jsonReport = (loaded: ReadonlyMap<string, Loaded>, complaints: readonly Complaint[]) => ({
  files: [...loaded].map(([file, { flows, variables }]) => ({
    file: fileLabel(file),
    flows,
    variables,
  })),
  complaints: complaints.map(({ code, message, place }) => ({
    code,
    message,
    file: fileLabel(place.file),
    line: place.line,
    column: place.column,
    included_from: inclusions(place),
  })),
});

/** An annotation at the line of a pull request. */
const annotation = ({ code, message, place }: Complaint): string => {
  const text = messageOf(message).replaceAll("%", "%25").replaceAll("\n", "%0A");
  return `::error file=${fileLabel(place.file)},line=${place.line},col=${place.column},title=${code}::${text}`;
};
