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
  { held, adopted, findings }: Pick<Merged, "held" | "adopted" | "findings">,
  { log, run, mode }: Pick<Context, "log" | "run" | "mode">,
): void => {
  const listed = (sentence: string, kind: Finding["kind"]): string =>
    [
      `${sentence} For example:`,
      ...changesOf(findings, kind),
      ...(mode === "run" ? [whereAllAre(kind, run.id)] : []),
    ].join("\n");
  if (held > 0) {
    const left = held === 1 ? "was left as it is" : "were left as they are";
    log.warn(listed(`${rows(held, table)} would change and ${left} (\`hold_when\`).`, "held"));
  }
  if (findings.some(({ kind }) => kind === "adoptable")) {
    log.warn(
      listed(
        `\`${table}\` has rows under another key that are records of this flow. They are as they were, and the records were set aside (\`adoptable\`); \`adopt\` with \`action: apply\` makes the rows the pipeline's.`,
        "adoptable",
      ),
    );
  }
  if (adopted > 0) {
    const belong = adopted === 1 ? "belongs" : "belong";
    log.info(listed(`${rows(adopted, table)} ${belong} to this pipeline from now on.`, "adopted"));
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
