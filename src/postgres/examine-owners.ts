/** Tables and views that setup makes, and alters each time: only their owner may, whatever is granted. */

import { ownersOther } from "../core/errors.ts";
import { judged, type Verdict } from "../core/examination.ts";
import type { Asking } from "./ask.ts";
import { NAME, scriptTexts } from "./coming.ts";
import { quotedTable, tableParts } from "./names.ts";

/** A problem when tables of the setup scripts' own are there and belong to somebody else; rights of a member are enough. */
export const examineOwners = async (
  ask: Asking,
  scripts: readonly string[],
): Promise<Verdict[]> => {
  const parts = ownTables(scripts).map(tableParts);
  if (parts.length === 0) return [];
  const { answer: foreign = [] } = await ask(async (session) => {
    const { rows } = await session.query<Foreign>(FOREIGN, [
      parts.map(({ schema }) => schema ?? null),
      parts.map(({ name }) => name),
    ]);
    return rows;
  });
  const [first] = foreign;
  if (first === undefined) return [];
  const statements = foreign.flatMap(({ statement }) => statement ?? []);
  return [judged("problem", ownersOther(first.role, first.owner, statements))];
};

interface Foreign {
  readonly role: string;
  readonly owner: string;
  /** Null for a table of a true GeoNature, which stays its own. */
  readonly statement: string | null;
}

const FOREIGN = `
select quote_ident(current_user) as role, relowner::regrole::text as owner,
       case when not (nspname ~ '^(gn_|ref_|pr_)' or nspname in ('taxonomie', 'utilisateurs'))
              or obj_description(to_regnamespace('gn_synthese'), 'pg_namespace') = 'sandbox'
              or to_regnamespace('gn_synthese') is null
            then format('alter %s %I.%I owner to %I;',
              case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, nspname, relname, current_user) end as statement
  from unnest($1::text[], $2::text[]) as wanted (schema, name)
  join pg_class on relname = name and relkind in ('r', 'p', 'v', 'm')
  join pg_namespace on pg_namespace.oid = relnamespace
 where case when schema is null then pg_table_is_visible(pg_class.oid) else nspname = schema end
   and not pg_has_role(relowner, 'usage')
 order by 3`;

const MAKES = new RegExp(
  String.raw`\bcreate\s+(?:or\s+replace\s+)?(?:unlogged\s+)?(?:table|(?:materialized\s+)?view)\s+(?:if\s+not\s+exists\s+)?${NAME}`,
  "gi",
);
/** PostgreSQL asks for the owner even when the index or the column is there. */
const ALTERS = new RegExp(
  String.raw`\b(?:(?:alter\s+table|(?:alter|drop)\s+(?:materialized\s+)?view)\s+(?:if\s+exists\s+)?(?:only\s+)?|create\s+or\s+replace\s+view\s+|create\s+(?:unique\s+)?index\b[^;]{0,200}?\bon\s+(?:only\s+)?)${NAME}`,
  "gi",
);

/**
 * All that setup makes, if it alters any of it: views read with the rights of their owner, so they belong together.
 * Of others' tables, such as GeoNature's, nobody should become the owner for this; what `do` executes may never be.
 */
const ownTables = (scripts: readonly string[]): string[] => {
  const texts = scripts.flatMap(scriptTexts);
  const plain = texts.map((text) => text.replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "")).join("\n");
  const found = (pattern: RegExp) =>
    new Set([...plain.matchAll(pattern)].map(([, name = ""]) => quotedTable(name)));
  const made = found(MAKES);
  return [...found(ALTERS)].some((name) => made.has(name)) ? [...made] : [];
};
