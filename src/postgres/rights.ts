/** What a role may do, asked of the catalog: a statement that tried would change something. */

import { rightsMissing } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import { tableParts } from "./names.ts";

export type Right = "select" | "insert" | "update" | "delete" | "truncate";

/** Throws `rights_missing` with the grants that a table lacks; a table that is not there lacks none. */
export const requireRights = async (
  session: Session,
  table: string,
  rights: readonly Right[],
): Promise<void> => {
  const statements = await grantsMissing(session, table, rights);
  if (statements.length > 0) throw rightsMissing(await roleOf(session), table, statements);
};

/** The grants that a table lacks, as statements. */
export const grantsMissing = async (
  session: Session,
  table: string,
  rights: readonly Right[],
): Promise<readonly string[]> => {
  const { schema, name } = tableParts(table);
  const { rows } = await session.query<{ statement: string }>(MISSING, [
    schema ?? null,
    name,
    rights,
  ]);
  return rows.map(({ statement }) => statement);
};

/** Throws `rights_missing` when the role could not make a table of that name. */
export const requireCreate = async (session: Session, table: string): Promise<void> => {
  const { schema } = tableParts(table);
  const { rows } = await session.query<{ statement: string | null }>(
    `select case
              when schema.oid is null and not has_database_privilege(current_database(), 'create')
                then format('create schema %I authorization %I;', $1::text, current_user)
              when schema.oid is not null and not has_schema_privilege(schema.oid, 'create')
                then format('grant usage, create on schema %I to %I;', nspname, current_user)
            end as statement
       from (select) as one left join pg_namespace as schema on nspname = coalesce($1, current_schema())`,
    [schema ?? null],
  );
  const statement = rows[0]?.statement;
  if (statement) throw rightsMissing(await roleOf(session), table, [statement]);
};

/** The role that statements run as. */
export const roleOf = async (session: Session): Promise<string> => {
  const { rows } = await session.query<{ role: string }>("select current_user::text as role");
  return rows[0]?.role ?? "";
};

/**
 * Names are looked up in the catalog: a cast to regclass fails without the right to the schema. A right to
 * some columns will do. A table that numbers its rows from a sequence wants the right to that, too.
 */
const MISSING = `
with target as (
  select pg_class.oid, nspname, relname, pg_namespace.oid as schema_oid
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
   where relname = $2 and relkind in ('r', 'p', 'v', 'm', 'f')
     and case when $1::text is null then pg_table_is_visible(pg_class.oid) else nspname = $1 end
),
lacking as (
  select wanted, nspname, relname from target, unnest($3::text[]) as wanted
   where case wanted
           when 'truncate' then not has_table_privilege(oid, wanted)
           when 'delete' then not has_table_privilege(oid, wanted)
           else not has_any_column_privilege(oid, wanted)
         end
),
sequences as (
  select sequence.oid, sequence.relname, pg_namespace.nspname
    from target
    join pg_attrdef on adrelid = target.oid
    join pg_depend on classid = 'pg_attrdef'::regclass and objid = pg_attrdef.oid and refclassid = 'pg_class'::regclass
    join pg_class as sequence on sequence.oid = refobjid
    join pg_namespace on pg_namespace.oid = sequence.relnamespace
   where 'insert' = any ($3::text[])
     -- In a case: the planner may ask of other relations before it has left them out.
     and not case sequence.relkind when 'S' then has_sequence_privilege(sequence.oid, 'usage') else true end
)
select statement from (
  select 1 as rank, format('grant usage on schema %I to %I;', nspname, current_user) as statement
    from target where not has_schema_privilege(schema_oid, 'usage')
  union all
  select 2, format('grant %s on table %I.%I to %I;', string_agg(wanted, ', ' order by wanted), nspname, relname, current_user)
    from lacking group by nspname, relname
  union all
  select 3, format('grant usage on sequence %I.%I to %I;', nspname, relname, current_user) from sequences
) as statements order by rank, statement`;
