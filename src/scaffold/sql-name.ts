/** Names for columns and schemas that can be written without quotes. */

import { pipelineName } from "./begin-with.ts";

/** A name as SQL takes it: `decimalLatitude` → `decimal_latitude`, `order` → `order_`. */
export const sqlName = (term: string): string => {
  const words = term.replace(/^.*[/#:]/, "").replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2");
  const name = pipelineName(words);
  return RESERVED.has(name) ? `${name}_` : name;
};

/** Words that PostgreSQL reserves: those of `pg_get_keywords()` that can be no column. */
export const RESERVED: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check
  collate collation column concurrently constraint create cross current_catalog current_date
  current_role current_schema current_time current_timestamp current_user default deferrable desc
  distinct do else end except false fetch for foreign freeze from full grant group having ilike in
  initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
  references returning right select session_user similar some symmetric system_user table
  tablesample then to trailing true union unique user using variadic verbose when where window
  with`.split(/\s+/),
);
