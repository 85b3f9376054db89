/** Asks the databases of plans what only they know; changes nothing in them. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Complaint } from "./core/complaint.ts";
import { nothingToConnect } from "./core/errors.ts";
import type { PlanDraft } from "./core/pipeline-file.ts";
import { fileLabel, formatPlace } from "./core/place.ts";
import type { Plan } from "./core/plan.ts";
import type { Database } from "./core/session.ts";
import { examinePlan } from "./examine.ts";
import { askDatabase, askNobody } from "./postgres/ask.ts";
import { comingFrom } from "./postgres/coming.ts";
import { openFor } from "./run-flows.ts";

export interface ConnectOptions {
  /** Instead of the plan's own: `embedded`, a URL, or one that is open and stays open. */
  readonly database?: string | Database | undefined;
  readonly signal: AbortSignal;
}

/** Opens a plan's database to ask it; undefined for an embedded one that no run has made yet. */
export const openToLook = async (
  plan: Pick<Plan, "file" | "database">,
  database: string | Database,
  signal: AbortSignal,
): Promise<Database | undefined> => {
  const embeddedFolder = join(dirname(plan.file), ".runner", "db");
  if (database === "embedded" && !existsSync(join(embeddedFolder, "data"))) return undefined;
  return openFor(plan, { database, signal, log: SILENT });
};

const SILENT = { info: () => undefined, warn: () => undefined };

/** What a database says of a plan. */
export interface Asked {
  /** The database as people know it, without a password; undefined when it is an embedded one that no run has made yet. */
  readonly database: string | undefined;
  /** In the order of the flows. */
  readonly complaints: readonly Complaint[];
}

/** What is wrong with a plan, as far as it can be read, for its database. Throws when there is no connection. */
export const askDatabaseOf = async (
  plan: Pick<PlanDraft, "file" | "database" | "setup" | "flows">,
  { database, signal }: ConnectOptions,
): Promise<Asked> => {
  const url = database ?? plan.database.reveal();
  if (typeof url === "string" && url.includes("${")) {
    throw nothingToConnect(fileLabel(plan.file), url);
  }
  await using opened = await openToLook(plan, url, signal);
  await using session = await opened?.session();
  const ask = session === undefined ? askNobody : askDatabase(session);
  const { verdicts } = await examinePlan(plan, {
    ask,
    coming: comingFrom(plan.setup),
    signal,
  });
  const told = new Set<string>();
  const complaints = verdicts
    // A table that lacks rights is one problem, in however many places it is used; a mistake of SQL is one each.
    .filter(({ message, position, place }) => {
      const key = position === undefined ? message : `${message} ${formatPlace(place)}`;
      return !told.has(key) && told.add(key);
    })
    .filter(({ level, isLocal }) => level !== "ok" && !isLocal)
    .map(({ code, message, place, level }) => ({
      code,
      message,
      place,
      ...(level === "warning" ? { isWarning: true } : {}),
    }));
  return { database: opened?.label, complaints };
};
