import { type Complaint, distinct, formatComplaint, inOrder } from "../core/complaint.ts";
import { expandPipeline } from "../core/expand.ts";
import type { Loaded } from "../core/pipeline-file.ts";
import { fileLabel, inclusions } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { counted } from "../core/progress.ts";
import { components } from "../registry.ts";
import { annotation } from "./annotation.ts";
import { type Connected, connected } from "./ask-databases.ts";
import { explainLines } from "./explain.ts";
import {
  type CheckedTests,
  type Found,
  loadTargets,
  sameNames,
  sameTables,
} from "./find-pipelines.ts";
import { diffOf, fixAll, type MendedLine } from "./fix.ts";

export interface ValidateFlags {
  readonly format: "text" | "json" | "github";
  readonly print?: boolean;
  /** Mends what is beyond doubt. */
  readonly fix?: boolean;
  /** Whether the pipelines' databases are asked, too. */
  readonly connect?: boolean;
  readonly database?: string;
}

/** `runner validate FILE|DIR…`: offline, no secrets, no database unless `--connect`; 2 when something is wrong. */
export const validateCommand = async (
  targets: readonly string[],
  flags: ValidateFlags,
  signal: AbortSignal,
): Promise<number> => {
  const options = { components, environment: process.env, isOffline: true };
  const look = async () => allOf(await loadTargets(targets, options));
  const mended = flags.fix ? await fixAll(look) : undefined;
  if (mended?.length) console.error(diffOf(mended));
  const offline = await loadTargets(targets, options);
  const isConnected = flags.connect || flags.database !== undefined;
  const found: Connected = isConnected ? await connected(offline, { ...flags, signal }) : offline;
  const complaints = allOf(found);
  REPORTS[flags.format]({ ...found, complaints, mended, targets }, flags);
  const [failure, ...others] = found.failures ?? [];
  for (const { message } of others) if (message !== failure?.message) console.error(message);
  const isWrong = complaints.some(({ isWarning }) => !isWarning);
  if (failure === undefined) return isWrong ? 2 : 0;
  if (!isWrong) throw failure;
  console.error(failure.message);
  return 2;
};

const allOf = (found: Found): Complaint[] =>
  distinct([
    ...[...found.loaded.values()].flatMap((one) => inOrder([...one.complaints, ...one.warnings])),
    ...[...found.tests.values()].flatMap(({ complaints }) => inOrder(complaints)),
    ...acrossFiles(found),
  ]);

/** Warnings that no file has by itself. */
const acrossFiles = (found: Found): Complaint[] => [...sameNames(found), ...sameTables(found)];

/** What there is to tell. */
interface Told extends Connected {
  readonly complaints: readonly Complaint[];
  /** Undefined where nothing was to be mended. */
  readonly mended: readonly MendedLine[] | undefined;
  /** As the user has named them. */
  readonly targets: readonly string[];
}

type Report = (told: Told, flags: ValidateFlags) => void;

const asText: Report = (told, flags) => {
  const { complaints } = told;
  for (const one of complaints) console.error(`${formatComplaint(one)}\n`);
  reportFiles(told, flags);
  const mending = mendingSentence(told);
  if (mending !== undefined) console.error(mending);
  for (const line of explainLines(complaints.map(({ code }) => code))) console.error(line);
};

/** A line for each file: whether it is right. */
const reportFiles: Report = (told, flags) => {
  const { loaded, unchecked, tests, asked } = told;
  const across = acrossFiles(told).map(({ place }) => place.file);
  for (const [file, one] of loaded) {
    const warnings = one.warnings.length + across.filter((other) => other === file).length;
    reportFile(file, one, { ...flags, warnings, asked: asked?.get(file) });
  }
  for (const [file, one] of flags.print ? [] : tests) reportTests(file, one);
  for (const file of unchecked) {
    console.error(`${fileLabel(file)}: no pipeline here includes it, so it was not checked.`);
  }
};

/** What `--fix` has done, or would do. */
const mendingSentence = ({ complaints, mended, targets }: Told): string | undefined => {
  const all = complaints.length;
  if (mended?.length === 0 && all > 0) {
    return `\`--fix\` changed nothing: ${all === 1 ? "this is" : "these are"} for a person to decide.`;
  }
  if (mended?.length) {
    const rest = all === 0 ? "" : `; ${all === 1 ? "this is" : "these are"} left for a person`;
    return `\`--fix\` mended ${counted(mended.length, "line")}${rest}.`;
  }
  const mendable = complaints.filter(({ fix }) => fix).length;
  if (mendable === 0) return undefined;
  const some = mendable === all ? (all === 1 ? "this" : "all of these") : `${mendable} of these`;
  return `\`${RUNNER} validate ${targets.join(" ")} --fix\` mends ${some}.`;
};

const asJson: Report = ({ loaded, unchecked, tests, complaints, mended, asked }) => {
  const report = {
    files: [...loaded].map(([file, { flows, variables }]) => ({
      file: fileLabel(file),
      flows,
      variables,
      ...(asked ? { database: asked.get(file) } : {}),
    })),
    tests: [...tests].map(([file, { tests }]) => ({ file: fileLabel(file), tests })),
    unchecked: unchecked.map(fileLabel),
    complaints: complaints.map(({ code, message, place, isWarning, fix }) => ({
      code,
      severity: isWarning ? "warning" : "error",
      message,
      file: fileLabel(place.file),
      line: place.line,
      column: place.column,
      included_from: inclusions(place),
      ...(fix
        ? {
            fix: {
              line: fix.place.line,
              column: fix.place.column,
              was: fix.was,
              becomes: fix.becomes,
            },
          }
        : {}),
    })),
    ...(mended ? { mended: mended.map((one) => ({ ...one, file: fileLabel(one.file) })) } : {}),
  };
  console.log(JSON.stringify(report, null, 2));
};

/** The step's log says which files were looked at. */
const asAnnotations: Report = (told, flags) => {
  for (const one of told.complaints) console.log(annotation(one));
  reportFiles(told, flags);
};

const REPORTS: Readonly<Record<ValidateFlags["format"], Report>> = {
  text: asText,
  json: asJson,
  github: asAnnotations,
};

const reportFile = (
  file: string,
  { plan, complaints, flows, variables }: Loaded,
  { print, warnings, asked }: ValidateFlags & { warnings: number; asked: string | undefined },
) => {
  const label = fileLabel(file);
  const unset = variables.length > 0 ? ` Needs to run: ${variables.join(", ")}.` : "";
  const but = warnings > 0 ? ` but for ${counted(warnings, "warning")}` : "";
  const database = asked === undefined ? "" : ` Database: ${asked}.`;
  if (complaints.length > 0)
    console.error(
      `${label}: ${counted(complaints.length, "problem")}${whereOf(complaints, file)}.${database}`,
    );
  else if (!print) {
    console.log(`${label}: ${counted(flows.length, "flow")}, all right${but}.${unset}${database}`);
  }
  if (complaints.length === 0 && print && plan) console.log(expandPipeline(plan).trimEnd());
};

/** Several pipelines may include a file that is wrong, and it is shown once: `, in flows/part.yaml`. */
const whereOf = (complaints: readonly Complaint[], file: string): string => {
  const others = [...new Set(complaints.map(({ place }) => place.file))].filter(
    (one) => one !== file,
  );
  if (others.length === 0) return "";
  const some = complaints.some(({ place }) => place.file === file) ? " some" : "";
  return `,${some} in ${others.map(fileLabel).join(", ")}`;
};

const reportTests = (file: string, { tests, complaints }: CheckedTests) => {
  const label = fileLabel(file);
  const own = complaints.filter(({ place }) => place.file === file).length;
  if (own > 0) console.error(`${label}: ${counted(own, "problem")}.`);
  else if (complaints.length > 0) console.error(`${label}: not checked, as its pipeline is wrong.`);
  else console.log(`${label}: ${counted(tests, "test")}, all right.`);
};
