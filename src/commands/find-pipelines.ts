/** Which files of a folder are pipelines, and which are parts of them. */

import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Complaint } from "../core/complaint.ts";
import { duplicatePipeline, nearest, noPipelineThere } from "../core/errors.ts";
import { type Loaded, type LoadOptions, loadPipeline } from "../core/pipeline-file.ts";
import { fileLabel } from "../core/place.ts";
import { readYaml } from "../core/yaml-file.ts";

export interface Found {
  /** By absolute path, in the order in which they were named and found. */
  readonly loaded: ReadonlyMap<string, Loaded>;
  /** Files of flows with parameters that no pipeline here includes: nobody knows their values. */
  readonly unchecked: readonly string[];
}

/** Loads all pipelines of files and folders; throws when a file or folder has none. */
export const loadTargets = async (
  targets: readonly string[],
  options: LoadOptions,
): Promise<Found> => {
  const loaded = new Map<string, Loaded>();
  const load = async (files: readonly string[]) => {
    const all = await Promise.all(files.map((file) => loadPipeline(file, options)));
    for (const [index, one] of all.entries()) loaded.set(files[index] ?? "", one);
  };
  const found = await Promise.all(targets.map((target) => filesOf(resolve(target))));
  await load(found.flatMap(({ pipelines }) => pipelines));
  const included = new Set([...loaded.values()].flatMap((one) => one.included));
  const alone = found.flatMap(({ parts }) => parts).filter(({ file }) => !included.has(file));
  // Without `params` it is a pipeline whose name was forgotten or misspelt.
  await load(alone.filter(({ hasParameters }) => !hasParameters).map(({ file }) => file));
  const unchecked = alone.filter(({ hasParameters }) => hasParameters).map(({ file }) => file);
  return { loaded, unchecked };
};

/** Pipelines that go by the same name in the same database; an embedded one is each folder's own. */
export const sameNames = ({ loaded }: Found): Complaint[] => {
  const first = new Map<string, string>();
  return [...loaded].flatMap(([file, { plan, namePlace: place }]) => {
    if (plan === undefined || place === undefined) return [];
    const database = plan.database.reveal();
    const key = [plan.name, database, database === "embedded" ? dirname(file) : ""].join("\0");
    const other = first.get(key);
    if (other === undefined) first.set(key, file);
    if (other === undefined || other === file) return [];
    const { code, message } = duplicatePipeline(plan.name, fileLabel(other));
    return [{ code, message, place, isWarning: true }];
  });
};

interface Part {
  readonly file: string;
  readonly hasParameters: boolean;
}

/** A file itself is a pipeline; below a folder, `parts` are files of flows that others may include. */
const filesOf = async (target: string): Promise<{ pipelines: string[]; parts: Part[] }> => {
  const info = await stat(target).catch(() => undefined);
  if (!info?.isDirectory()) return { pipelines: [target], parts: [] };
  const pipelines: string[] = [];
  const parts: Part[] = [];
  for (const file of await yamlFiles(target)) {
    const keys = await keysOf(file);
    // A file that cannot be read counts, so that it is complained of; one without flows is no business of ours.
    if (keys && !keys.some((key) => key === "flows" || nearest(key, ["flows"]).length > 0))
      continue;
    const hasParameters = keys?.includes("params") === true;
    if (hasParameters || keys?.includes("name") === false) parts.push({ file, hasParameters });
    else pipelines.push(file);
  }
  if (pipelines.length + parts.length === 0) throw noPipelineThere(fileLabel(target));
  return { pipelines, parts };
};

/** All YAML files below a folder, except in hidden folders and `node_modules`. */
export const yamlFiles = async (folder: string): Promise<string[]> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((file) => file.isFile() && /\.ya?ml$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .filter((file) => !/[/\\](node_modules|\.\w+)[/\\]/.test(file.slice(folder.length)))
    .sort();
};

const keysOf = async (file: string): Promise<string[] | undefined> => {
  const value = await readYaml(file, () => undefined);
  if (value === undefined) return undefined;
  return value.kind === "map" ? value.entries.map(({ key }) => key) : [];
};
