/** What flows have in common: a table or a file that one writes and another reads. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Complaint } from "./complaint.ts";
import type { Use } from "./component.ts";
import {
  appendAfterReplace,
  columnNotCreated,
  inputMissing,
  overwritten,
  type Place,
  type RunnerError,
  readTooEarly,
  tableNotWritten,
} from "./errors.ts";
import { nearest } from "./nearest.ts";
import { fileLabel, formatPlace } from "./place.ts";
import type { FlowDraft, StagePlan } from "./plan.ts";
import { remembered } from "./remembered.ts";
import { sqlTextsIn } from "./sql-file.ts";

/** The name of what may be any table or file: that of a `Use` by SQL, or one that is not known. */
const ANY = "*";

/** The use of a local file or folder; a URL and standard output are none. */
export const fileUse = (path: string, how: Use["how"]): readonly Use[] =>
  path === "" || path === "-" || /^https?:/i.test(path)
    ? []
    : [{ what: "file", name: path, written: path, how }];

/** The use of a table by SQL. */
export const sqlUse: Use = { what: "table", name: ANY, written: ANY, how: "read" };

/** A use with its place in the pipeline. */
export interface Step {
  readonly use: Use;
  readonly flow: string;
  /** The number of its flow. */
  readonly at: number;
  readonly locate: (subject: string) => Place;
}

/** Everything that the flows read and write, in the order in which they do. */
export const stepsOf = (flows: readonly FlowDraft[]): readonly Step[] => {
  const known = knownSteps.get(flows);
  if (known) return known;
  const made = stepsIn(flows);
  knownSteps.set(flows, made);
  return made;
};

/** Each stage that reads or writes asks for those of all. */
const knownSteps = new WeakMap<readonly FlowDraft[], readonly Step[]>();

const stepsIn = (flows: readonly FlowDraft[]): Step[] =>
  flows.flatMap(({ name: flow, source, transforms, sink, place }, at) => {
    const of = (stage: StagePlan | undefined, how: Use["how"]) => {
      const locate = stage?.locate ?? (() => place);
      return (usesOf(stage) ?? anyUse(how)).map((use) => ({ use, flow, at, locate }));
    };
    return [...[source, ...transforms].flatMap((stage) => of(stage, "read")), ...of(sink, "merge")];
  });

const anyUse = (how: Use["how"]): readonly Use[] =>
  (["table", "file"] as const).map((what) => ({ what, name: ANY, written: ANY, how }));

/** What hangs on a variable without a value may be any; undefined where the stage itself is not known. */
const usesOf = (stage: StagePlan | undefined): readonly Use[] | undefined => {
  if (stage === undefined) return undefined;
  const { component, options, isPartial, unset = [] } = stage;
  try {
    const uses = component.uses?.({ ...options }) ?? [];
    return uses.map((use) => (use.written.includes("${") ? { ...use, name: ANY } : use));
  } catch (error) {
    // It may throw anything for want of an option.
    if (isPartial || unset.length > 0) return undefined;
    throw error;
  }
};

/** The tables that flows empty in each run. */
export const emptiedTables = (flows: readonly FlowDraft[]): Use[] =>
  stepsOf(flows)
    .filter((step) => step.use.what === "table" && step.use.how === "replace" && !isAny(step))
    .map(({ use }) => use);

/** Whether any of the flows writes a table. */
export const writesTables = (flows: readonly FlowDraft[]): boolean =>
  stepsOf(flows).some((step) => step.use.what === "table" && isWrite(step));

/** What is wrong between flows: `setup` scripts may make and fill tables too. */
export const followUses = (flows: readonly FlowDraft[], setup: readonly string[]): Complaint[] => {
  const steps = stepsOf(flows).filter(({ use }) => use.what === "table");
  const inSetup = mentioned(setup);
  return steps.flatMap((step) =>
    isWrite(step) ? badWrite(step, steps) : badRead(step, steps, inSetup),
  );
};

/** Files and folders that are to be read, are not there, and are not written by an earlier flow. */
export const missingInputs = (flows: readonly FlowDraft[]): Complaint[] => {
  const steps = stepsOf(flows).filter(({ use }) => use.what === "file");
  const isMade = (step: Step) =>
    steps.some((one) => isWrite(one) && one.at < step.at && mayBeSame(one, step));
  return steps
    .filter((step) => !isWrite(step) && !isAny(step))
    .filter((step) => !existsSync(step.use.name) && !isMade(step))
    .flatMap((step) => {
      const { name } = step.use;
      return complaint(inputMissing(fileLabel(name), basename(name), beside(name)), step);
    });
};

/** Whether a source reads a file that one of the flows writes: what lies there now is of an earlier run. */
export const readsWritten = (source: StagePlan, flows: readonly FlowDraft[]): boolean => {
  const read = (usesOf(source) ?? []).filter(({ what }) => what === "file");
  if (read.length === 0) return false;
  return stepsOf(flows).some(
    (step) => isWrite(step) && read.some((use) => sameThing({ use }, step)),
  );
};

/** Whether what a sink writes is written by another flow, too. */
export const writesWithOthers = (sink: StagePlan, flows: readonly FlowDraft[]): boolean => {
  const written = (usesOf(sink) ?? []).filter(({ how }) => how !== "read");
  if (written.length === 0) return false;
  const same = stepsOf(flows).filter(
    (step) => isWrite(step) && written.some((use) => mayBeSame({ use }, step)),
  );
  return same.length > 1;
};

const isWrite = ({ use }: Step): boolean => use.how !== "read";

const isAny = ({ use }: Pick<Step, "use">): boolean => use.name === ANY;

const sameThing = (a: Pick<Step, "use">, b: Pick<Step, "use">): boolean =>
  a.use.what === b.use.what && a.use.name === b.use.name && !isAny(a);

const mayBeSame = (a: Pick<Step, "use">, b: Pick<Step, "use">): boolean =>
  sameThing(a, b) || (isAny(a) && a.use.what === b.use.what);

const placeOf = ({ locate, use }: Step): Place => locate(use.within ?? use.written);

const complaint = (error: RunnerError, step: Step, isWarning = false): Complaint[] => {
  const { code, message, subject = "" } = error;
  // The name that is wrong may stand elsewhere than the table's.
  const place = code === "column_not_created" ? step.locate(subject) : placeOf(step);
  return [{ code, message, place, ...(isWarning ? { isWarning } : {}) }];
};

const beside = (file: string): string[] => {
  try {
    return readdirSync(dirname(file));
  } catch {
    return [];
  }
};

const badRead = (
  step: Step,
  steps: readonly Step[],
  inSetup: (table: string) => boolean,
): Complaint[] => {
  const { name, written, columns = [] } = step.use;
  if (isAny(step) || inSetup(name)) return [];
  const writes = steps.filter((one) => isWrite(one) && sameThing(one, step));
  const made = writes.findLast(({ at, use }) => at < step.at && use.columns);
  const lacking = columns.find((column) => made?.use.columns?.includes(column) === false);
  if (made?.use.columns && lacking !== undefined) {
    const error = columnNotCreated(written, lacking, {
      known: made.use.columns,
      where: formatPlace(placeOf(made)),
    });
    return complaint(error, step);
  }
  const later = writes.find(({ at }) => at > step.at);
  const maybe = steps.filter((one) => isWrite(one) && mayBeSame(one, step));
  const isFirst = !maybe.some(({ at }) => at <= step.at);
  if (later?.use.columns && isFirst) {
    return complaint(readTooEarly(written, later.flow, formatPlace(placeOf(later))), step, true);
  }
  const known = new Set(steps.filter((one) => isWrite(one)).map(({ use }) => use.written));
  const meant = [...known].filter((one) => isNear(written, one));
  // A statement may read any table, and name parts of itself as it likes.
  const isMisspelt = maybe.length === 0 && meant.length > 0 && step.use.within === undefined;
  return isMisspelt ? complaint(tableNotWritten(written, meant), step, true) : [];
};

/** A schema in common makes no names alike: each part by itself is the same or close. */
const isNear = (table: string, other: string): boolean => {
  const [parts, others] = [table.split("."), other.split(".")];
  const isAlike = (part: string, index: number) =>
    nearest(part, others.slice(index, index + 1)).length > 0;
  return parts.length === others.length && parts.every(isAlike);
};

/** Whether what was written before is lost. */
const badWrite = (step: Step, steps: readonly Step[]): Complaint[] => {
  const { written, how } = step.use;
  const before = steps.findLast((one) => isWrite(one) && one.at < step.at && sameThing(one, step));
  if (before === undefined) return [];
  const where = formatPlace(placeOf(before));
  if (how === "append" && before.use.how === "replace") {
    return complaint(appendAfterReplace(written, before.flow, where), step);
  }
  const isRead = steps.some(
    (one) => !isWrite(one) && one.at > before.at && one.at <= step.at && mayBeSame(one, step),
  );
  return how === "replace" && !isRead
    ? complaint(overwritten(written, before.flow, where), step)
    : [];
};

/** Whether a script has the table's name in it: then nothing certain is known of the table. */
const mentioned = (scripts: readonly string[]): ((table: string) => boolean) => {
  const all = [...new Set(scripts.flatMap(sqlTextsIn))].map(namesIn);
  return (table) => all.some((has) => has(bareName(table).toLowerCase()));
};

const bareName = (table: string): string => table.slice(table.lastIndexOf(".") + 1);

/** Whether a name, in small letters, stands in a text: asked again and again for the pipelines of a folder. */
const namesIn = remembered((text) => {
  const small = text.toLowerCase();
  return remembered((name) => small.includes(name));
});
