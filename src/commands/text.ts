import { type Complaint, formatComplaint } from "../core/complaint.ts";
import type { Citation } from "../core/component.ts";
import { loadedOf } from "../core/counts.ts";
import { messageOf, RunnerError, systemRefused } from "../core/errors.ts";
import { fileLabel, formatPlace, withoutPasswords } from "../core/place.ts";
import { RUNNER } from "../core/program.ts";
import { count, counted, duration } from "../core/progress.ts";
import { isDatabaseError } from "../core/session.ts";
import type { FlowSummary } from "../run-flows.ts";
import type { RunSummary } from "../runner.ts";
import { named } from "./again.ts";
import { explainLines } from "./explain.ts";

/** Anything that was thrown, as people read it: with its place in the YAML, without a password. */
export const errorText = (error: unknown): string => {
  if (error instanceof RunnerError) {
    const { code, message, place, aftermath, rejectCodes } = error;
    const text = place ? formatComplaint({ code, message, place }) : message;
    const lines = [text, aftermath, ...explainLines([...rejectCodes, code])];
    return withoutPasswords(lines.filter((line) => line !== undefined).join("\n"));
  }
  const refused = systemRefused(error);
  if (refused !== undefined) return errorText(refused);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return withoutPasswords(
    `This is a defect of runner; please report it with what follows.\n${stack}`,
  );
};

/** The exit code of an error: 3 for what the system or the database refuses for want of rights or room. */
export const exitCodeOf = (error: unknown): number => {
  const cause = error instanceof RunnerError ? error.cause : error;
  if (isDatabaseError(cause) && cause.code === "42501") return 3;
  if (error instanceof RunnerError) return error.exitCode;
  return systemRefused(error)?.exitCode ?? 1;
};

/** The exit code of what a signal stopped, as shells count it. */
export const interruptedCode = (signal: AbortSignal): number =>
  signal.reason === "SIGTERM" ? 143 : 130;

/** A warning for people, with the flow that it is about. */
export const warningText = (sentence: string, flow?: string): string =>
  flow === undefined ? `Warning: ${sentence}` : `Warning in flow \`${flow}\`: ${sentence}`;

/** `occurrences: 2,000 read, 1,998 inserted, 2 rejected (2 bad_date) in 0.4 s (5,000 rows/s)`. */
export const flowLine = (flow: FlowSummary): string => {
  const kinds = ["inserted", "updated", "unchanged", "held", "rejected", "filtered"] as const;
  const parts = kinds
    .filter((kind) => flow[kind] > 0 || kind === "inserted")
    .map((kind) => `${count(flow[kind])} ${wordFor(kind, flow)}`);
  const deleted = flow.deleted > 0 ? ` (${count(flow.deleted)} deleted)` : "";
  if (flow.vanished > 0) parts.push(`${count(flow.vanished)} vanished${deleted}`);
  const rate =
    flow.seconds > 0 && flow.read > 0
      ? ` (${count(Math.round(flow.read / flow.seconds))} rows/s)`
      : "";
  return `${flow.name}: ${count(flow.read)} read, ${parts.join(", ")} in ${duration(flow.seconds)}${rate}`;
};

/** What is only staged is in no table that anybody looks at. */
const wordFor = (kind: string, flow: FlowSummary): string => {
  if (kind === "updated") return `updated${movedOf(flow)}`;
  if (kind === "rejected") return `rejected${codesOf(flow)}`;
  return kind === "inserted" && flow.staged > 0 ? "staged" : kind;
};

/** ` (2 bad_date)`. */
const codesOf = ({ rejectedByCode }: FlowSummary): string => {
  const codes = rejectedByCode.map(([code, rows]) => `${count(rows)} ${code}`);
  return codes.length === 0 ? "" : ` (${codes.join(", ")})`;
};

/** ` (3 adopted, 1 rekeyed)`: those among the updated rows whose key is new. */
const movedOf = (flow: FlowSummary): string => {
  const kinds = (["adopted", "rekeyed"] as const).filter((kind) => flow[kind] > 0);
  if (kinds.length === 0) return "";
  return ` (${kinds.map((kind) => `${count(flow[kind])} ${kind}`).join(", ")})`;
};

/** What is left to say when a run is over. */
export const closingLines = (summary: RunSummary, pipeline: string, given?: string): string[] => {
  const { run, status, database, rejectFile, error, citations } = summary;
  const lines = citations.flatMap((one) => [citationLine(one), ...requestLines(one)]);
  if (status === "done") {
    lines.push(`Done: run ${run} of ${summary.pipeline}, in ${database}.`);
    if (rejectFile) {
      const codes = summary.flows.flatMap((flow) => flow.rejectedByCode.map(([code]) => code));
      lines.push(`Rejected records: ${fileLabel(rejectFile)}`);
      lines.push(...explainLines(codes));
    }
    if (database.startsWith("embedded") && summary.loadsTables) {
      lines.push(
        `Next: \`${RUNNER} sql ${named(pipeline, given)} "select …"\` reads the tables,\n` +
          `  \`${RUNNER} plan ${named(pipeline, given)}\` shows what another run would change,\n` +
          `  \`${RUNNER} ${fileLabel(pipeline)} --database postgresql://user@host/name\` loads into a server.`,
      );
    }
  } else if (status === "interrupted") {
    lines.push(...interruptedLines(summary));
  } else {
    lines.push(errorText(error));
  }
  return lines;
};

/** What is loaded, and what a rerun will do. */
const interruptedLines = ({ flows, part }: RunSummary): string[] => {
  const loaded = flows.map(({ name }) => `\`${name}\``);
  if (part) loaded.push(`${counted(loadedOf(part), "record")} of \`${part.name}\``);
  return [
    "Interrupted: what was not committed is undone. Run it again to go on.",
    ...(loaded.length === 0
      ? []
      : [
          `Loaded: ${loaded.join(", ")}. A rerun begins with the first flow: one that replaces its table or writes a file does it again, others find what is loaded done.`,
        ]),
  ];
};

/** `Cite: GBIF.org (24 November 2026) GBIF Occurrence Download https://doi.org/… (2,000 records, CC BY-NC 4.0)`. */
export const citationLine = ({ text, records, license }: Citation): string => {
  const details = [records === undefined ? "" : counted(records, "record"), license ?? ""];
  const known = details.filter(Boolean).join(", ");
  return `Cite: ${text}${known ? ` (${known})` : ""}`;
};

const REQUEST_LENGTH = 300;

/** `Asked for: {"format":"DWCA","predicate":…}`, cut where it is long. */
const requestLines = ({ request }: Citation): string[] => {
  if (request === undefined) return [];
  const text = JSON.stringify(request);
  return text.length <= REQUEST_LENGTH
    ? [`Asked for: ${text}`]
    : [`Asked for: ${text.slice(0, REQUEST_LENGTH)}… (whole in runner.citation)`];
};

/** The object of `--json`. */
export const summaryObject = ({ run, pipeline, status, flows, citations, error }: RunSummary) => ({
  run: run === undefined ? null : Number(run),
  pipeline,
  status,
  flows: flows.map(flowObject),
  citations,
  ...(status === "failed" ? { error: failure(error) } : {}),
});

/** A flow in the object of `--json`. */
export const flowObject = ({
  rejectedByCode: _,
  rejectExamples: __,
  seconds,
  ...flow
}: FlowSummary) => ({ ...flow, seconds: Math.round(seconds * 1000) / 1000 });

/** The object of `--json` when the pipeline is wrong and nothing was run. */
export const refusalObject = (file: string, [first]: readonly Complaint[]) => ({
  run: null,
  pipeline: file,
  status: "failed",
  flows: [],
  error: first && {
    code: first.code,
    message: `${formatPlace(first.place)} ${first.message}`,
  },
});

/** Why it failed, in the object of `--json`. */
export const failure = (error: unknown) => {
  const known = error instanceof RunnerError ? error : systemRefused(error);
  return { code: known?.code ?? "defect", message: withoutPasswords(messageOf(known ?? error)) };
};
