import type { Finding } from "../../core/accounting.ts";
import type { Context } from "../../core/component.ts";
import { count } from "../../core/progress.ts";
import type { Merged } from "./merge.ts";

/** Findings of a flow, of so many of each kind are told old and new. */
const FINDINGS_SHOWN = 20;

/** So many of each kind. */
export const firstOfEachKind = (findings: readonly Finding[]): Finding[] =>
  [...Map.groupBy(findings, ({ kind }) => kind).values()].flatMap((ofKind) =>
    ofKind.slice(0, FINDINGS_SHOWN),
  );

/** Tells what a person should know of the rows of a flow; all of it is in `runner.finding`. */
export const tellFindings = (
  table: string,
  { held, findings }: Pick<Merged, "held" | "findings">,
  { log, run, mode }: Pick<Context, "log" | "run" | "mode">,
): void => {
  if (held > 0) {
    log.warn(
      [
        `${rows(held, table)} would change and ${held === 1 ? "was left as it is" : "were left as they are"} (\`hold_when\`). For example:`,
        ...changesOf(findings, "held"),
        ...(mode === "run" ? [whereAllAre("held", run.id)] : []),
      ].join("\n"),
    );
  }
};

const rows = (number: number, table: string): string =>
  `${number === 1 ? "1 row" : `${count(number)} rows`} of \`${table}\``;

const changesOf = (findings: readonly Finding[], kind: Finding["kind"]): string[] =>
  findings
    .filter((finding) => finding.kind === kind)
    .slice(0, FINDINGS_SHOWN)
    .map(({ key, column, ...change }) =>
      column === null
        ? `  ${key}`
        : `  ${key}: ${column} ${shown(change.old)} → ${shown(change.new)}`,
    );

const shown = (value: string | null): string =>
  value === null ? "(empty)" : JSON.stringify(value);

const whereAllAre = (kind: Finding["kind"], run: string): string =>
  `All are in runner.finding: select * from runner.finding where run = ${run} and kind = '${kind}';`;
