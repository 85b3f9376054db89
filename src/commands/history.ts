import { COUNTED } from "../core/counts.ts";
import { atOneMoment, type PastRun, pastRuns } from "../core/history.ts";
import { fileLabel } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { count, duration } from "../core/progress.ts";
import { isWithoutFlows } from "../core/state.ts";
import { databaseWords } from "./again.ts";
import { lookBack } from "./past.ts";
import { csvTable, isWithin, sparing, tableLines, widthOf, wrapped } from "./table.ts";

export interface HistoryFlags {
  readonly database?: string;
  readonly last: number;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** `runner history PIPELINE`: its last runs, the newest first. */
export const historyCommand = (
  file: string,
  flags: HistoryFlags,
  signal: AbortSignal,
): Promise<number> =>
  lookBack(file, flags, signal, async ({ plan, session, database }) => {
    const runs = await atOneMoment(session, () =>
      pastRuns(session, plan.name, { limit: flags.last }),
    );
    if (flags.json) console.log(JSON.stringify(runs.map(runObject)));
    else if (flags.csv) process.stdout.write(csvTable(historyRows(runs, String)));
    else if (runs.length === 0) {
      console.log(`Pipeline \`${plan.name}\` has not been run in ${database.label} yet.`);
    } else {
      for (const line of historyLines(runs, widthOf(process.stdout))) console.log(line);
      console.error(
        `One of them in full: \`${RUNNER} show ${fileLabel(plan.file)} ${runs[0]?.run}${databaseWords(flags.database)}\``,
      );
    }
    return 0;
  });

/** A table where it fits; else a sentence for each run, so that no date and no count is cut. */
export const historyLines = (runs: readonly PastRun[], width: number): string[] => {
  const table = sparing(historyRows(runs, count), COUNTED, width);
  return isWithin(table, width)
    ? tableLines(table, { width })
    : runs.flatMap((run) => sentenceLines(run, width));
};

/** `run 8, 2026-11-24 10:15, done in 2.0 s: 2,000 read, 1,998 inserted, 2 rejected`. */
const sentenceLines = (run: PastRun, width: number): string[] => {
  const counts = COUNTED.filter((name) => run.counts[name] > 0)
    .map((name) => `${count(run.counts[name])} ${name}`)
    .join(", ");
  const took = run.seconds === null ? "" : ` in ${duration(run.seconds)}`;
  const cited = run.dois.map(doiUrl).join(" ");
  const undone = run.undone === null ? "" : `, ${count(undoneRejects(run))} rejected and undone`;
  const did = isWithoutFlows(run.status) ? "" : `: ${counts || "nothing committed"}`;
  return wrapped(
    `run ${run.run}, ${minuteOf(run)}, ${statusOf(run)}${took}${did}${undone}${cited && `, cited as ${cited}`}`,
    { width },
  );
};

/** Nothing where nothing was to be counted. */
const countIn = ({ counts, status }: PastRun, name: (typeof COUNTED)[number], number: Format) =>
  isWithoutFlows(status) ? "" : number(counts[name]);

type Format = (value: number) => string;

const minuteOf = ({ started }: PastRun): string => started.slice(0, "2026-11-24 10:15".length);

const statusOf = ({ status, replay }: PastRun): string =>
  replay === null ? status : `${status}, replay`;

/** A run on a line, under a header. */
const historyRows = (runs: readonly PastRun[], number: (value: number) => string): string[][] => {
  const isCited = runs.some(({ dois }) => dois.length > 0);
  const isUndone = runs.some(({ undone }) => undone !== null);
  return [
    [
      "run",
      "started",
      "took",
      "status",
      ...COUNTED,
      ...(isUndone ? [UNDONE] : []),
      ...(isCited ? ["cited as"] : []),
    ],
    ...runs.map((run) => [
      String(run.run),
      minuteOf(run),
      run.seconds === null ? "" : duration(run.seconds),
      statusOf(run),
      ...COUNTED.map((name) => countIn(run, name, number)),
      ...(isUndone ? [run.undone === null ? "" : number(undoneRejects(run))] : []),
      ...(isCited ? [run.dois.map(doiUrl).join(" ")] : []),
    ]),
  ];
};

/** Rejects of a flow whose transaction was undone, and they with it. */
const UNDONE = "rejected, undone";

const undoneRejects = ({ undone }: PastRun): number =>
  Object.values(undone?.rejects ?? {}).reduce((sum, records) => sum + records, 0);

const doiUrl = (doi: string): string =>
  `https://doi.org/${doi.replace(/^https?:\/\/doi\.org\//, "")}`;

/** A run in the JSON of `history` and `show`. */
export const runObject = ({ counts, ...run }: PastRun) => ({ ...run, ...counts });
