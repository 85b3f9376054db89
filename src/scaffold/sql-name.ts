/** Names for columns and schemas that can be written without quotes. */

import { pipelineName } from "./begin-with.ts";

/** A name as SQL takes it: `decimalLatitude` → `decimal_latitude`, `order` → `order_`. */
export const sqlName = (term: string): string => {
  const name = plainName(term);
  return (isTaken(name) ? `${name}_` : name).slice(0, LONGEST);
};

/** PostgreSQL cuts a longer name in silence. */
const LONGEST = 63;

const plainName = (term: string): string =>
  pipelineName(term.replace(/^https?:\/\/.*[/#:]/, "").replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2"));

const isTaken = (name: string): boolean => RESERVED.has(name) || SYSTEM.has(name);

/** A column or a table of an archive, and its name in the database. */
export interface Named<Thing> {
  readonly of: Thing;
  readonly to: string;
  /** Why the name is another than anybody would expect. */
  readonly why: string | undefined;
}

/** A name for each, none of them twice, and none among those that are taken. */
export const namesFor = <Thing extends { readonly name: string }>(
  things: readonly Thing[],
  taken: Iterable<string> = [],
): Named<Thing>[] => {
  const used = new Set(taken);
  return things.map((of) => {
    const to = freeName(of.name, used);
    used.add(to);
    return { of, to, why: whyOther(of.name, to) };
  });
};

/** A schema for the tables of a pipeline: its name, unless PostgreSQL or the runner has that for itself. */
export const schemaName = (pipeline: string): string =>
  sqlName(/^(pg_|runner$|information_schema$)/.test(pipeline) ? `data_${pipeline}` : pipeline);

/** A name for a term that is not used yet: with a number behind it, if need be. */
export const freeName = (term: string, used: ReadonlySet<string>): string => {
  const name = sqlName(term);
  for (let number = 1; ; number++) {
    const end = number === 1 ? "" : `_${number}`;
    const candidate = `${name.slice(0, LONGEST - end.length)}${end}`;
    if (!used.has(candidate)) return candidate;
  }
};

const whyOther = (term: string, to: string): string | undefined => {
  const name = plainName(term);
  if (to === name) return /[a-z]/i.test(term) ? undefined : "letters of a to z, digits and _ only";
  const wanted = sqlName(term);
  if (to !== wanted) return `\`${wanted}\` is the name of another column`;
  return isTaken(name) ? `\`${name}\` is a word of SQL` : `cut: ${LONGEST} characters at most`;
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

/** Columns that each table has by itself. */
const SYSTEM: ReadonlySet<string> = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);
