/** Setup scripts that make a GeoNature to try pipelines on: nothing for a database that has one of its own. */

import { sandboxMisplaced } from "../core/errors.ts";
import { judged, type Verdict } from "../core/examination.ts";
import { fileLabel } from "../core/place.ts";
import type { Asking } from "./ask.ts";
import { scriptTexts } from "./coming.ts";

/** What setup is, less the scripts that will refuse to run in this database. */
export interface FittingSetup {
  readonly verdicts: readonly Verdict[];
  readonly scripts: readonly string[];
}

/** A problem for each script that would make a sandbox where a schema of that name is no sandbox. */
export const fittingSetup = async (
  ask: Asking,
  scripts: readonly string[],
): Promise<FittingSetup> => {
  const verdicts: Verdict[] = [];
  const fitting: string[] = [];
  for (const script of scripts) {
    const schemas = await sandboxesIn(script);
    const { answer } = await ask(async (session) => {
      const { rows } = await session.query<{ database: string }>(TAKEN, [schemas]);
      return rows[0]?.database;
    });
    if (answer === undefined) fitting.push(script);
    else verdicts.push(judged("problem", sandboxMisplaced(fileLabel(script), answer)));
  }
  return { verdicts, scripts: fitting };
};

const MARKS = /\bcomment\s+on\s+schema\s+(\w+)\s+is\s+'sandbox'/gi;

/** The schemas that a script marks as a sandbox's when it makes them. */
const sandboxesIn = async (script: string): Promise<string[]> =>
  (await scriptTexts(script)).flatMap((text) =>
    [...text.matchAll(MARKS)].map(([, schema = ""]) => schema.toLowerCase()),
  );

const TAKEN = `
select current_database() as database from pg_namespace
 where nspname = any($1) and obj_description(oid, 'pg_namespace') is distinct from 'sandbox' limit 1`;
