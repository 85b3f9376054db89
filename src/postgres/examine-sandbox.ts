/** Setup scripts that make a GeoNature to try pipelines on: nothing for a database that has one of its own. */

import { type RunnerError, sandboxMade, sandboxMisplaced } from "../core/errors.ts";
import { judged, type Verdict } from "../core/examination.ts";
import { fileLabel } from "../core/place.ts";
import type { Asking } from "./ask.ts";
import { scriptTexts } from "./coming.ts";

/** What setup is, less the scripts that will refuse to run in this database. */
export interface FittingSetup {
  readonly verdicts: readonly Verdict[];
  readonly scripts: readonly string[];
}

/** A problem for each script that would make a sandbox where a schema of that name is none, or another role's. */
export const fittingSetup = async (
  ask: Asking,
  scripts: readonly string[],
): Promise<FittingSetup> => {
  const verdicts: Verdict[] = [];
  const fitting: string[] = [];
  for (const script of scripts) {
    const schemas = sandboxesIn(script);
    const { answer } = await ask(async (session) => {
      const { rows } = await session.query<Taken>(TAKEN, [schemas]);
      return rows[0];
    });
    if (answer === undefined) fitting.push(script);
    else verdicts.push(judged("problem", whyNot(fileLabel(script), answer)));
  }
  return { verdicts, scripts: fitting };
};

interface Taken {
  readonly database: string;
  readonly owner: string;
  readonly is_sandbox: boolean;
}

const whyNot = (script: string, { database, owner, is_sandbox }: Taken): RunnerError =>
  is_sandbox ? sandboxMade(script, owner) : sandboxMisplaced(script, database);

const MARKS = /\bcomment\s+on\s+schema\s+(\w+)\s+is\s+'sandbox'/gi;

/** The schemas that a script marks as a sandbox's when it makes them. */
const sandboxesIn = (script: string): string[] =>
  scriptTexts(script).flatMap((text) =>
    [...text.matchAll(MARKS)].map(([, schema = ""]) => schema.toLowerCase()),
  );

const TAKEN = `
select * from (
  select current_database() as database, nspowner::regrole::text as owner, pg_has_role(nspowner, 'usage') as is_own,
         obj_description(oid, 'pg_namespace') is not distinct from 'sandbox' as is_sandbox
    from pg_namespace where nspname = any($1)
) as taken
 where not (is_sandbox and is_own) order by is_sandbox limit 1`;
