import { resolve } from "node:path";
import { runPipeline } from "../runner.ts";
import { loadToRun } from "./load.ts";
import {
  closingLines,
  exitCodeOf,
  flowLine,
  interruptedCode,
  refusalObject,
  summaryObject,
} from "./text.ts";

export interface RunFlags {
  readonly database?: string;
  readonly flow?: readonly string[];
  readonly fresh?: boolean;
  readonly replay?: string;
  readonly json?: boolean;
}

/** `runner run PIPELINE`: the exit code. */
export const runCommand = async (
  file: string,
  flags: RunFlags,
  signal: AbortSignal,
): Promise<number> => {
  const { plan, complaints } = await loadToRun(file, flags.database, flags.flow);
  if (plan === undefined) {
    if (flags.json) console.log(JSON.stringify(refusalObject(file, complaints)));
    return 2;
  }
  const writesStdout = plan.flows.some(
    ({ name, sink }) =>
      (flags.flow?.includes(name) ?? true) && (sink.options as { path?: unknown }).path === "-",
  );
  if (flags.json && writesStdout) {
    console.error(
      '`--json` and a sink that writes to standard output (`path: "-"`) do not go together.',
    );
    return 2;
  }
  const say = (text: string) => console.error(text);
  const summary = await runPipeline(plan, {
    flows: flags.flow,
    isFresh: flags.fresh,
    replay: flags.replay && resolve(flags.replay),
    signal,
    log: { info: say, warn: (text) => say(`Warning: ${text}`) },
    display: process.stderr,
    onFlow: (flow) => say(flowLine(flow)),
  });
  for (const line of closingLines(summary, file)) say(line);
  if (flags.json) console.log(JSON.stringify(summaryObject(summary)));
  if (summary.status === "interrupted") return interruptedCode(signal);
  return summary.status === "done" ? 0 : exitCodeOf(summary.error);
};
