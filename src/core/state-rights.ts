/** What a role may do with the runner's memory, asked of the catalog before anything is tried. */

import { stateForbidden, stateOutdated } from "./errors.ts";
import type { Session } from "./session.ts";

/** What is done with the tables of schema `runner`: a look back only reads them. */
export type StateUse = "read" | "write";

const PRIVILEGES: Readonly<Record<StateUse, readonly string[]>> = {
  read: ["select"],
  write: ["select", "insert", "update"],
};

/** Of what was replayed into a table that is emptied, the rows are forgotten. */
const FORGETTING = ["input", "replayed"];

/**
 * Throws `state_forbidden` with the grants for all tables of schema `runner` as soon as one of them lacks a
 * right; a schema that is not there lacks none. `label` names the database for people.
 */
export const requireStateRights = async (
  session: Session,
  label: string,
  use: StateUse,
): Promise<void> => {
  const { rows } = await session.query<{
    role: string;
    schema: boolean;
    tables: boolean;
    forgetting: boolean;
  }>(LACKING, [PRIVILEGES[use], use === "write" ? FORGETTING : []]);
  const [found] = rows;
  if (found === undefined) return;
  const { role, schema, tables, forgetting } = found;
  if (!schema && !tables && !forgetting) return;
  const wanted = PRIVILEGES[use].join(", ");
  throw stateForbidden(label, `role \`${role}\` lacks rights there`, [
    ...(schema ? [`grant usage on schema runner to ${role};`] : []),
    ...(tables ? [`grant ${wanted} on all tables in schema runner to ${role};`] : []),
    ...(forgetting
      ? [`grant delete on ${FORGETTING.map((table) => `runner.${table}`).join(", ")} to ${role};`]
      : []),
  ]);
};

const LACKING = `
select quote_ident(current_user) as role, not has_schema_privilege(schema.oid, 'usage') as schema,
       exists (select from pg_class, unnest($1::text[]) as wanted
                where relnamespace = schema.oid and relkind in ('r', 'p') and not has_table_privilege(pg_class.oid, wanted)) as tables,
       exists (select from pg_class
                where relnamespace = schema.oid and relname = any ($2::text[]) and not has_table_privilege(pg_class.oid, 'delete')) as forgetting
  from pg_namespace as schema where nspname = 'runner'`;

/** Throws `state_outdated` when schema `runner` is of an earlier version and belongs to a role that this one is no member of. */
export const requireStateOwner = async (
  session: Session,
  label: string,
  version: number,
): Promise<void> => {
  const { rows } = await session.query<{ role: string; owner: string }>(FOREIGN_AND_OLD, [version]);
  const [found] = rows;
  if (found) throw stateOutdated(label, found.role, found.owner);
};

/** Only the owner may alter a table, whatever is granted. */
const FOREIGN_AND_OLD = `
select quote_ident(current_user) as role, quote_ident(pg_get_userbyid(owner)) as owner
  from (select coalesce((select relowner from pg_class where relnamespace = pg_namespace.oid and relkind in ('r', 'p') limit 1), nspowner) as owner
          from pg_namespace where nspname = 'runner') as found
 where not pg_has_role(owner, 'usage')
   and coalesce(substring(obj_description(to_regnamespace('runner'), 'pg_namespace') from 'version (\\d+)')::int, 0) < $1`;
