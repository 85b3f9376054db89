/** Writes a new pipeline, and beside it what it needs. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Context } from "../core/component.ts";
import { initExists, initNoTable } from "../core/errors.ts";
import { fileLabel, shellWord } from "../core/place.ts";
import { lookAt } from "../guess/look.ts";
import { archivePipeline } from "./archive-pipeline.ts";
import type { Beginning } from "./begin-with.ts";
import { datasetQuery, queryPipeline } from "./query-pipeline.ts";
import { copyShared, SCHEMAS, type Shared, SYNTHESE_PARTS } from "./shared-files.ts";
import { flowNotes, tableFlows } from "./table-flow.ts";
import { leftOut, nothingToLoad } from "./tables-to-load.ts";

export interface Settings extends Pick<Context, "signal" | "log"> {
  readonly name: string;
  /** The folder in which `pipelines/` is, or is made. */
  readonly folder: string;
  /** Whether a file that is there already may be overwritten. */
  readonly mayOverwrite: (file: string) => Promise<boolean>;
}

export interface Written extends Shared {
  readonly pipeline: string;
  /** All that was written, the pipeline first; not what was copied. */
  readonly files: readonly string[];
  /** What is to be known of it: tables that were left out, columns of another name. A line each. */
  readonly notes: readonly string[];
}

/** Records of each table that types are guessed from. */
const LOOKED_AT = 10_000;

/** Writes the pipeline for what somebody has. Throws before anything is written if that is of no use. */
export const writePipeline = async (beginning: Beginning, settings: Settings): Promise<Written> => {
  const { name, folder } = settings;
  const pipeline = resolve(folder, "pipelines", `${name}.yaml`);
  const made =
    beginning.kind === "archive"
      ? await forArchive(beginning.value, pipeline, settings)
      : { files: await forQuery(beginning, pipeline, name), notes: [] };
  const files = new Map(made.files);
  for (const file of files.keys()) {
    const isThere = await readFile(file).then(
      () => true,
      () => false,
    );
    if (isThere && !(await settings.mayOverwrite(file))) throw initExists(fileLabel(file));
  }
  for (const [file, text] of files) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const parts = beginning.kind === "archive" ? SCHEMAS : SYNTHESE_PARTS;
  return {
    pipeline,
    files: [...files.keys()],
    notes: made.notes,
    ...(await copyShared(folder, parts)),
  };
};

const forArchive = async (
  archive: string,
  pipeline: string,
  { name, signal, log }: Settings,
): Promise<{ files: [string, string][]; notes: string[] }> => {
  const seen = await lookAt(archive, { rows: LOOKED_AT, signal, log });
  const flows = tableFlows(seen.tables);
  if (flows.length === 0) {
    throw initNoTable(seen.archive, nothingToLoad(seen.tables));
  }
  const path = /^https?:/i.test(archive) ? archive : near(resolve(archive), pipeline);
  const head = headOf(pipeline, `the archive ${seen.archive}`);
  const text = archivePipeline(seen, { name, path, head, flows });
  return { files: [[pipeline, text]], notes: [...leftOut(seen.tables), ...flowNotes(flows)] };
};

const forQuery = async (
  { kind, value }: Beginning,
  pipeline: string,
  name: string,
): Promise<[string, string][]> => {
  const own = join(dirname(pipeline), "queries", `${name}.json`);
  const query = kind === "dataset" ? datasetQuery(value) : await readFile(value, "utf8");
  const path = near(kind === "dataset" ? own : resolve(value), pipeline);
  const what = kind === "dataset" ? `data set ${value}` : `the query ${path}`;
  const text = await queryPipeline(query, { name, path, head: headOf(pipeline, what) });
  return [[pipeline, text], ...(kind === "dataset" ? [[own, query] as [string, string]] : [])];
};

const near = (file: string, pipeline: string): string =>
  relative(dirname(pipeline), file).split(sep).join("/");

const headOf = (pipeline: string, what: string): string => {
  const file = shellWord(fileLabel(pipeline));
  return [
    "# yaml-language-server: $schema=../schema/pipeline.schema.json",
    `# Made by \`runner init\` for ${what}. Change what you like, then:`,
    `#   npx runner validate ${file}    is all right with it?`,
    `#   npx runner preview ${file}     the first records, as they would be loaded`,
    `#   npx runner plan ${file}        all that a run would do, undone at the end`,
    `#   npx runner ${file}             load`,
  ].join("\n");
};
