import type { Context } from "../../core/component.ts";
import { count } from "../../core/progress.ts";
import { type Finding, rowOf } from "../../core/tally.ts";
import type { Merged } from "./merge.ts";
import type { MergeShape } from "./shape.ts";

/** Of a flow, so many rows of each kind are told, with old and new. */
const ROWS_SHOWN = 10;

/** What is told of each kind. */
export const firstOfEachKind = (findings: readonly Finding[]): Finding[] =>
  [...Map.groupBy(findings, ({ kind }) => kind).values()].flatMap((ofKind) =>
    [...Map.groupBy(ofKind, ({ key }) => key).values()].slice(0, ROWS_SHOWN).flat(),
  );

/** Tells what a person should know of the rows of a flow; all of it is in `runner.finding`. */
export const tellFindings = (
  shape: Pick<MergeShape, "table" | "asWritten">,
  merged: Pick<Merged, "held" | "adopted" | "findings">,
  { log, run, mode }: Pick<Context, "log" | "run" | "mode">,
): void => {
  const isPlan = mode === "plan";
  for (const { kind, level, sentence } of toldOf(shape, { ...merged, isPlan })) {
    const list = [...changesOf(merged.findings, kind), whereAllAre(kind, run.id)];
    // A plan lists them itself.
    log[level](isPlan ? sentence : [`${sentence} For example:`, ...list].join("\n"));
  }
};

interface Told {
  readonly kind: Finding["kind"];
  readonly level: "info" | "warn";
  readonly sentence: string;
}

const toldOf = (
  { table: { name }, asWritten }: Pick<MergeShape, "table" | "asWritten">,
  given: Pick<Merged, "held" | "adopted" | "findings"> & { readonly isPlan: boolean },
): Told[] => {
  const { held, adopted, findings, isPlan } = given;
  const applying = `\`${asWritten(["hold_when", "action"], "apply")}\``;
  const adopting = `\`${asWritten(["adopt", "action"], "apply")}\``;
  const were = isPlan ? "would be" : "were";
  const one = isPlan ? "would be" : "was";
  const [left, them] =
    held === 1 ? [`${one} left as it is`, "it"] : [`${were} left as they are`, "them"];
  const belong = isPlan ? "would belong" : adopted === 1 ? "belongs" : "belong";
  const all: Told[] = [
    {
      kind: "held",
      level: "warn",
      sentence: `${rows(held, name)} would change and ${left}, as people have worked on ${them}; ${applying} updates ${them}.`,
    },
    {
      kind: "overruled",
      level: "warn",
      sentence: `Rows of \`${name}\` that people have worked on ${were} updated, as ${applying} says.`,
    },
    {
      kind: "superseded",
      level: "warn",
      sentence: `Values of \`${name}\` that people had changed ${were} written over: what the records bring there has changed, too.`,
    },
    {
      kind: "corrected",
      level: "info",
      sentence: `Values of \`${name}\` that people have changed ${isPlan ? "would stay" : "stay"}: what the records bring there is as it was.`,
    },
    {
      kind: "adoptable",
      level: "warn",
      sentence: `\`${name}\` has rows under another key that are records of this flow. They are as they were, and the records ${were} set aside (\`adoptable\`); ${adopting} makes the rows the pipeline's.`,
    },
    {
      kind: "adopted",
      level: "info",
      sentence: `${rows(adopted, name)} ${belong} to this pipeline from now on.`,
    },
  ];
  const found = new Set(findings.map(({ kind }) => kind));
  return all.filter(({ kind }) => found.has(kind));
};

/** Tells that parts were merged more than once, after a deadlock. */
export const tellAgain = (table: string, again: number, { log }: Pick<Context, "log">): void => {
  if (again === 0) return;
  log.info(
    `${again === 1 ? "A part" : `${count(again)} parts`} of \`${table}\` had to be merged again: other sessions held the same rows (deadlock).`,
  );
};

const rows = (number: number, table: string): string =>
  `${number === 1 ? "1 row" : `${count(number)} rows`} of \`${table}\``;

/** `  2, 1234 (id_synthese 4711, Aglais io): id_source "3" → "2"`: a line for each row. */
const changesOf = (findings: readonly Finding[], kind: Finding["kind"]): string[] => {
  const ofKind = findings.filter((finding) => finding.kind === kind);
  return [...Map.groupBy(ofKind, rowOf)].slice(0, ROWS_SHOWN).map(([row, parts]) => {
    const what = parts.map((part) => `${part.column} ${shown(part.old)} → ${shown(part.new)}`);
    return `  ${row}: ${what.join(", ")}`;
  });
};

const shown = (value: string | null): string =>
  value === null ? "(empty)" : JSON.stringify(value);

const whereAllAre = (kind: Finding["kind"], run: string): string =>
  `All are in runner.finding: select * from runner.finding where run = ${run} and kind = '${kind}';`;
