import { COUNTED } from "../core/accounting.ts";
import { atOneMoment, type PastRun, pastRuns } from "../core/history.ts";
import { fileLabel } from "../core/place.ts";
import { count, duration } from "../core/progress.ts";
import { databaseWords } from "./again.ts";
import { lookBack } from "./past.ts";
import { csvText, tableLines, widthOf } from "./table.ts";

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
    else if (flags.csv) process.stdout.write(csvText(historyRows(runs, String)));
    else if (runs.length === 0) {
      console.log(`Pipeline \`${plan.name}\` has not been run in ${database.label} yet.`);
    } else {
      const rows = historyRows(runs, count);
      for (const line of tableLines(rows, { width: widthOf(process.stdout) })) console.log(line);
      console.error(
        `One of them in full: \`runner show ${fileLabel(plan.file)} ${runs[0]?.run}${databaseWords(flags.database)}\``,
      );
    }
    return 0;
  });

/** A run on a line, under a header. */
const historyRows = (runs: readonly PastRun[], number: (value: number) => string): string[][] => {
  const isCited = runs.some(({ dois }) => dois.length > 0);
  return [
    ["run", "started", "took", "status", ...COUNTED, ...(isCited ? ["cited as"] : [])],
    ...runs.map((run) => [
      String(run.run),
      run.started.slice(0, "2026-11-24 10:15".length),
      run.seconds === null ? "" : duration(run.seconds),
      run.replay === null ? run.status : `${run.status}, replay`,
      ...COUNTED.map((name) => number(run.counts[name])),
      ...(isCited ? [run.dois.map(doiUrl).join(" ")] : []),
    ]),
  ];
};

const doiUrl = (doi: string): string =>
  `https://doi.org/${doi.replace(/^https?:\/\/doi\.org\//, "")}`;

/** A run in the JSON of `history` and `show`. */
export const runObject = ({ counts, ...run }: PastRun) => ({ ...run, ...counts });
