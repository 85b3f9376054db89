import { databaseReadOnly, rightsMissing, serverOld } from "../core/errors.ts";
import { judged, type Verdict, well } from "../core/examination.ts";
import { size } from "../core/progress.ts";
import { requireStateOwner, requireStateRights } from "../core/state-rights.ts";
import { SCHEMA_VERSION } from "../core/state-schema.ts";
import type { Asking } from "./ask.ts";
import { requireCreate } from "./rights.ts";

/** The oldest version that the tests run on. */
const TESTED = 150_000;

/** Verdicts on a server, whatever the pipeline: version, whether it takes writes, and rights that every run needs. */
export const examineServer = async (ask: Asking, label: string): Promise<Verdict[]> => {
  const about = await ask(async (session) => {
    const { rows } = await session.query<Server>(SERVER);
    return rows[0];
  });
  const server = about.answer;
  if (server === undefined) return [];
  const { version, number, role, database, bytes } = server;
  const verdicts: Verdict[] = [
    well("server", `PostgreSQL ${version}, role ${role}; the database has ${size(Number(bytes))}.`),
  ];
  if (number < TESTED) verdicts.push(judged("warning", serverOld(version)));
  if (server.takes_no_writes) verdicts.push(judged("problem", databaseReadOnly(label)));
  if (!server.may_make_temporary) {
    const grant = `grant temporary on database ${database} to ${role};`;
    verdicts.push(judged("problem", rightsMissing(role, "temporary tables", [grant])));
  }
  const { error } = await ask(async (session) => {
    if (!server.has_state) return requireCreate(session, "runner.run");
    await requireStateOwner(session, label, SCHEMA_VERSION);
    await requireStateRights(session, label, "write");
  });
  verdicts.push(
    error === undefined
      ? well("state", "Schema `runner`, where runs are remembered, can be made or written.")
      : judged("problem", error as Error & { code: string }),
  );
  return verdicts;
};

interface Server {
  readonly version: string;
  readonly number: number;
  readonly role: string;
  readonly database: string;
  readonly bytes: string;
  readonly takes_no_writes: boolean;
  readonly may_make_temporary: boolean;
  readonly has_state: boolean;
}

const SERVER = `
select split_part(current_setting('server_version'), ' ', 1) as version,
       current_setting('server_version_num')::integer as number,
       quote_ident(current_user) as role, quote_ident(current_database()) as database,
       pg_database_size(current_database())::text as bytes,
       pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on' as takes_no_writes,
       has_database_privilege(current_database(), 'temporary') as may_make_temporary,
       exists (select from pg_namespace where nspname = 'runner') as has_state`;
