import type { Context } from "../../core/component.ts";
import { count, counted } from "../../core/progress.ts";
import { type Finding, rowOf } from "../../core/tally.ts";
import type { MergeShape } from "./shape.ts";

/** Of a flow, so many rows of each kind are told, with old and new. */
const ROWS_SHOWN = 10;

/** What is told of each kind. */
export const firstOfEachKind = (findings: readonly Finding[]): Finding[] =>
  [...Map.groupBy(findings, ({ kind }) => kind).values()].flatMap((ofKind) =>
    [...Map.groupBy(ofKind, ({ key }) => key).values()].slice(0, ROWS_SHOWN).flat(),
  );

/** Rows that have been found of each kind. */
export type FoundRows = ReadonlyMap<Finding["kind"], number>;

/** With those of another commit, which are other rows. */
export const withFound = (before: FoundRows, findings: readonly Finding[]): FoundRows => {
  const all = new Map(before);
  for (const [kind, ofKind] of Map.groupBy(findings, (one) => one.kind)) {
    all.set(kind, (all.get(kind) ?? 0) + new Set(ofKind.map(({ key }) => key)).size);
  }
  return all;
};

/** Tells what a person should know of the rows of a flow, with the first of them; all is in `runner.finding`. */
export const tellFindings = (
  shape: Pick<MergeShape, "table" | "key" | "asWritten">,
  { findings, found }: { findings: readonly Finding[]; found: FoundRows },
  { log, run, mode }: Pick<Context, "log" | "run" | "mode">,
): void => {
  const isPlan = mode === "plan";
  for (const { kind, level, sentence } of toldOf(shape, isPlan)) {
    const rows = found.get(kind);
    if (rows === undefined) continue;
    const list = [...changesOf(findings, kind), whereAllAre(kind, run.id)];
    // A plan lists them itself.
    log[level](
      isPlan ? sentence(rows) : [`${sentence(rows)} ${forExample(shape)}`, ...list].join("\n"),
    );
  }
};

/** `For example, by src, id:`, if the rows below are called by more than one column. */
export const forExample = ({ key }: Pick<MergeShape, "key">): string =>
  key.length < 2 ? "For example:" : `For example, by ${key.map(({ name }) => name).join(", ")}:`;

interface Told {
  readonly kind: Finding["kind"];
  readonly level: "info" | "warn";
  readonly sentence: (rows: number) => string;
}

const toldOf = (
  { table: { name }, asWritten }: Pick<MergeShape, "table" | "asWritten">,
  isPlan: boolean,
): readonly Told[] => {
  const applying = `\`${asWritten(["hold_when", "action"], "apply")}\``;
  const adopting = `\`${asWritten(["adopt", "action"], "apply")}\``;
  const were = (rows: number) => (isPlan ? "would be" : rows === 1 ? "was" : "were");
  const rowsOf = (rows: number) => `${counted(rows, "row")} of \`${name}\``;
  return [
    {
      kind: "held",
      level: "warn",
      sentence: (rows) =>
        rows === 1
          ? `${rowsOf(rows)} would change and ${were(rows)} left as it is, as people have worked on it; ${applying} updates it.`
          : `${rowsOf(rows)} would change and ${were(rows)} left as they are, as people have worked on them; ${applying} updates them.`,
    },
    {
      kind: "overruled",
      level: "warn",
      sentence: (rows) =>
        `${rowsOf(rows)} that people have worked on ${were(rows)} updated, as ${applying} says.`,
    },
    {
      kind: "superseded",
      level: "warn",
      sentence: (rows) =>
        `Values of ${rowsOf(rows)} that people had changed ${were(2)} written over: what the records bring there has changed, too.`,
    },
    {
      kind: "corrected",
      level: "info",
      sentence: (rows) =>
        `Values of ${rowsOf(rows)} that people have changed ${isPlan ? "would stay" : "stay"}: what the records bring there is as it was.`,
    },
    {
      kind: "adoptable",
      level: "warn",
      sentence: (rows) =>
        rows === 1
          ? `${rowsOf(rows)} under another key is a record of this flow. It is as it was, and the record ${were(rows)} set aside (\`adoptable\`); ${adopting} makes the row the pipeline's.`
          : `${rowsOf(rows)} under other keys are records of this flow. They are as they were, and the records ${were(rows)} set aside (\`adoptable\`); ${adopting} makes the rows the pipeline's.`,
    },
    {
      kind: "adopted",
      level: "info",
      sentence: (rows) =>
        `${rowsOf(rows)} ${isPlan ? "would belong" : rows === 1 ? "belongs" : "belong"} to this pipeline from now on.`,
    },
  ];
};

/** Tells that parts were merged more than once, after a deadlock. */
export const tellAgain = (table: string, again: number, { log }: Pick<Context, "log">): void => {
  if (again === 0) return;
  log.info(
    `${again === 1 ? "A part" : `${count(again)} parts`} of \`${table}\` had to be merged again: other sessions held the same rows (deadlock).`,
  );
};

/** `  2, 1234 (id_synthese 4711, Aglais io): id_source "3" → "2"`: a line for each row. */
const changesOf = (findings: readonly Finding[], kind: Finding["kind"]): string[] => {
  const ofKind = findings.filter((finding) => finding.kind === kind);
  return [...Map.groupBy(ofKind, rowOf)].slice(0, ROWS_SHOWN).map(([row, parts]) => {
    const what = parts.map((part) =>
      kind === "corrected"
        ? `${part.column} ${shown(part.old)} (${part.new === null ? "empty in the record" : `the record has ${shown(part.new)}`})`
        : `${part.column} ${shown(part.old)} → ${shown(part.new)}`,
    );
    return `  ${row}: ${what.join(", ")}`;
  });
};

const shown = (value: string | null): string =>
  value === null ? "(empty)" : JSON.stringify(value);

const whereAllAre = (kind: Finding["kind"], run: string): string =>
  `All are in runner.finding: select * from runner.finding where run = ${run} and kind = '${kind}';`;
