/** The GeoNature of `pipelines/sql/`, for tests. */

import { fileURLToPath } from "node:url";
import { runScript } from "../../src/postgres/script.ts";
import type { TestDatabase } from "./database.ts";

const scriptPath = (name: string): string =>
  fileURLToPath(new URL(`../../pipelines/sql/${name}`, import.meta.url));

export const SANDBOX = scriptPath("geonature-sandbox.sql");
/** Makes the sandbox an instance whose sensitivity triggers do nothing, until it is installed again. */
export const NO_SENSITIVITY = scriptPath("sandbox/no-sensitivity.sql");
export const STAGING = scriptPath("pinv_gbif.sql");
export const TAXA = scriptPath("gbif-taxa.sql");
export const SOURCE = scriptPath("gbif-source.sql");

/** Runs setup scripts, by default only the sandbox's; `srid` is the local projection (2154). */
export const installSandbox = async (
  { opened: database }: TestDatabase,
  { srid, scripts = [SANDBOX] }: { srid?: number; scripts?: readonly string[] } = {},
): Promise<void> => {
  await using session = await database.session();
  await session.query("select set_config('sandbox.srid', $1, false)", [String(srid ?? "")]);
  for (const script of scripts) await runScript(session, script);
};
