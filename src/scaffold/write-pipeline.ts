/** Writes a new pipeline, and beside it what it needs. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Context } from "../core/component.ts";
import { initExists, initNoTable } from "../core/errors.ts";
import { fileLabel, shellWord } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { typesOf } from "../guess/choices.ts";
import { lookAt } from "../guess/look.ts";
import { archivePipeline } from "./archive-pipeline.ts";
import type { Beginning } from "./begin-with.ts";
import { datasetQuery, queryPipeline } from "./query-pipeline.ts";
import { copyShared, SCHEMAS, type Shared, SYNTHESE_PARTS } from "./shared-files.ts";
import { flowNotes, tableFlows } from "./table-flow.ts";
import { leftOut, nothingToLoad } from "./tables-to-load.ts";

export interface Settings extends Pick<Context, "signal" | "log"> {
  readonly name: string;
  /** What it should have been called. */
  readonly wanted: string;
  /** The folder in which `pipelines/` is, or is made. */
  readonly folder: string;
  /** How an archive's tables are encoded, where the user says so. */
  readonly encoding?: string | undefined;
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
  const { name, wanted, folder } = settings;
  const pipeline = resolve(folder, "pipelines", `${name}.yaml`);
  const made =
    beginning.kind === "archive"
      ? await forArchive(beginning.value, pipeline, settings)
      : await forQuery(beginning, pipeline, name);
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
    notes: [
      ...(name === wanted
        ? []
        : [
            `Its name is \`${name}\`, not \`${wanted}\`: letters of a to z, digits and _ only, a letter first.`,
          ]),
      ...made.notes,
    ],
    ...(await copyShared(folder, parts)),
  };
};

/** Files with their text, and what is to be known of them. */
interface Made {
  readonly files: readonly (readonly [file: string, text: string])[];
  readonly notes: readonly string[];
}

const forArchive = async (
  archive: string,
  pipeline: string,
  { name, encoding, signal, log }: Settings,
): Promise<Made> => {
  const seen = await lookAt(archive, { rows: LOOKED_AT, encoding, signal, log });
  const flows = tableFlows(seen.tables);
  if (flows.length === 0) {
    throw initNoTable(seen.archive, nothingToLoad(seen.tables));
  }
  const path = /^https?:/i.test(archive) ? archive : near(resolve(archive), pipeline);
  const what = seen.text ? `the file ${seen.archive}` : `the archive ${seen.archive}`;
  const head = headOf(pipeline, what, "archive");
  const text = archivePipeline(seen, { name, path, head, flows });
  return {
    files: [[pipeline, text]],
    notes: [...leftOut(seen.tables), ...flowNotes(flows, typesOf(seen.tables))],
  };
};

const forQuery = async (
  { kind, value }: Beginning,
  pipeline: string,
  name: string,
): Promise<Made> => {
  const own = join(dirname(pipeline), "queries", `${name}.json`);
  const query = kind === "dataset" ? datasetQuery(value) : await readFile(value, "utf8");
  const path = near(kind === "dataset" ? own : resolve(value), pipeline);
  const what = kind === "dataset" ? `data set ${value}` : `the query ${path}`;
  const text = await queryPipeline(query, { name, path, head: headOf(pipeline, what, kind) });
  const files: Made["files"] = [[pipeline, text]];
  return {
    files: kind === "dataset" ? [...files, [own, query]] : files,
    notes: queryNotes(kind, own),
  };
};

const near = (file: string, pipeline: string): string =>
  relative(dirname(pipeline), file).split(sep).join("/");

/** The comment on top: what to type next, here or, if it is elsewhere, beside its folder. A query cannot be looked at before GBIF was asked. */
const headOf = (pipeline: string, what: string, kind: Beginning["kind"]): string => {
  const label = fileLabel(pipeline);
  const file = shellWord(isAbsolute(label) ? `pipelines/${basename(pipeline)}` : label);
  const steps = [
    [`validate ${file}`, "is all right with it?"],
    ...(kind === "archive" ? [] : askingSteps(file)),
    [`preview ${file}`, "the first records, as they would be loaded"],
    [`plan ${file}`, "all that a run would do, undone at the end"],
    [file, "load"],
  ];
  const width = Math.max(...steps.map(([command = ""]) => command.length));
  return [
    "# yaml-language-server: $schema=../schema/pipeline.schema.json",
    `# Made by \`${RUNNER} init\` for ${what}. Change what you like, then:`,
    ...steps.map(([command = "", does]) => `#   ${RUNNER} ${command.padEnd(width)}    ${does}`),
  ].join("\n");
};

const askingSteps = (file: string): string[][] => [
  [`doctor ${file}`, "are accounts, rights and data sets there?"],
  [`${file} --flow occurrences`, "ask GBIF, wait, and stage; nothing goes into the synthese"],
];

/** What is to be known before GBIF is asked. */
const queryNotes = (kind: Beginning["kind"], own: string): string[] => [
  ...(kind === "dataset"
    ? [
        `${fileLabel(own)} asks for all records of the data set that have coordinates. To narrow it down, add a place or a taxon to its \`predicates\`: { "type": "equals", "key": "GADM_GID", "value": "FRA.1_1" }, { "type": "equals", "key": "TAXON_KEY", "value": "216" }.`,
      ]
    : []),
  "`preview` and `plan` need GBIF's answer: what to type first stands on top of the pipeline.",
];
