import type { Batch } from "../core/batch.ts";
import type { Plan } from "../core/plan.ts";
import { previewFlow } from "../runner.ts";
import { loadToRun } from "./load.ts";
import { cut } from "./table.ts";
import { interruptedCode } from "./text.ts";

export interface PreviewFlags {
  readonly database?: string;
  readonly flow?: string;
  readonly rows: number;
}

/** `runner preview PIPELINE`: the first records after the transforms; writes nothing. */
export const previewCommand = async (
  file: string,
  flags: PreviewFlags,
  signal: AbortSignal,
): Promise<number> => {
  const { plan } = await loadToRun(file, flags.database, { flows: flags.flow ? [flags.flow] : [] });
  if (plan === undefined) return 2;
  try {
    await show(plan, { flow: flags.flow ?? plan.flows[0]?.name ?? "", rows: flags.rows, signal });
    return 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    say("Interrupted; nothing was written.");
    return interruptedCode(signal);
  }
};

const say = (text: string) => console.error(text);

const show = async (
  plan: Plan,
  { flow, rows, signal }: { flow: string; rows: number; signal: AbortSignal },
): Promise<void> => {
  const log = { info: say, warn: (text: string) => say(`Warning: ${text}`) };
  let shown = 0;
  for await (const batch of previewFlow(plan, { flow, signal, log })) {
    for (const { place, code, message } of batch.rejects.slice(0, rows)) {
      say(`Rejected: ${place} ${code}: ${message}`);
    }
    for (const row of batch.rows.slice(0, rows - shown)) {
      console.log(recordText(batch, row));
      shown++;
    }
    if (shown >= rows) break;
  }
  say(
    shown === 0
      ? `Flow \`${flow}\` gives no record.`
      : `${shown} records of flow \`${flow}\`; nothing was written.`,
  );
};

/** A record, one line per column that has a value: wide tables do not fit across a terminal. */
const recordText = (batch: Batch, row: number): string => {
  const { names } = batch;
  const width = Math.max(...names.map((name) => name.length));
  const values = names.map((name) => [name, batch.column(name).text(row)] as const);
  const lines = values
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `  ${name.padEnd(width)}  ${cut(value ?? "", VALUE_WIDTH)}`);
  return [batch.record(row).place, ...lines, ""].join("\n");
};

const VALUE_WIDTH = 120;
