/** The statements by which rows are found whose record is gone from the export, and deleted. */

import { quoted, quotedList, quotedTable } from "../names.ts";
import { asTable } from "../statement.ts";
import { keyOf, keyText, sameKey } from "./key-sql.ts";
import { rowLabel } from "./labels.ts";
import type { MergeParts } from "./merge.ts";
import type { MergeShape } from "./shape.ts";
import { isSeen, lastSeen, type Tracked } from "./sighting.ts";
import type { Step } from "./steps.ts";
import { GONE } from "./temporary.ts";
import type { VanishedOption } from "./vanished.ts";
import { hashOf, writtenColumns } from "./written.ts";

/** Rows of the track that this run did not see, and the last run that did. */
export const goneTable = ({ key }: MergeShape): string => `
  drop table if exists ${GONE};
  create temporary table runner_gone (
    ${key.map(({ name, declaredType }) => `${quoted(name)} ${declaredType} not null`).join(", ")},
    run bigint not null, exports integer not null default 0, is_due boolean not null default false);`;

type TrackedShape = Tracked & Pick<MergeParts, "shape">;

/** `$1` is the run, `$2` the track's name, `$3` the scope: rows last seen in an export of the same scope. */
export const findGone = ({ shape: { key }, ...tracked }: TrackedShape): string => `
  insert into ${GONE} (${quotedList(key.map(({ name }) => name))}, run)
  select ${key.map(({ name }) => `track.${quoted(name)}`).join(", ")}, track.last
    from (select *, ${lastSeen("track", tracked)} as last from ${tracked.track} as track where not ${isSeen("track", tracked)}) as track
   where track.last in (select run from runner.seen where track = $2 and scope = $3)`;

/** Without it, PostgreSQL would sort all records of the export to find a few rows among them. */
export const countGone = `analyze ${GONE}`;

/** The step is taken when a statement, which gives nothing but keys, finds any: mostly there is none. */
const whenAny = (keys: string, step: Step): Step => ({
  // Not `limit 1`, for which PostgreSQL would compare each with each, since it hopes to meet one soon.
  sql: `select from (select count(*) as keys from (${keys}) as found) as counted where keys > 0`,
  whenAny: [step],
});

/** The user's query for the records of the export, in which `missing` is a table of the keys in question. */
export const amongMissing = (present: string, missing: string, key: readonly string[]): string =>
  `(with missing as (select ${quotedList(key)} from ${missing}) select * from ${asTable(present, "present")})`;

/**
 * Records that are in the export, but did not come so far this time, are seen all the same.
 *
 * A join, not `exists`: the few rows are hashed then, and the records of the export pass by; for `exists` PostgreSQL
 * hashes all of those, to have each once.
 */
export const takeBackPresent = (shape: MergeShape, track: string, present: string): Step => {
  const typed = shape.key.map(
    ({ name, declaredType }) => `${quoted(name)}::${declaredType} as ${quoted(name)}`,
  );
  const names = shape.key.map(({ name }) => name);
  const records = `(select ${typed.join(", ")} from ${amongMissing(present, GONE, names)} as present) as present`;
  const isPresent = sameKey(shape, "present", "gone");
  return whenAny(`select from ${GONE} as gone join ${records} on ${isPresent}`, {
    sql: `
  with back as (
    delete from ${GONE} as gone using ${records} where ${isPresent} returning ${keyOf(shape, "gone")}
  )
  update ${track} as track set run = $1::bigint, seen = null from back where ${sameKey(shape, "track", "back")}`,
    ofRun: true,
  });
};

/** Rows that somebody has deleted, or that are the pipeline's no longer, are forgotten. */
export const forgetDeleted = ({ shape, track, written }: Tables, where: string): Step => {
  const lost = `not exists (select from ${shape.table.sql} as target where ${sameKey(shape, "target", "gone")}${where})`;
  return whenAny(`select from ${GONE} as gone where ${lost}`, {
    sql: `
  with lost as (
    delete from ${GONE} as gone where ${lost} returning ${keyOf(shape, "gone")}
  ),
  unwritten as (${forget(shape, written, "lost")})
  ${forget(shape, track, "lost")}`,
  });
};

type Tables = Pick<MergeParts, "shape" | "track" | "written">;

/** Without a table of what was written, nothing. */
const forget = (shape: MergeShape, table: string | undefined, gone: string): string =>
  table === undefined
    ? "select"
    : `delete from ${table} as known using ${gone} where ${sameKey(shape, "known", gone)}`;

/** Whether the row meets a condition, whose names mean the columns of the table. */
const meets = (shape: MergeShape, condition: string, where: string): string => `
  exists (select from ${shape.table.sql} as target where ${sameKey(shape, "target", "gone")}${where}
             and exists (select from (select target.*) as present where (${condition}\n)))`;

/** Rows outside of the scope cannot vanish. */
export const leaveOutOfScope = (shape: MergeShape, scope: string, where: string): string =>
  `delete from ${GONE} as gone where not ${meets(shape, scope, where)}`;

/**
 * In how many different exports each was missed. `$1` is the track's name, `$2` the scope, `$3` this run, whose
 * number is negative in a plan.
 */
export const countExports = `
  update ${GONE} as gone set exports = missed.exports from (
    select own.run, count(distinct later.identity)::integer as exports
      from runner.seen as own
      join runner.seen as later
        on later.track = own.track and later.scope = own.scope and later.is_whole
       and (later.run > own.run or later.run = $3::bigint) and later.identity <> own.identity
     where own.track = $1 and own.scope = $2 and own.run in (select run from ${GONE})
     group by own.run
  ) as missed
  where missed.run = gone.run`;

/** Rows that are to be deleted: missed in so many exports (\`$1\`), not to be kept, and without a person's correction. */
export const markDue = (
  { shape, written }: Pick<Tables, "shape" | "written">,
  { keep_when: keep }: VanishedOption,
  where: string,
): string => `
  update ${GONE} as gone set is_due = true
   where exports >= $1::integer${keep === undefined ? "" : ` and not ${meets(shape, keep, where)}`}${
     written === undefined ? "" : ` and not ${isCorrected(shape, written, where)}`
   }`;

/** Whether a value of the row is another than the one that was written. */
const isCorrected = (shape: MergeShape, written: string, where: string): string => {
  const differ = writtenColumns(shape).map(
    (column) => `was.${quoted(column.name)} <> ${hashOf("target", column)}`,
  );
  return `
  exists (select from ${shape.table.sql} as target join ${written} as was on ${sameKey(shape, "was", "target")}
           where ${sameKey(shape, "target", "gone")}${where} and (${differ.join(" or ")}))`;
};

/** Rows that were missed in so many exports (\`$1\`) and are kept all the same, and whether for a person's correction. */
export const kept = (
  { shape, written }: Pick<Tables, "shape" | "written">,
  where: string,
): string => `
  select ${keyText(shape, "gone")} as key, ${written === undefined ? "false" : isCorrected(shape, written, where)} as "isCorrected"
    from ${GONE} as gone where exports >= $1::integer and not is_due`;

/** How many rows there are, and how many are due. \`$1\` is the run, \`$2\` the track's name, \`$3\` the scope. */
export const share = (tracked: Tracked): string => `
  select (select count(*) from ${GONE} where is_due)::integer as due,
         (select count(*) from ${tracked.track} as track where ${isSeen("track", tracked)}
             or ${lastSeen("track", tracked)} in (select run from runner.seen where track = $2 and scope = $3))::integer as rows`;

/** The statements that delete, in their order; the last but one gives the rows as JSON. */
export const deletion = (
  { shape, track, written }: Tables,
  { along }: VanishedOption,
  where: string,
) => {
  const isDue = `gone.is_due and ${sameKey(shape, "target", "gone")}${where}`;
  return {
    along: along.map(
      ({ table, column, of }) =>
        `delete from ${quotedTable(table)} as other using ${GONE} as gone, ${shape.table.sql} as target
          where ${isDue} and other.${quoted(column)} = target.${quoted(of)}`,
    ),
    rows: `
    delete from ${shape.table.sql} as target using ${GONE} as gone where ${isDue}
    returning ${keyText(shape, "target")} as key, ${rowLabel(shape, "target")} as label, to_jsonb(target)::text as old`,
    known: `
    with gone as (select * from ${GONE} where is_due), unwritten as (${forget(shape, written, "gone")})
    ${forget(shape, track, "gone")}`,
  };
};

/** All of them, those that the most exports have missed first. */
export const reported = (shape: MergeShape, where: string): string => `
  select ${keyText(shape, "gone")} as key, ${rowLabel(shape, "target")} as label, exports
    from ${GONE} as gone join ${shape.table.sql} as target on ${sameKey(shape, "target", "gone")}${where}
   order by exports desc, 1`;
