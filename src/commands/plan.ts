import { resolve } from "node:path";
import { COUNTED, NOTED } from "../core/counts.ts";
import { count, duration, tellOn } from "../core/progress.ts";
import type { Changes } from "../core/tally.ts";
import { type Rehearsal, rehearsePipeline } from "../rehearsal.ts";
import { type FlowSummary, isChosen } from "../run-flows.ts";
import { findingTable } from "./finding-rows.ts";
import { loadToRun } from "./load.ts";
import { openList } from "./plan-list.ts";
import { loggedRows, planRows } from "./plan-rows.ts";
import { type RejectGroup, rejectGroupLines } from "./reject-list.ts";
import { countLines, tableLines, widthOf } from "./table.ts";
import {
  errorText,
  exitCodeOf,
  failure,
  flowObject,
  interruptedCode,
  refusalObject,
  warningText,
} from "./text.ts";

export interface PlanFlags {
  readonly database?: string;
  readonly flow?: readonly string[];
  readonly lockTimeout: number;
  readonly replay?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `runner plan PIPELINE`: what a run would do; the exit code is that of the run. */
export const planCommand = async (
  file: string,
  flags: PlanFlags,
  signal: AbortSignal,
): Promise<number> => {
  const { plan, complaints } = await loadToRun(file, flags.database, {
    // Repaired records come instead of what the sources would read.
    flows: flags.replay ? [] : flags.flow,
    isWanted: isChosen(flags.flow),
  });
  if (plan === undefined) {
    if (flags.json) console.log(JSON.stringify(refusalObject(file, complaints)));
    return 2;
  }
  const say = tellOn(process.stderr);
  const started = performance.now();
  await using list = await openList(flags.csv ?? false);
  const rehearsal = await rehearsePipeline(plan, {
    flows: flags.flow,
    replay: flags.replay && resolve(flags.replay),
    lockTimeoutSecs: flags.lockTimeout,
    signal,
    log: { info: say, warn: (text, flow) => say(warningText(text, flow)) },
    display: process.stderr,
    isListing: flags.csv,
    beforeUndo: async (session, run) => list.write(loggedRows(session, run)),
  });
  if (flags.csv) await list.print(planRows(rehearsal));
  else if (flags.json) console.log(JSON.stringify(planObject(rehearsal)));
  else if (rehearsal.status === "done" || rehearsal.flows.length > 0) {
    for (const line of planLines(rehearsal, widthOf(process.stdout))) console.log(line);
  }
  const seconds = (performance.now() - started) / 1000;
  if (rehearsal.status === "interrupted") {
    say("Interrupted: all is undone.");
    return interruptedCode(signal);
  }
  if (rehearsal.status === "failed") {
    // What the error says of commits is true of its flow.
    const loaded = rehearsal.flows.map(({ name }) => `\`${name}\``).join(", ");
    const before = loaded && ` after it has loaded ${loaded}, which stays. Of the flow that fails`;
    const hasBegun = rehearsal.database !== "";
    const head = hasBegun ? `A run would fail${before}:\n` : "";
    say(`${head}${errorText(rehearsal.error)}`);
    return exitCodeOf(rehearsal.error);
  }
  say(`Nothing of it was kept, in ${rehearsal.database}; it took ${duration(seconds)}.`);
  return 0;
};

/** What a run would do, for people: the counts of all flows, then of each what it changes and refuses. */
export const planLines = (
  { pipeline, flows, skipped }: Pick<Rehearsal, "pipeline" | "flows" | "skipped">,
  width: number,
): string[] => {
  // Counts that are rare have a column only when there is one.
  const noted = NOTED.filter((name) => flows.some((flow) => flow[name] > 0));
  const shown = [...COUNTED, ...noted];
  const counts = flows.map((flow) => [flow.name, ...shown.map((name) => count(flow[name]))]);
  return [
    `A run of ${pipeline} would do this:`,
    "",
    ...(flows.length > 0 ? countLines([["flow", ...shown], ...counts], COUNTED, width) : []),
    ...flows.flatMap((flow) => detailLines(flow, width)),
    ...(skipped.length > 0 ? ["", "Setup would also execute, outside a transaction:"] : []),
    ...skipped.flatMap((sql) => tableLines([[sql]], { width, indent: "  " })),
  ];
};

const detailLines = (flow: FlowSummary, width: number): string[] => {
  const indent = "  ";
  const changes = changeRows(flow);
  return [
    ...(changes.length > 0
      ? ["", `${flow.name} would update:`, ...tableLines(changes, { width, indent })]
      : []),
    ...(flow.findings.length > 0
      ? [
          "",
          `${flow.name} would find, the first of each kind (all: \`--csv\`):`,
          ...tableLines(findingTable(flow.findings), { width, indent }),
        ]
      : []),
    ...(flow.rejectedByCode.length > 0
      ? ["", `${flow.name} would reject:`, ...rejectGroupLines(rejectsOf(flow), { width, indent })]
      : []),
  ];
};

/** A header, and a line for each column, its examples beside and below it; nothing where nothing would change. */
const changeRows = ({ changed: { changes, examples } }: FlowSummary): string[][] => {
  const columns = Object.entries(changes);
  if (columns.length === 0) return [];
  const isLabelled = examples.some(({ label }) => label !== null);
  const shown = ({ key, label, old, new: now }: Changes["examples"][number]) => [
    key,
    ...(isLabelled ? [label ?? ""] : []),
    old ?? "(empty)",
    now ?? "(empty)",
  ];
  const header = ["column", "rows", "for example", ...(isLabelled ? ["row"] : []), "old", "new"];
  return [
    header,
    ...columns.flatMap(([column, rows]) =>
      grouped(
        [column, count(rows)],
        examples.filter((example) => example.column === column).map(shown),
        header.length - 2,
      ),
    ),
  ];
};

const rejectsOf = ({ rejectedByCode, rejectExamples }: FlowSummary): RejectGroup[] =>
  rejectedByCode.map(([code, records]) => ({
    code,
    records,
    examples: (rejectExamples.get(code) ?? []).map(({ place, message }) => ({ place, message })),
  }));

const grouped = (head: readonly string[], examples: string[][], width: number): string[][] => {
  const [first = Array<string>(width).fill(""), ...others] = examples;
  return [[...head, ...first], ...others.map((other) => [...head.map(() => ""), ...other])];
};

/** The object of `--json`. */
export const planObject = ({ pipeline, status, flows, skipped, error }: Rehearsal) => ({
  plan: true,
  pipeline,
  status,
  flows: flows.map((flow) => ({
    ...flowObject(flow),
    rejects: rejectsOf(flow),
  })),
  skipped,
  ...(status === "failed" ? { error: failure(error) } : {}),
});
