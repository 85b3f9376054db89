import { resolve } from "node:path";
import { isChosen } from "../run-flows.ts";
import { runPipeline } from "../runner.ts";
import { named } from "./again.ts";
import { confirmFirstWrite, confirmSharedName } from "./confirm.ts";
import { loadToRun } from "./load.ts";
import { requireMetricsFolder, writeMetrics } from "./metrics.ts";
import { type ReportFlags, reportOf } from "./report.ts";
import { exitCodeOf, interruptedCode, refusalObject, summaryObject } from "./text.ts";

export interface RunFlags extends ReportFlags {
  readonly database?: string;
  readonly flow?: readonly string[];
  readonly fresh?: boolean;
  readonly replay?: string;
  readonly json?: boolean;
  readonly metrics?: string;
  readonly yes?: boolean;
}

/** `runner run PIPELINE`: the exit code. */
export const runCommand = async (
  file: string,
  flags: RunFlags,
  { now, soon }: { now: AbortSignal; soon: AbortSignal },
): Promise<number> => {
  const report = await reportOf(file, flags);
  const { plan, complaints } = await loadToRun(file, flags.database, {
    flows: flags.replay ? [] : flags.flow,
    isWanted: isChosen(flags.flow),
    tell: report.complain,
  });
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
  if (flags.metrics !== undefined) await requireMetricsFolder(flags.metrics);
  const startedAt = new Date();
  const summary = await runPipeline(plan, {
    flows: flags.flow,
    isFresh: flags.fresh,
    replay: flags.replay && resolve(flags.replay),
    signal: now,
    soon,
    log: report.log,
    display: report.display,
    confirm: confirmFirstWrite(file, flags, AbortSignal.any([now, soon])),
    confirmName: confirmSharedName(flags, AbortSignal.any([now, soon])),
    named: named(file, flags.database),
    onBegin: report.begin,
    onFlow: report.flow,
  });
  report.end(summary);
  if (flags.metrics !== undefined) {
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    const isPartial = flags.flow !== undefined || flags.replay !== undefined;
    await writeMetrics(flags.metrics, { ...summary, startedAt, seconds, isPartial });
  }
  if (flags.json) console.log(JSON.stringify(summaryObject(summary)));
  if (summary.status === "interrupted") return interruptedCode(now);
  return summary.status === "done" ? 0 : exitCodeOf(summary.error);
};
