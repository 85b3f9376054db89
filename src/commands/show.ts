import { COUNTED, type Counts, NOTED } from "../core/accounting.ts";
import {
  atOneMoment,
  type PastCitation,
  type PastFlow,
  type PastRun,
  pastCitations,
  pastFlows,
} from "../core/history.ts";
import { fileLabel } from "../core/place.ts";
import { count, duration } from "../core/progress.ts";
import { databaseWords } from "./again.ts";
import { runObject } from "./history.ts";
import { chosenRun, lookBack } from "./past.ts";
import { tableLines, widthOf } from "./table.ts";
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
    if (whole.flows.some(({ rejects }) => rejects.length > 0)) {
      console.log(
        `\nThe records: \`runner rejects ${fileLabel(plan.file)} ${whole.run.run}${databaseWords(flags.database)}\``,
      );
    }
    return 0;
  });

const runLines = ({ run, flows, citations }: WholeRun, width: number): string[] => {
  const took = run.seconds === null ? "" : `, ${duration(run.seconds)}`;
  const counts = countLines(flows, width);
  const rejects = flows.flatMap((flow) => rejectLines(flow, width));
  return [
    `${run.status}, started ${run.started}${took}, by ${run.holder}, version ${run.version}`,
    ...(run.replay === null ? [] : [`It loaded repaired records: ${run.replay}`]),
    ...(run.error === null ? [] : [run.error]),
    ...(flows.length === 0 ? ["It committed nothing."] : ["", ...counts]),
    ...comparedLines(flows, [...counts, ...rejects]),
    ...rejects,
    ...flows.flatMap(findingLines),
    ...(citations.length === 0 ? [] : ["", ...citations.map(pastCitationLine)]),
  ];
};

/** With which runs the flows are compared, and whether anything differs. */
const comparedLines = (flows: readonly PastFlow[], lines: readonly string[]): string[] => {
  const compared = new Set(flows.flatMap(({ before }) => (before ? [before.run] : [])));
  if (compared.size === 0) return [];
  const runs = [...compared].sort((a, b) => a - b).join(" and ");
  return lines.some((line) => DIFFERENCE.test(line))
    ? [`In brackets: the difference to run ${runs}.`]
    : [`No count differs from run ${runs}.`];
};

/** See `change`. */
const DIFFERENCE = / \([+-]\d/;

const countLines = (flows: readonly PastFlow[], width: number): string[] => {
  const noted = NOTED.filter((name) => flows.some(({ counts }) => counts[name] > 0));
  const shown = [...COUNTED, ...noted];
  const rows = flows.map((flow) => [flow.flow, ...shown.map((name) => withChange(flow, name))]);
  return tableLines([["flow", ...shown], ...rows], { width });
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
  const rows = rejects.map(({ code, records, before: then, replayed }) => [
    code,
    `${count(records)}${before === null ? "" : change(records, then)}`,
    replayed === 0 ? "" : count(replayed),
  ]);
  const header = ["code", "records", "repaired and loaded by now"];
  return ["", `${flow} rejected:`, ...tableLines([header, ...rows], { width, indent: "  " })];
};

const findingLines = ({ flow, findings }: PastFlow): string[] => {
  const kinds = Object.entries(findings).map(([kind, rows]) => `${count(rows)} ${kind}`);
  return kinds.length === 0 ? [] : ["", `${flow} noted in runner.finding: ${kinds.join(", ")}`];
};

const pastCitationLine = ({ citation, records, license, doi }: PastCitation): string =>
  citationLine({
    text: citation,
    records: records ?? undefined,
    license: license ?? undefined,
    doi: doi ?? undefined,
    request: undefined,
  });
