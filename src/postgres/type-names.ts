/** The types of PostgreSQL by name, for who has no database at hand. */

import { nearest } from "../core/nearest.ts";

const TYPES = [
  "bigint int8 bigserial serial8 bit varbit boolean bool bytea character char varchar bpchar cidr date",
  "float float4 float8 real inet integer int int4 interval json jsonb jsonpath macaddr macaddr8 money name",
  "numeric decimal oid pg_lsn smallint int2 smallserial serial2 serial serial4 text time timetz timestamp",
  "timestamptz tsquery tsvector uuid xml box circle line lseg path point polygon",
  "int4range int8range numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange",
  "datemultirange tsmultirange tstzmultirange aclitem refcursor",
  // Of extensions that such databases have.
  "geometry geography raster box2d box3d hstore citext ltree",
]
  .join(" ")
  .split(" ")
  .concat(
    "double precision",
    "character varying",
    "bit varying",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
  );

const known: ReadonlySet<string> = new Set(TYPES);

/** What other databases, spreadsheets and programs call them. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["str", "text"],
  ["clob", "text"],
  ["longtext", "text"],
  ["mediumtext", "text"],
  ["nvarchar", "varchar"],
  ["varchar2", "varchar"],
  ["number", "numeric"],
  ["long", "bigint"],
  ["tinyint", "smallint"],
  ["mediumint", "integer"],
  ["double", "double precision"],
  ["datetime", "timestamp"],
  ["datetime2", "timestamp"],
  ["blob", "bytea"],
  ["binary", "bytea"],
  ["guid", "uuid"],
]);

/** What may stand behind a type where a table is made. */
const BEHIND =
  /\s+(not\s+null|null|default|unique|primary\s+key|generated|references|check|collate)\b.*$/i;

/** A type without its length, and without `not null` and the like behind it, as the catalog knows it. */
export const bareType = (type: string): string => {
  const bare = type.replace(BEHIND, "").replace(/\(.*\)/, "");
  return SERIALS.get(bare.trim().toLowerCase()) ?? bare;
};

/** They are types only where a table is made. */
const SERIALS: ReadonlyMap<string, string> = new Map([
  ["serial", "integer"],
  ["serial4", "integer"],
  ["bigserial", "bigint"],
  ["serial8", "bigint"],
  ["smallserial", "smallint"],
]);

/**
 * What a type was meant to be that PostgreSQL does not have; undefined for one that it has, and for any other
 * name: it may be a domain, an enum or an extension's. So may one with its schema before it.
 */
export const meantTypes = (type: string): readonly string[] | undefined => {
  if (mayBeType(type)) return undefined;
  const name = plainName(type);
  const elsewhere = ELSEWHERE.get(name);
  const meant = elsewhere === undefined ? nearest(name, known) : [elsewhere];
  return meant.length > 0 ? meant : undefined;
};

/** Whether a name is none of PostgreSQL's types, and near none: of the user's own, or a mistake. */
export const isUnknownType = (type: string): boolean =>
  !mayBeType(type) && meantTypes(type) === undefined && strayBehind(type) === undefined;

const mayBeType = (type: string): boolean => {
  const name = plainName(type);
  return known.has(name) || name.includes(".") || name.startsWith("interval ");
};

const plainName = (type: string): string =>
  bareType(type)
    .replace(/(\s*\[\d*\])+$/, "")
    .trim()
    .replace(/\s+/g, " ")
    .toLowerCase();

/** What stands behind a type and is nothing that may; undefined where there is no such thing. */
export const strayBehind = (type: string): string | undefined => {
  const words = bareType(type).trim().split(/\s+/);
  const isType = (count: number) =>
    known.has(
      words
        .slice(0, count)
        .join(" ")
        .replace(/(\[\d*\])+$/, "")
        .toLowerCase(),
    );
  if (words.length === 1 || isType(words.length)) return undefined;
  // The longest: `timestamp with time zone` begins with a type.
  const length = words.findLastIndex((_, at) => isType(at + 1)) + 1;
  return length === 0 || /^interval$/i.test(words[0] ?? "")
    ? undefined
    : words.slice(length).join(" ");
};
