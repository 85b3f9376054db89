import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Complaint, formatComplaint } from "../core/complaint.ts";
import { messageOf } from "../core/errors.ts";
import { expandPipeline } from "../core/expand.ts";
import { type Loaded, loadPipeline } from "../core/pipeline-file.ts";
import { fileLabel, inclusions } from "../core/place.ts";
import { readYaml } from "../core/yaml-file.ts";
import { entryOf } from "../core/yaml-value.ts";
import { components } from "../registry.ts";

export interface ValidateFlags {
  readonly format: "text" | "json" | "github";
  readonly print?: boolean;
}

/** `runner validate FILE|DIR…`: offline, no secrets, no database; 2 when something is wrong. */
export const validateCommand = async (
  targets: readonly string[],
  flags: ValidateFlags,
): Promise<number> => {
  const files: string[] = [];
  for (const target of targets) {
    const found = await pipelinesIn(resolve(target));
    if (found.length === 0) {
      console.error(
        `There is no pipeline in ${fileLabel(resolve(target))}: no \`.yaml\` file with a \`name\` and \`flows\`.`,
      );
      return 2;
    }
    files.push(...found);
  }
  const loaded = new Map<string, Loaded>();
  for (const file of files) {
    const options = { components, environment: process.env, isOffline: true };
    loaded.set(file, await loadPipeline(file, options));
  }
  const complaints = distinct([...loaded.values()].flatMap((one) => one.complaints));
  if (flags.format === "json") console.log(JSON.stringify(jsonReport(loaded, complaints), null, 2));
  else if (flags.format === "github") for (const one of complaints) console.log(annotation(one));
  else for (const one of complaints) console.error(`${formatComplaint(one)}\n`);
  if (flags.format === "text") for (const [file, one] of loaded) reportFile(file, one, flags);
  return complaints.length > 0 ? 2 : 0;
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

/** A file itself; below a folder, every YAML file that is a pipeline and not an included one. */
const pipelinesIn = async (target: string): Promise<string[]> => {
  const info = await stat(target).catch(() => undefined);
  if (!info?.isDirectory()) return [target];
  const found = await readdir(target, { recursive: true, withFileTypes: true });
  const files = found
    .filter((file) => file.isFile() && /\.ya?ml$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .filter((file) => !/[/\\](node_modules|\.\w+)[/\\]/.test(file.slice(target.length)))
    .sort();
  const pipelines: string[] = [];
  for (const file of files) if (await isPipeline(file)) pipelines.push(file);
  return pipelines;
};

/** A file that cannot be read counts, so that it is complained of. */
const isPipeline = async (file: string): Promise<boolean> => {
  const value = await readYaml(file, () => undefined);
  if (value === undefined) return true;
  return (
    entryOf(value, "flows") !== undefined &&
    entryOf(value, "params") === undefined &&
    entryOf(value, "name") !== undefined
  );
};

/** A problem of an included file is told once, however many pipelines include it. */
const distinct = (complaints: readonly Complaint[]): Complaint[] => {
  const seen = new Set<string>();
  return complaints.filter(({ code, message, place }) => {
    const key = [code, message, place.file, place.line, place.column].join("\0");
    return !seen.has(key) && seen.add(key);
  });
};

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
