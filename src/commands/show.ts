import { COUNTED, type Counts, NOTED } from "../core/counts.ts";
import {
  atOneMoment,
  type PastCitation,
  type PastFlow,
  type PastRun,
  pastCitations,
  pastFlows,
} from "../core/history.ts";
import { fileLabel } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { count, duration } from "../core/progress.ts";
import { isWithoutFlows } from "../core/state.ts";
import { databaseWords } from "./again.ts";
import { findingTable } from "./finding-rows.ts";
import { runObject } from "./history.ts";
import { chosenRun, lookBack } from "./past.ts";
import { countLines, tableLines, widthOf } from "./table.ts";
import { citationLine } from "./text.ts";

export interface ShowFlags {
  readonly database?: string;
  readonly json?: boolean;
}

/** What a run did, flow by flow. */
interface WholeRun {
  readonly run: PastRun;
  readonly flows: readonly PastFlow[];
  readonly citations: readonly PastCitation[];
}

/** `runner show PIPELINE [RUN]`: one run in full, the last one when none is named. */
export const showCommand = (
  file: string,
  wanted: number | undefined,
  flags: ShowFlags,
  signal: AbortSignal,
): Promise<number> =>
  lookBack(file, flags, signal, async (past) => {
    const { session, plan, database } = past;
    const whole = await atOneMoment(session, async (): Promise<WholeRun> => {
      const run = await chosenRun(past, wanted);
      const flows = await pastFlows(session, run.run);
      return { run, flows, citations: await pastCitations(session, run.run) };
    });
    if (flags.json) {
      console.log(JSON.stringify({ ...runObject(whole.run), ...whole, run: whole.run.run }));
      return 0;
    }
    console.log(`Run ${whole.run.run} of ${plan.name}, in ${database.label}`);
    for (const line of runLines(whole, widthOf(process.stdout))) console.log(line);
    if (whole.run.undone !== null || whole.flows.some(({ rejects }) => rejects.length > 0)) {
      console.log(
        `\nThe records: \`${RUNNER} rejects ${fileLabel(plan.file)} ${whole.run.run}${databaseWords(flags.database)}\``,
      );
    }
    return 0;
  });

const runLines = ({ run, flows, citations }: WholeRun, width: number): string[] => {
  const took = run.seconds === null ? "" : `, ${duration(run.seconds)}`;
  return [
    `${run.status}, started ${run.started}${took}, by ${run.holder}, version ${run.version}`,
    ...(run.replay === null ? [] : [`It loaded repaired records: ${run.replay}`]),
    ...(run.error === null ? [] : [run.error]),
    ...(flows.length === 0
      ? [isWithoutFlows(run.status) ? "It ran no flow." : "It committed nothing."]
      : ["", ...countLines(flowCounts(flows), COUNTED, width)]),
    ...comparedLines(flows),
    ...flows.flatMap((flow) => rejectLines(flow, width)),
    ...undoneLines(run, width),
    ...flows.flatMap((flow) => findingLines(flow, width)),
    ...(citations.length === 0 ? [] : ["", ...citations.map(pastCitationLine)]),
  ];
};

/** With which runs the flows are compared, and whether anything that is shown differs. */
const comparedLines = (flows: readonly PastFlow[]): string[] => {
  const compared = new Set(flows.flatMap(({ before }) => (before ? [before.run] : [])));
  if (compared.size === 0) return [];
  const runs = [...compared].sort((a, b) => a - b).join(" and ");
  return flows.some((flow) => isDifferent(flow, shownCounts(flows)))
    ? [`In brackets: the difference to run ${runs}.`]
    : [`No count differs from run ${runs}.`];
};

const isDifferent = (
  { counts, before, rejects }: PastFlow,
  shown: readonly (keyof Counts)[],
): boolean =>
  before !== null &&
  (shown.some((name) => counts[name] !== before.counts[name]) ||
    rejects.some(({ records, before: then }) => records !== then));

/** Counts that are rare have a column only when there is one. */
const shownCounts = (flows: readonly PastFlow[]): (keyof Counts)[] => [
  ...COUNTED,
  ...NOTED.filter((name) =>
    flows.some(({ counts, before }) => counts[name] > 0 || (before?.counts[name] ?? 0) > 0),
  ),
];

const flowCounts = (flows: readonly PastFlow[]): string[][] => {
  const shown = shownCounts(flows);
  const rows = flows.map((flow) => [flow.flow, ...shown.map((name) => withChange(flow, name))]);
  return [["flow", ...shown], ...rows];
};

const withChange = ({ counts, before }: PastFlow, name: keyof Counts): string =>
  before === null
    ? count(counts[name])
    : `${count(counts[name])}${change(counts[name], before.counts[name])}`;

/** ` (+12)`, ` (-3)`; nothing where nothing changed. */
const change = (now: number, before: number): string => {
  if (now === before) return "";
  return ` (${now > before ? "+" : "-"}${count(Math.abs(now - before))})`;
};

const rejectLines = ({ flow, rejects, before }: PastFlow, width: number): string[] => {
  if (rejects.length === 0) return [];
  const isReplayed = rejects.some(({ replayed }) => replayed > 0);
  const rows = rejects.map(({ code, records, before: then, replayed }) => [
    code,
    `${count(records)}${before === null ? "" : change(records, then)}`,
    ...(isReplayed ? [count(replayed)] : []),
  ]);
  const header = ["code", "records", ...(isReplayed ? ["repaired and loaded by now"] : [])];
  return ["", `${flow} rejected:`, ...tableLines([header, ...rows], { width, indent: "  " })];
};

/** What was set aside and undone with all else of its flow. */
const undoneLines = ({ undone }: PastRun, width: number): string[] => {
  if (undone === null) return [];
  const rows = Object.entries(undone.rejects).map(([code, records]) => [code, count(records)]);
  const table = tableLines([["code", "records"], ...rows], { width, indent: "  " });
  const end = undone.isWhole
    ? []
    : ["  It stopped there: records behind these were not looked at."];
  return ["", `${undone.flow} rejected, and was undone:`, ...table, ...end];
};

const findingLines = ({ flow, findings, firstFindings }: PastFlow, width: number): string[] => {
  const kinds = Object.entries(findings).map(([kind, rows]) => `${count(rows)} ${kind}`);
  if (kinds.length === 0) return [];
  const isAll =
    Object.values(findings).reduce((all, rows) => all + rows, 0) ===
    new Set(firstFindings.map(({ kind, key }) => `${kind} ${key}`)).size;
  return [
    "",
    `${flow} noted in runner.finding: ${kinds.join(", ")}${isAll ? "" : "; the first of each kind"}`,
    ...tableLines(findingTable(firstFindings), { width, indent: "  " }),
  ];
};

const pastCitationLine = ({ citation, records, license, doi }: PastCitation): string =>
  citationLine({
    text: citation,
    records: records ?? undefined,
    license: license ?? undefined,
    doi: doi ?? undefined,
    request: undefined,
  });
