import type { Batch } from "../core/batch.ts";
import type { Plan } from "../core/plan.ts";
import { previewFlow } from "../runner.ts";
import { loadToRun } from "./load.ts";
import { recordLines } from "./records.ts";
import { csvTable, widthOf } from "./table.ts";
import { interruptedCode, warningText } from "./text.ts";

export interface PreviewFlags {
  readonly database?: string;
  readonly flow?: string;
  readonly rows: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `runner preview PIPELINE`: the first records after the transforms; writes nothing. */
export const previewCommand = async (
  file: string,
  flags: PreviewFlags,
  signal: AbortSignal,
): Promise<number> => {
  const { flow } = flags;
  const { plan } = await loadToRun(file, flags.database, {
    flows: flow === undefined ? "first" : [flow],
    isWanted: ({ name }, at) => (flow === undefined ? at === 0 : name === flow),
  });
  if (plan === undefined) return 2;
  try {
    await show(plan, { flow: flow ?? plan.flows[0]?.name ?? "", signal, flags });
    return 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    say("Interrupted; nothing was written.");
    return interruptedCode(signal);
  }
};

const say = (text: string) => console.error(text);

interface Shown {
  /** All columns of the records, in order. */
  names: readonly string[];
  readonly places: string[];
  readonly rows: (string | null)[][];
}

const show = async (
  plan: Plan,
  { flow, signal, flags }: { flow: string; signal: AbortSignal; flags: PreviewFlags },
): Promise<void> => {
  const log = { info: say, warn: (text: string) => say(warningText(text)) };
  const shown: Shown = { names: [], places: [], rows: [] };
  for await (const batch of previewFlow(plan, { flow, signal, log })) {
    for (const { place, code, message } of batch.rejects.slice(0, flags.rows)) {
      say(`Rejected: ${place} ${code}: ${message}`);
    }
    collect(batch, shown, flags.rows);
    if (shown.rows.length >= flags.rows) break;
  }
  print(shown, flags, widthOf(process.stdout));
  const number = shown.rows.length;
  say(
    number === 0
      ? `Flow \`${flow}\` gives no record.`
      : `${number === 1 ? "1 record" : `${number} records`} of flow \`${flow}\`; nothing was written.`,
  );
};

/** Values are texts of their own: the batch's memory is used again. */
const collect = (batch: Batch, shown: Shown, most: number): void => {
  shown.names = batch.names;
  const columns = batch.names.map((name) => batch.column(name));
  for (const row of batch.rows.slice(0, most - shown.rows.length)) {
    shown.places.push(batch.record(row).place);
    shown.rows.push(columns.map((column) => column.text(row)));
  }
};

const print = ({ names, places, rows }: Shown, flags: PreviewFlags, width: number): void => {
  if (flags.csv) process.stdout.write(csvTable([names, ...rows]));
  else if (flags.json) {
    const records = rows.map((values) =>
      Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])),
    );
    console.log(JSON.stringify(records));
  } else for (const line of recordLines({ names, places, rows }, width)) console.log(line);
};
