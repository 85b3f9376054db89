/** What the triggers of a table write, as far as the text of their functions tells. */

import type { Session } from "../core/session.ts";
import { NAME } from "./coming.ts";
import { tableParts } from "./names.ts";
import type { Right } from "./rights.ts";

/**
 * The tables that triggers write when rows are deleted, and the rights that it takes: they write with those of the
 * role that deletes, but for functions with the rights of their owner.
 */
export const writtenOnDelete = async (
  session: Session,
  table: string,
): Promise<ReadonlyMap<string, readonly Right[]>> => {
  const { schema, name } = tableParts(table);
  const { rows } = await session.query<{ source: string }>(ON_DELETE, [schema ?? null, name]);
  const wanted = new Map<string, Set<Right>>();
  for (const { source } of rows) {
    for (const [pattern, rights] of WRITES) {
      for (const [, written = ""] of source.matchAll(pattern)) {
        wanted.set(written, new Set([...(wanted.get(written) ?? []), ...rights]));
      }
    }
  }
  return new Map([...wanted].map(([written, rights]) => [written, [...rights]]));
};

const WRITES: readonly (readonly [RegExp, readonly Right[]])[] = [
  [new RegExp(String.raw`\binsert\s+into\s+${NAME}`, "gi"), ["insert"]],
  [
    new RegExp(
      String.raw`\binsert\s+into\s+${NAME}(?=[^;]*\bon\s+conflict\b[^;]*\bdo\s+update\b)`,
      "gi",
    ),
    ["select", "update"],
  ],
  [new RegExp(String.raw`\bupdate\s+(?:only\s+)?${NAME}`, "gi"), ["select", "update"]],
  [new RegExp(String.raw`\bdelete\s+from\s+(?:only\s+)?${NAME}`, "gi"), ["select", "delete"]],
];

/** 8 is the bit of `tgtype` for delete. */
const ON_DELETE = `
select prosrc as source
  from pg_trigger
  join pg_proc on pg_proc.oid = tgfoid
  join pg_class on pg_class.oid = tgrelid
  join pg_namespace on pg_namespace.oid = relnamespace
 where relname = $2 and case when $1::text is null then pg_table_is_visible(pg_class.oid) else nspname = $1 end
   and tgtype & 8 <> 0 and tgenabled <> 'D' and not tgisinternal and not prosecdef`;
