import { resolve } from "node:path";
import { formatComplaint, inOrder } from "../core/complaint.ts";
import { listed } from "../core/errors.ts";
import { loadPipeline } from "../core/pipeline-file.ts";
import { fallbacks, fileLabel, formatPlace, inclusions, withoutPasswords } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { type Examination, examine, type Line } from "../doctor.ts";
import { components } from "../registry.ts";
import { named } from "./again.ts";
import { widthOf, wrapped } from "./table.ts";
import { refusalObject } from "./text.ts";

export interface DoctorFlags {
  readonly database?: string;
  readonly json?: boolean;
}

/** `runner doctor PIPELINE`: whether a run would find all that it needs; 3 when something must be mended. */
export const doctorCommand = async (
  file: string,
  { database, json }: DoctorFlags,
  signal: AbortSignal,
): Promise<number> => {
  const path = resolve(file);
  const load = (isOffline: boolean) =>
    loadPipeline(path, { components, environment: process.env, isOffline, database });
  const { plan, complaints } = await load(true);
  if (plan === undefined) {
    if (json) console.log(JSON.stringify(refusalObject(file, complaints)));
    else for (const one of inOrder(complaints)) console.error(`${formatComplaint(one)}\n`);
    return 2;
  }
  // Offline, a variable without a value is no mistake; a run would stop for it.
  const unset = (await load(false)).complaints.filter(({ code }) => code === "variable_unset");
  const examination = await examine(plan, { database, unset, signal });
  if (json) console.log(JSON.stringify(doctorObject(examination)));
  else {
    const width = process.stdout.isTTY ? widthOf(process.stdout) : undefined;
    for (const line of doctorLines(examination, named(file, database), width)) console.log(line);
  }
  return examination.lines.some(({ level }) => level === "problem") ? 3 : 0;
};

/** The examination for people: a block for each part, a line for each verdict; what others are to do, at the end. */
export const doctorLines = (
  { lines: all }: Examination,
  file: string,
  width = Number.POSITIVE_INFINITY,
): string[] => {
  const groups = [...new Set(all.map(({ about }) => about))];
  const lines = groups.flatMap((group) => rightsInOne(all.filter(({ about }) => about === group)));
  const statements = new Set(
    lines
      .flatMap(({ message }) => message.split("\n").filter(isStatement))
      .map((sql) => sql.trim()),
  );
  return [
    ...groups.flatMap((group) => [
      `${group.charAt(0).toUpperCase()}${group.slice(1)}`,
      ...lines.filter(({ about }) => about === group).flatMap((line) => verdictLines(line, width)),
      "",
    ]),
    ...(statements.size === 0
      ? []
      : ["For who administers the database", ...together(statements).map(indented), ""]),
    summary(lines, file),
  ];
};

/** A role that lacks rights lacks them for most that a flow does: one line says for what. */
const rightsInOne = (lines: readonly Line[]): readonly Line[] => {
  const [first, ...others] = lines.filter(({ code }) => code === "rights_missing");
  if (first === undefined || others.length === 0) return lines;
  const { component: _, place: __, ...line } = first;
  const needing = [first, ...others].map(({ subject = "" }) => subject);
  const [role = ""] = first.message.split(" for ", 1);
  const [, ...statements] = [first, ...others].flatMap(({ message }) => message.split("\n"));
  const head = `${role} for ${listed(new Set(needing))}. Who administers the database runs:`;
  const told = { ...line, message: [head, ...statements.filter(isStatement)].join("\n") };
  return lines.flatMap((one) => (one === first ? [told] : others.includes(one) ? [] : [one]));
};

const indented = (line: string): string => `  ${line}`;

/** Each once, with all rights on a table in one grant; none to whom it will belong. */
const together = (statements: Iterable<string>): string[] => {
  const others: string[] = [];
  const rights = new Map<string, Set<string>>();
  for (const statement of statements) {
    const [, list, on] = /^grant ([a-z, ]+) (on .*)$/.exec(statement) ?? [];
    if (list === undefined || on === undefined) others.push(statement);
    else rights.set(on, new Set([...(rights.get(on) ?? []), ...list.split(", ")]));
  }
  const owned = others.flatMap(
    (one) => /^alter [a-z ]+ (\S+) owner to (\S+;)$/.exec(one)?.slice(1).join(" to ") ?? [],
  );
  const grants = [...rights]
    .filter(([on]) => !owned.some((it) => on.endsWith(` ${it}`)))
    .map(([on, all]) => `grant ${[...all].sort().join(", ")} ${on}`);
  return [...others, ...grants].sort(bySchema);
};

/** Schemas are made and opened before what is in them. */
const bySchema = (a: string, b: string): number =>
  Number(/ schema /.test(b)) - Number(/ schema /.test(a)) || (a < b ? -1 : 1);

const INDENT = " ".repeat(11);

/** A line of a message that is SQL for somebody else: all of them stand together at the end, to be copied. */
const isStatement = (line: string): boolean => /^\s+\S.*(;|\\gexec)$/.test(line);

/** `  problem  Role … lacks rights`, its other lines below it, and where it is about. */
const verdictLines = ({ level, message, component, place }: Line, width: number): string[] => {
  const [first = "", ...others] = withoutPasswords(message).split("\n");
  const who = component === undefined ? "" : `${component}: `;
  const isPlaced = place !== undefined && level !== "ok";
  const hint = others.some(isStatement) ? " what stands at the end." : "";
  const sentence = `${who}${first.replace(/:$/, hint === "" ? ":" : "")}${hint}`;
  const [start = "", ...rest] = wrapped(sentence, { width: width - INDENT.length });
  return [
    `  ${level.padEnd(7)}  ${start}`,
    ...rest.map((line) => `${INDENT}${line.trimStart()}`),
    ...others.filter((line) => !isStatement(line)).map((line) => `${INDENT}${line}`),
    ...(isPlaced
      ? [formatPlace(place), ...fallbacks(place), ...inclusions(place)].map(
          (line) => `${INDENT}(${line})`,
        )
      : []),
  ];
};

const summary = (lines: readonly Line[], file: string): string => {
  const of = (level: Line["level"]) => lines.filter((line) => line.level === level).length;
  const [problems, warnings] = [of("problem"), of("warning")];
  const warned =
    warnings === 0
      ? ""
      : warnings === 1
        ? " There is 1 warning."
        : ` There are ${warnings} warnings.`;
  if (problems === 0) {
    return `Nothing has to be mended.${warned} Next: \`${RUNNER} plan ${file}\`.`;
  }
  return `${problems === 1 ? "1 problem has" : `${problems} problems have`} to be mended before a run.${warned} Nothing was changed.`;
};

/** The object of `--json`. */
export const doctorObject = ({ pipeline, database, lines }: Examination) => ({
  pipeline,
  database: database ?? null,
  status: lines.some(({ level }) => level === "problem") ? "problem" : "ok",
  lines: lines.map(({ about, level, code, message, component, place }) => ({
    about,
    component: component ?? null,
    level,
    code,
    message: withoutPasswords(message),
    ...(place === undefined
      ? {}
      : {
          file: fileLabel(place.file),
          line: place.line,
          column: place.column,
          included_from: inclusions(place),
        }),
  })),
});
