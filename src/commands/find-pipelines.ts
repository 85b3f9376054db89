/** Which files of a folder are pipelines, and which are parts of them. */

import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Complaint } from "../core/complaint.ts";
import { pipelinesIn } from "../core/elsewhere.ts";
import { duplicatePipeline, lockNotShared, noPipelineThere } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import {
  type Loaded,
  type LoadOptions,
  loadPipeline,
  type PlanDraft,
} from "../core/pipeline-file.ts";
import { fileLabel, formatPlace } from "../core/place.ts";
import { emptiedTables } from "../core/uses.ts";
import { readYaml } from "../core/yaml-file.ts";
import { isPartial } from "../core/yaml-value.ts";
import { components } from "../registry.ts";

export interface Found {
  /** By absolute path, in the order in which they were named and found. */
  readonly loaded: ReadonlyMap<string, Loaded>;
  /** Pipelines in the folders of these that go by the name of one of them, and were not asked for. */
  readonly namesakes: ReadonlyMap<string, Loaded>;
  /** Files of flows with parameters that no pipeline here includes: nobody knows their values. */
  readonly unchecked: readonly string[];
  /** By absolute path: the files of tests. */
  readonly tests: ReadonlyMap<string, CheckedTests>;
}

/** A file of tests that was looked at and not run. */
export interface CheckedTests {
  readonly tests: number;
  readonly complaints: readonly Complaint[];
}

/** Loads all pipelines and tests of files and folders; throws when a file or folder has none. */
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
  const tests = new Map<string, CheckedTests>();
  for (const file of found.flatMap((one) => one.tests)) tests.set(file, await checkedTests(file));
  return { loaded, namesakes: await namesakesOf(loaded, options), unchecked, tests };
};

/** Whoever copied a pipeline looks at the copy alone. */
const namesakesOf = async (
  loaded: ReadonlyMap<string, Loaded>,
  options: LoadOptions,
): Promise<Map<string, Loaded>> => {
  const known = Map.groupBy(loaded, ([file]) => dirname(file));
  const files = [...known].flatMap(([folder, own]) => {
    const names = own.map(([, { draft }]) => draft?.name);
    return pipelinesIn(folder).filter(
      ({ file, name }) => names.includes(name) && !loaded.has(file),
    );
  });
  const all = files.map(async ({ file }) => [file, await loadPipeline(file, options)] as const);
  return new Map(await Promise.all(all));
};

const checkedTests = async (file: string): Promise<CheckedTests> => {
  // Loaded for who has tests: it costs as much as many pipelines.
  const { loadTestFile } = await import("../testing/test-file.ts");
  const { columnComplaints } = await import("../testing/check-columns.ts");
  const { cases, readable, complaints } = await loadTestFile(file, components);
  const ofColumns = await Promise.all(readable.map(columnComplaints));
  return { tests: cases.length, complaints: [...complaints, ...ofColumns.flat()] };
};

/** Pipelines that go by the same name in the same database, told once for each name; an embedded one is each folder's own. */
export const sameNames = ({ loaded, namesakes }: Found): Complaint[] => {
  const named = [...namesakes, ...loaded].flatMap(([file, { draft: plan }]) => {
    const place = plan?.namePlace;
    if (plan === undefined || plan.name === "" || place === undefined) return [];
    const key = [plan.name, databaseOf(plan, file)].join("\0");
    return [{ key, name: plan.name, place, isAsked: loaded.has(file) }];
  });
  return [...Map.groupBy(named, ({ key }) => key).values()].flatMap(([first, ...more]) => {
    const own = more.find(({ isAsked }) => isAsked);
    if (first === undefined || own === undefined) return [];
    const others = more.filter((one) => one !== own).map(({ place }) => formatPlace(place));
    const { code, message } = duplicatePipeline(own.name, formatPlace(first.place), others);
    return [{ code, message, place: own.place, isWarning: true }];
  });
};

/** Pipelines that empty the same table and may do so at the same time: one would load what the other has staged. */
export const sameTables = ({ loaded }: Found): Complaint[] => {
  const first = new Map<string, { readonly file: string; readonly plan: PlanDraft }>();
  return [...loaded].flatMap(([file, { draft: plan }]) => {
    const place = plan?.namePlace;
    if (plan === undefined || place === undefined) return [];
    for (const { name, written } of emptiedTables(plan.flows)) {
      const key = [name, databaseOf(plan, file)].join("\0");
      const other = first.get(key);
      if (other === undefined) first.set(key, { file, plan });
      // Those of one name have a lock of their own.
      if (other === undefined || other.plan.name === plan.name) continue;
      if (plan.lock !== undefined && plan.lock === other.plan.lock) continue;
      const { code, message } = lockNotShared(written, other.plan.name, {
        file: fileLabel(other.file),
        lock: other.plan.lock,
      });
      return [{ code, message, place, isWarning: true }];
    }
    return [];
  });
};

/** An embedded database is each folder's own. */
const databaseOf = ({ database }: PlanDraft, file: string): string =>
  database.reveal() === "embedded" ? `embedded\0${dirname(file)}` : database.reveal();

interface Part {
  readonly file: string;
  readonly hasParameters: boolean;
}

/** The name of a file of tests. */
export const TEST_FILE = /\.test\.ya?ml$/;

interface Files {
  readonly pipelines: string[];
  readonly parts: Part[];
  readonly tests: string[];
}

/** A file itself is a pipeline, with the tests beside it, or tests; below a folder, `parts` are files of flows that others may include. */
const filesOf = async (target: string): Promise<Files> => {
  const info = await stat(target).catch(() => undefined);
  if (!info?.isDirectory()) {
    const isTest = TEST_FILE.test(target);
    const beside = target.replace(/(\.ya?ml)?$/, ".test$1");
    const tests = isTest ? [target] : existsSync(beside) ? [beside] : [];
    return { pipelines: isTest ? [] : [target], parts: [], tests };
  }
  const all = await yamlFiles(target);
  const tests = all.filter((file) => TEST_FILE.test(file));
  const pipelines: string[] = [];
  const parts: Part[] = [];
  for (const file of all) {
    if (TEST_FILE.test(file)) continue;
    const value = await readYaml(file, () => undefined);
    const keys = value?.kind === "map" ? value.entries.map(({ key }) => key) : [];
    const hasFlows = keys.some((key) => key === "flows" || nearest(key, ["flows"]).length > 0);
    // A file that cannot be read counts, so that it is complained of; one without flows is no business of ours.
    const isRead = value !== undefined && !isPartial(value);
    if (isRead && !hasFlows) continue;
    const hasParameters = keys.includes("params");
    if (hasParameters || (value && !keys.includes("name"))) parts.push({ file, hasParameters });
    else pipelines.push(file);
  }
  if (pipelines.length + parts.length + tests.length === 0) {
    throw noPipelineThere(fileLabel(target));
  }
  return { pipelines, parts, tests };
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
