import { randomBytes } from "node:crypto";
import { access, constants, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { folderForbidden } from "../core/errors.ts";
import { fileLabel } from "../core/place.ts";
import type { RunSummary } from "../runner.ts";

/** What is to be measured of a run besides its summary. */
export interface Measured {
  readonly pipeline: string;
  readonly status: RunSummary["status"];
  readonly flows: RunSummary["flows"];
  readonly startedAt: Date;
  readonly seconds: number;
  /** Whether only some of the flows were asked for: nobody knows then that all is loaded. */
  readonly isPartial?: boolean;
}

/** Says, before a run is begun, that its metrics could not be written. */
export const requireMetricsFolder = async (path: string): Promise<void> => {
  const folder = dirname(resolve(path));
  await access(folder, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw folderForbidden(fileLabel(folder), "Metrics", error);
  });
};

/**
 * Writes what Prometheus' node exporter reads from its textfile folder: beside, then renamed, as it must not
 * see half a file. When the last good run was is kept from the file before.
 */
export const writeMetrics = async (path: string, run: Measured): Promise<void> => {
  const before = await readFile(path, "utf8").catch(() => "");
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(temporary, metricsText(run, before), { mode: 0o644 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};

/** The metrics of a run; `before` is the text of the run before it. */
export const metricsText = (run: Measured, before: string): string => {
  const { pipeline, status, flows, startedAt, seconds, isPartial = false } = run;
  const own = labels({ pipeline });
  const ended = Math.round(startedAt.getTime() / 1000 + seconds);
  const success =
    status === "done" && !isPartial
      ? ended
      : valueIn(before, `runner_last_success_timestamp_seconds${own}`);
  return [
    ...metric("runner_last_run_timestamp_seconds", "When the last run ended.", [[own, ended]]),
    ...metric(
      "runner_last_success_timestamp_seconds",
      "When the last run that loaded everything ended.",
      success === undefined ? [] : [[own, success]],
    ),
    ...metric(
      "runner_last_run_status",
      "1 for the status of the last run.",
      (["done", "failed", "interrupted"] as const).map((name) => [
        labels({ pipeline, status: name }),
        name === status ? 1 : 0,
      ]),
    ),
    ...metric("runner_last_run_duration_seconds", "How long the last run took.", [
      [own, Math.round(seconds * 1000) / 1000],
    ]),
    ...metric(
      "runner_flow_duration_seconds",
      "How long each flow of the last run took.",
      flows.map((flow) => [
        labels({ pipeline, flow: flow.name }),
        Math.round(flow.seconds * 1000) / 1000,
      ]),
    ),
    ...metric(
      "runner_flow_records",
      "What became of the records of each flow of the last run.",
      flows.flatMap((flow) =>
        OUTCOMES.map((outcome): [string, number] => [
          labels({ pipeline, flow: flow.name, outcome }),
          flow[outcome],
        ]),
      ),
    ),
    ...metric(
      "runner_flow_rejects",
      "Rejected records of each flow of the last run, by code.",
      flows.flatMap((flow) =>
        flow.rejectedByCode.map(([code, records]): [string, number] => [
          labels({ pipeline, flow: flow.name, code }),
          records,
        ]),
      ),
    ),
  ]
    .map((line) => `${line}\n`)
    .join("");
};

/** Without `read`, which is their sum, so that they can be added up. */
const OUTCOMES = ["inserted", "updated", "unchanged", "held", "rejected", "filtered"] as const;

const metric = (
  name: string,
  help: string,
  samples: readonly (readonly [string, number])[],
): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} gauge`,
  ...samples.map(([own, value]) => `${name}${own} ${value}`),
];

const labels = (values: Readonly<Record<string, string>>): string => {
  const all = Object.entries(values).map(
    ([name, value]) =>
      `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return `{${all.join(",")}}`;
};

const valueIn = (text: string, sample: string): number | undefined => {
  const line = text.split("\n").find((one) => one.startsWith(`${sample} `));
  const value = Number(line?.slice(sample.length + 1));
  return line === undefined || Number.isNaN(value) ? undefined : value;
};
