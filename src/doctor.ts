/** Examines machine, database and pipeline before a run, and changes nothing. */

import { dirname, join } from "node:path";
import { openToLook } from "./connect.ts";
import type { Complaint } from "./core/complaint.ts";
import { type Place, RunnerError } from "./core/errors.ts";
import { judged, type Verdict, well } from "./core/examination.ts";
import { examineFolder } from "./core/folder.ts";
import type { Plan } from "./core/plan.ts";
import type { Database, Session } from "./core/session.ts";
import { missingInputs } from "./core/uses.ts";
import { examinePlan } from "./examine.ts";
import { type Asking, askDatabase, askNobody } from "./postgres/ask.ts";
import { comingFrom } from "./postgres/coming.ts";
import { runChecksBefore } from "./postgres/early-checks.ts";
import { examineOwners } from "./postgres/examine-owners.ts";
import { fittingSetup } from "./postgres/examine-sandbox.ts";
import { examineServer } from "./postgres/examine-server.ts";

/** A verdict, what part of the examination it belongs to, and where in the pipeline if anywhere. */
export interface Line extends Verdict {
  /** `environment`, `database`, `checks`, or `flow NAME`. */
  readonly about: string;
  readonly component?: string | undefined;
  readonly place?: Place | undefined;
}

export interface DoctorOptions {
  /** Instead of the plan's own. */
  readonly database?: string | Database | undefined;
  /** What is wrong because variables have no value. */
  readonly unset: readonly Complaint[];
  readonly signal: AbortSignal;
}

export interface Examination {
  readonly pipeline: string;
  /** The database as people know it; undefined when it was not reached, or is not made yet. */
  readonly database: string | undefined;
  readonly lines: readonly Line[];
}

/** All verdicts on a plan, in the order in which a run would meet them. */
export const examine = async (plan: Plan, options: DoctorOptions): Promise<Examination> => {
  const { signal, unset } = options;
  const environment = [
    well("node", `Node ${process.versions.node}.`),
    await examineFolder(join(dirname(plan.file), ".runner"), {
      purpose: "Rejects, and the embedded database,",
      wantedBytes: 1e9,
    }),
  ].map((verdict): Line => ({ ...verdict, about: "environment" }));
  const variables = unset.map(
    ({ code, message, place }): Line => ({
      ...judged("problem", { code, message }),
      about: "environment",
      place,
    }),
  );
  const { opened, connected, line } = await reach(plan, options);
  await using database = opened;
  await using session = connected;
  const ask = session === undefined ? askNobody : askDatabase(session);
  const setup = await fittingSetup(ask, plan.setup);
  const coming = comingFrom(setup.scripts);
  const { verdicts, known } = await examinePlan(plan, { ask, coming: coming.copy(), signal });
  const server =
    session === undefined
      ? []
      : [
          ...(await examineServer(ask, database?.label ?? "")),
          ...setup.verdicts,
          ...(await examineOwners(ask, setup.scripts)),
        ];
  const checks =
    session === undefined ? [] : await runChecksBefore(checksOf(plan), { ask, coming, known });
  // In another database than was meant, each table that is missing is missing for that one reason.
  const isOther = checks.some(({ isDecisive }) => isDecisive);
  const nobody = { ask: askNobody, coming: coming.copy(), signal };
  const told = isOther ? (await examinePlan(plan, nobody)).verdicts : verdicts;
  const lines: Line[] = [
    ...environment,
    ...variables,
    ...missingInputs(plan.flows).map(
      ({ place, ...error }): Line => ({ ...judged("problem", error), about: "environment", place }),
    ),
    line,
    ...server.map((verdict) => ({ ...verdict, about: "database" })),
    ...checks.map((verdict) => ({ ...verdict, about: "checks" })),
    ...told.map(({ flow, ...verdict }) => ({ ...verdict, about: `flow ${flow}` })),
    ...readyFlows(plan, { verdicts: told, ask: isOther ? askNobody : ask }),
  ];
  return { pipeline: plan.name, database: database?.label, lines: inOrderOfFlows(lines, plan) };
};

/** Those of the pipeline, then those that its flows run when they are done. */
const checksOf = ({ checks = [], flows }: Plan): string[] => [
  ...new Set([...checks, ...flows.flatMap((flow) => flow.checks ?? [])]),
];

/** Opens the database and a session; what keeps it from that is a line as well. */
const reach = async (plan: Plan, { database, signal }: DoctorOptions): Promise<Reached> => {
  const at = (verdict: Verdict): Line => ({ ...verdict, about: "database" });
  const url = database ?? plan.database.reveal();
  if (typeof url === "string" && url.includes("${")) {
    const message = "The database was not asked: its name is a variable without a value.";
    return { line: at(judged("warning", { code: "not_asked", message })) };
  }
  let opened: Database | undefined;
  try {
    opened = await openToLook(plan, url, signal);
    const connected = await opened?.session();
    const line = opened ? well("connection", `Connected to ${opened.label}.`) : notMade(plan);
    return { opened, connected, line: at(line) };
  } catch (error) {
    await opened?.[Symbol.asyncDispose]();
    if (!(error instanceof RunnerError)) throw error;
    return { line: at(judged("problem", error)) };
  }
};

/** Who checks a database has one in mind, mostly with a GeoNature in it. */
const notMade = (plan: Plan): Verdict =>
  checksOf(plan).length === 0
    ? well(
        "connection",
        "The embedded database is made by the first run: there is nothing to ask yet.",
      )
    : judged("warning", {
        code: "not_asked",
        message:
          "The embedded database is made by the first run, with nothing in it but what `setup` makes: the checks were not asked. If the pipeline is for a database that is there, such as your GeoNature, name it with `--database`, or under `database` of the pipeline.",
      });

interface Reached {
  readonly opened?: Database | undefined;
  readonly connected?: Session | undefined;
  readonly line: Line;
}

/** A line for each flow about which nobody complained. */
const readyFlows = (
  plan: Plan,
  { verdicts, ask }: { verdicts: readonly { level: string; flow: string }[]; ask: Asking },
): Line[] =>
  plan.flows
    .filter(
      ({ name }) =>
        ask !== askNobody && !verdicts.some(({ flow, level }) => flow === name && level !== "ok"),
    )
    .map(({ name, place }) => ({
      ...well(READY, "Tables, columns, types, keys and rights are there, or will be made."),
      about: `flow ${name}`,
      place,
    }));

/** Once each, however many places it is true of; a flow's own lines together, in the order of the flows. */
const inOrderOfFlows = (lines: readonly Line[], plan: Plan): Line[] => {
  const told = new Set<string>();
  const once = lines.filter(({ about, code, message }) => {
    const key = code === READY ? about : message;
    return !told.has(key) && told.add(key);
  });
  const flows = plan.flows.map(({ name }) => `flow ${name}`);
  const before = lines.map(({ about }) => about).filter((about) => !flows.includes(about));
  const groups = [...new Set([...before, ...flows])];
  return groups.flatMap((group) => once.filter(({ about }) => about === group));
};

const READY = "flow_ready";
