import { existsSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { explanationOf, readCodes } from "../core/codes.ts";
import { listed, severalFlows, suggestion, unknownFlow } from "../core/errors.ts";
import { committedRejects, type PastRun } from "../core/history.ts";
import { fileLabel } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { counted } from "../core/progress.ts";
import { readRejects, type WrittenReject } from "../core/reject-file.ts";
import { REJECT_COLUMNS } from "../core/repaired-table.ts";
import { replayedRejects } from "../core/replayed.ts";
import { isWithoutFlows } from "../core/state.ts";
import { rejectPath } from "../runner.ts";
import { databaseWords } from "./again.ts";
import { languageOf } from "./explain.ts";
import { chosenRun, lastLoad, lookBack, type Past } from "./past.ts";
import { type RejectGroup, rejectGroupLines } from "./reject-list.ts";
import { csvTable, csvText, widthOf, wrapped } from "./table.ts";

export interface RejectsFlags {
  readonly database?: string;
  readonly flow?: string;
  readonly code?: string;
  readonly csv?: boolean;
  readonly ndjson?: boolean;
}

/** Asks for the rejects again each time: there may be more than memory holds. */
type Rejects = () => AsyncIterable<WrittenReject>;

/** `runner rejects PIPELINE [RUN]`: what a run set aside and nobody has loaded since, for people or as a file. */
export const rejectsCommand = (
  file: string,
  wanted: number | undefined,
  flags: RejectsFlags,
  signal: AbortSignal,
): Promise<number> =>
  lookBack(file, flags, signal, async (past) => {
    const run = await chosenRun(past, wanted);
    const known = past.plan.flows.map(({ name }) => name);
    if (flags.flow !== undefined && !known.includes(flags.flow))
      throw unknownFlow(flags.flow, known);
    const rejects = await rejectsOf(past, run, flags);
    if (flags.csv) await print(csvParts(rejects));
    else if (flags.ndjson) await print(ndjsonParts(rejects));
    else await show(rejects, { past, run, flags });
    const end = endOf(past, run);
    if (end !== undefined) console.error(end);
    return 0;
  });

/** What was committed is in the database; of a run that did not end well, the file of this machine has all. */
const rejectsOf = async (
  { plan, session, database }: Past,
  run: PastRun,
  choice: RejectsFlags,
): Promise<Rejects> => {
  const path = rejectPath(plan, database, String(run.run));
  if (run.status === "done" || !existsSync(path)) {
    return () => committedRejects(session, run.run, choice);
  }
  const { flow, code } = choice;
  const flows = flow === undefined ? plan.flows.map(({ name }) => name) : [flow];
  const loaded = await replayedRejects(session, plan.name, flows);
  return async function* () {
    for await (const reject of readRejects(path)) {
      if (flow !== undefined && reject.flow !== flow) continue;
      if (code !== undefined && reject.code !== code) continue;
      if (!loaded.has(`${reject.flow} ${reject.id}`)) yield reject;
    }
  };
};

/** Whether what a run set aside was undone with its flow, and its file is not here. */
const isElsewhere = ({ plan, database }: Past, { run, undone }: PastRun): boolean =>
  undone !== null && !existsSync(rejectPath(plan, database, String(run)));

/** What is to be said of the list of a run that did not get to its end. */
const endOf = (past: Past, ended: PastRun): string | undefined => {
  const { run, status, undone, holder } = ended;
  if (undone !== null && isElsewhere(past, ended)) {
    const path = rejectPath(past.plan, past.database, String(run));
    const records = Object.values(undone.rejects).reduce((sum, one) => sum + one, 0);
    return `${counted(records, "record")} of flow \`${undone.flow}\`, which was undone, ${records === 1 ? "is" : "are"} in the run's own file alone, ${fileLabel(path)} of the machine that ran it (${holder}).`;
  }
  if (status === "done" || status === "refused" || isWithoutFlows(status)) return undefined;
  if (undone?.isWhole) return undefined;
  const how = status === "running" ? "is going on" : "did not get to its end";
  return `Run ${run} ${how}: the list ends where it ${status === "running" ? "is" : "stopped"}, and there may be more behind.`;
};

const print = (parts: AsyncIterable<string>): Promise<void> =>
  pipeline(Readable.from(parts), process.stdout, { end: false });

async function* ndjsonParts(rejects: Rejects): AsyncGenerator<string> {
  for await (const reject of rejects()) yield `${JSON.stringify(reject)}\n`;
}

/** The reject's own columns first, then those of all its records, in the order in which they come up. */
async function* csvParts(rejects: Rejects): AsyncGenerator<string> {
  const names = new Set<string>();
  const flows = new Set<string>();
  for await (const { flow, fields } of rejects()) {
    flows.add(flow);
    for (const name of Object.keys(fields ?? {})) names.add(name);
  }
  if (flows.size > 1) throw severalFlows([...flows]);
  const own = Object.entries(REJECT_COLUMNS) as [keyof WrittenReject, string][];
  yield csvTable([[...own.map(([, column]) => column), ...names]]);
  for await (const reject of rejects()) {
    const values = [...names].map((name) => reject.fields?.[name] ?? null);
    yield csvText([[...own.map(([key]) => reject[key] as string), ...values]]);
  }
}

/** So many of each code are shown to people. */
const EXAMPLES = 5;

const show = async (
  rejects: Rejects,
  { past, run, flags }: { past: Past; run: PastRun; flags: RejectsFlags },
): Promise<void> => {
  const flows = await examplesOf(rejects);
  const file = fileLabel(past.plan.file);
  const at = databaseWords(flags.database);
  if (flows.size === 0) {
    if (isElsewhere(past, run)) return;
    // Of one that failed, only its file knows.
    const isClean = run.status === "done" && run.counts.rejected === 0;
    const chosen = chosenWords(flags);
    const found = isClean
      ? "rejected nothing"
      : `set no record aside${chosen === "" ? "" : ` with${chosen}`} that is not loaded now`;
    const meant = flags.code === undefined ? "" : await codesBeside(flags.code, past, run);
    console.log(`Run ${run.run} of ${past.plan.name} ${found}.${meant}`);
    if (chosen !== "" && !isClean) {
      console.error(`All that it set aside: \`${RUNNER} rejects ${file} ${run.run}${at}\``);
    }
    const loaded = run.replay === null ? undefined : await lastLoad(past);
    if (loaded !== undefined) {
      console.error(
        `It loaded repaired records. What the last run from the sources set aside: \`${RUNNER} rejects ${file} ${loaded.run}${at}\``,
      );
    }
    return;
  }
  const width = widthOf(process.stdout);
  for (const [flow, groups] of flows) {
    console.log(`${flow} rejected:`);
    const lines = rejectGroupLines([...groups.values()], { width, indent: "  " });
    console.log(`${lines.join("\n")}\n`);
  }
  const found = [...flows].flatMap(([flow, groups]) =>
    [...groups.keys()].map((code) => ({ flow, code })),
  );
  const { repairable, lines } = whatHelps(found, widthOf(process.stderr));
  for (const line of lines) console.error(line);
  const [first] = repairable;
  if (first === undefined) return;
  if (run.undone?.flow === first.flow) {
    console.error(
      `What was not committed of flow \`${first.flow}\` is undone, its good records too: mend these in the source, or allow some with \`rejects\`, and run it again.`,
    );
    return;
  }
  // Records of several flows are no table: those of the first, for an example.
  const flow = flows.size > 1 && flags.flow === undefined ? ` --flow ${first.flow}` : "";
  const code = lines.length > 0 && flags.code === undefined ? ` --code ${first.code}` : "";
  console.error(
    `To repair ${lines.length > 0 ? "others" : "them"}: \`${RUNNER} rejects ${file} ${run.run}${chosenWords(flags)}${flow}${code}${at} --csv > repaired.csv\`, ` +
      `then \`${RUNNER} ${file} --replay repaired.csv${at}\`.${alike(repairable, code)}`,
  );
};

/** The other codes that can be repaired, where the command is for one. */
const alike = ([first, ...others]: readonly FoundCode[], code: string): string => {
  const codes = new Set(others.map((one) => one.code).filter((one) => one !== first?.code));
  return code === "" || codes.size === 0
    ? ""
    : ` In the same way, each by itself: ${listed(codes)}.`;
};

interface FoundCode {
  readonly flow: string;
  readonly code: string;
}

/** Which rejects can be repaired in a file, and for the others what does help. */
const whatHelps = (
  found: readonly FoundCode[],
  width: number,
): { repairable: readonly FoundCode[]; lines: readonly string[] } => {
  const groups = readCodes();
  const language = languageOf(process.env);
  const isRepairable = (code: string) => explanationOf(code, groups)?.repairable !== false;
  const waiting = [...new Set(found.map(({ code }) => code))].filter((code) => !isRepairable(code));
  const cures = waiting.flatMap((code) =>
    wrapped(`${code}: ${explanationOf(code, groups)?.cure[language]}`, { width, indent: "  " }),
  );
  return {
    repairable: found.filter(({ code }) => isRepairable(code)),
    lines:
      cures.length > 0 ? ["No repair of the records helps here, but this does:", ...cures] : [],
  };
};

/** Which code may be meant by one that no record of the run has. */
const codesBeside = async (code: string, past: Past, run: PastRun): Promise<string> => {
  const codes = new Set<string>();
  for await (const reject of (await rejectsOf(past, run, {}))()) codes.add(reject.code);
  return codes.has(code) ? "" : suggestion(code, codes);
};

/** The choice among a run's rejects, as words of the command line. */
const chosenWords = ({ flow, code }: RejectsFlags): string =>
  (flow === undefined ? "" : ` --flow ${flow}`) + (code === undefined ? "" : ` --code ${code}`);

/** The rejects by flow and code, with some of each. */
const examplesOf = async (rejects: Rejects): Promise<Map<string, Map<string, Examples>>> => {
  const flows = new Map<string, Map<string, Examples>>();
  for await (const { flow, code, place, message } of rejects()) {
    const codes = flows.get(flow) ?? new Map<string, Examples>();
    const group = codes.get(code) ?? { code, records: 0, examples: [] };
    flows.set(flow, codes.set(code, group));
    group.records++;
    if (group.examples.length < EXAMPLES) group.examples.push({ place, message });
  }
  return flows;
};

/** A group that is still growing. */
interface Examples extends RejectGroup {
  records: number;
  readonly examples: { place: string; message: string }[];
}
