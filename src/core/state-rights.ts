/** What a role may do with the runner's memory, asked of the catalog before anything is tried. */

import { stateForbidden } from "./errors.ts";
import type { Session } from "./session.ts";

/** What is done with the tables of schema `runner`: a look back only reads them. */
export type StateUse = "read" | "write";

const PRIVILEGES: Readonly<Record<StateUse, readonly string[]>> = {
  read: ["select"],
  write: ["select", "insert", "update"],
};

/**
 * Throws `state_forbidden` with the grants for all tables of schema `runner` as soon as one of them lacks a
 * right; a schema that is not there lacks none. `label` names the database for people.
 */
export const requireStateRights = async (
  session: Session,
  label: string,
  use: StateUse,
): Promise<void> => {
  const { rows } = await session.query<{ role: string; schema: boolean; tables: string | null }>(
    LACKING,
    [PRIVILEGES[use]],
  );
  const [found] = rows;
  if (found === undefined || (!found.schema && found.tables === null)) return;
  const { role, schema, tables } = found;
  const wanted = PRIVILEGES[use].join(", ");
  throw stateForbidden(label, `role \`${role}\` lacks rights there`, [
    ...(schema ? [`grant usage on schema runner to ${role};`] : []),
    ...(tables === null ? [] : [`grant ${wanted} on all tables in schema runner to ${role};`]),
  ]);
};

const LACKING = `
select quote_ident(current_user) as role, not has_schema_privilege(schema.oid, 'usage') as schema,
       (select min(relname::text) from pg_class, unnest($1::text[]) as wanted
         where relnamespace = schema.oid and relkind in ('r', 'p') and not has_table_privilege(pg_class.oid, wanted)) as tables
  from pg_namespace as schema where nspname = 'runner'`;
