import type { Complaint } from "../core/complaint.ts";
import { formatPlace, withoutPasswords } from "../core/place.ts";
import { count, type Display, tellOn } from "../core/progress.ts";
import type { FlowSummary, RunOptions } from "../run-flows.ts";
import type { RunSummary } from "../runner.ts";
import { tellComplaints } from "./load.ts";
import { closingLines, failure, flowLine, flowObject, warningText } from "./text.ts";

/** Tells what a run does: for people, or as a line of JSON per event. */
export interface Report {
  readonly log: RunOptions["log"];
  readonly display: Display | undefined;
  /** What is wrong with the pipeline, so that there will be no run. */
  complain(complaints: readonly Complaint[]): void;
  begin(run: { run: string; database: string }): void;
  flow(flow: FlowSummary): void;
  end(summary: RunSummary): void;
}

export interface ReportFlags {
  readonly log?: "text" | "json";
  readonly quiet?: boolean;
  /** As the user has given it. */
  readonly database?: string;
}

/** The report that the flags ask for, on standard error; `quiet` leaves out what needs nobody. */
export const reportOf = (
  pipeline: string,
  { log = "text", quiet = false, database }: ReportFlags,
): Promise<Report> | Report =>
  log === "json" ? jsonReport(pipeline, quiet, database) : textReport(pipeline, quiet, database);

const textReport = (pipeline: string, quiet: boolean, given?: string): Report => {
  const say = tellOn(process.stderr);
  const unlessQuiet = (text: string) => {
    if (!quiet) say(text);
  };
  return {
    log: { info: unlessQuiet, warn: (text, flow) => say(warningText(text, flow)) },
    display: quiet ? undefined : process.stderr,
    complain: tellComplaints,
    begin: () => undefined,
    flow(flow) {
      const attention = attentionOf(flow);
      unlessQuiet(flowLine(flow));
      if (attention) say(warningText(attention, flow.name));
    },
    end(summary) {
      if (quiet && summary.status === "done") return;
      for (const line of closingLines(summary, pipeline, given)) say(line);
    },
  };
};

/** The library is loaded only for those who ask for it. */
const jsonReport = async (pipeline: string, quiet: boolean, given?: string): Promise<Report> => {
  const { default: pino } = await import("pino");
  const logger = pino(
    {
      level: quiet ? "warn" : "info",
      base: { pipeline },
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      hooks: { streamWrite: withoutPasswords },
    },
    // In order with all else, and nothing is lost when the process ends.
    pino.destination({ dest: 2, sync: true }),
  );
  let run: number | undefined;
  const event = (name: string, more: object = {}) => ({ event: name, run, ...more });
  return {
    log: {
      info: (text, flow) => logger.info(event("note", { flow }), text),
      warn: (text, flow) => logger.warn(event("note", { flow }), text),
    },
    display: { write: (text) => logger.info(event("progress"), text.trim()) },
    complain(complaints) {
      for (const { code, place, message, isWarning } of complaints) {
        const level = isWarning ? "warn" : "error";
        logger[level](event("complaint", { code, place: formatPlace(place) }), message);
      }
    },
    begin({ run: number, database }) {
      run = Number(number);
      logger.info(event("begin", { database }), `Run ${number} begins.`);
    },
    flow(flow) {
      const { name, ...counts } = flowObject(flow);
      const rejects = Object.fromEntries(flow.rejectedByCode);
      logger.info(event("flow", { flow: name, ...counts, rejects }), flowLine(flow));
      const attention = attentionOf(flow);
      if (attention) logger.warn(event("attention", { flow: name }), attention);
    },
    end(summary) {
      const { status, citations, rejectFile, part } = summary;
      const error = status === "failed" ? failure(summary.error) : undefined;
      const fields = { status, citations, reject_file: rejectFile, error };
      const message = closingLines(summary, pipeline, given).join("\n");
      const level = status === "done" ? "info" : status === "failed" ? "error" : "warn";
      logger[level](event("end", { ...fields, part: part && flowObject(part) }), message);
    },
  };
};

/**
 * Why a person should look at a flow that ended well: no record of it got through. `rejects: any` allows that,
 * and filters do not ask.
 */
const attentionOf = (flow: FlowSummary): string | undefined => {
  const lost = flow.filtered + flow.rejected;
  if (flow.read === 0 || lost < flow.read) return undefined;
  const codes = flow.rejectedByCode.map(([code, rows]) => `${count(rows)} ${code}`).join(", ");
  const parts = [
    flow.filtered > 0 ? `${count(flow.filtered)} filtered` : "",
    flow.rejected > 0 ? `${count(flow.rejected)} rejected (${codes})` : "",
  ];
  return `No record got through: of ${count(flow.read)} read, ${parts.filter(Boolean).join(" and ")}.`;
};
