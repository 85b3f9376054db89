/**
 * Which run saw a record last. A track table would be written anew in every run if it said so of each row; it says
 * it of those alone of which it is not plain:
 *
 * - `run` is the last run in which the sink wrote the row, or compared it.
 * - A source that finds records as they were (`unchanged`) goes over all rows of its pipeline in the track. Those
 *   that it does *not* find get the last run that did see them, in `seen`; and `runner.survey` says which run has
 *   gone over them. All the others were seen by that run.
 */

import { quoted } from "../names.ts";
import { literal } from "./key-sql.ts";
import { TRACK } from "./temporary.ts";

/** The rows of a track table that are a pipeline's: those that its runs wrote last. */
export interface Tracked {
  /** The track table for SQL. */
  readonly track: string;
  readonly pipeline: string;
}

const ownRuns = ({ pipeline }: Tracked): string =>
  `(select own.run from runner.run as own where own.pipeline = ${literal(pipeline)})`;

/** The track table, however it was named. */
const trackName = ({ track }: Tracked): string => `
  (select concat_ws('.', nspname, relname) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = ${literal(track)}::regclass)`;

/** The last run that has gone over all rows. */
const surveyed = (tracked: Tracked): string =>
  `(select survey.run from runner.survey as survey where survey.pipeline = ${literal(tracked.pipeline)} and survey.track = ${trackName(tracked)})`;

/** Whether this run (`$1`) has seen the row's record, or another flow of it; null where there is no row. */
export const isSeen = (alias: string, tracked: Tracked): string =>
  tracked.track === TRACK
    ? `${alias}.run = $1::bigint`
    : `(${alias}.run = $1::bigint or (${alias}.seen is null and ${surveyed(tracked)} is not distinct from $1::bigint and ${alias}.run in ${ownRuns(tracked)}))`;

/** The last run that saw the row's record, of rows that this run has not seen: a plan's own number is negative. */
export const lastSeen = (alias: string, tracked: Tracked): string =>
  `case when ${alias}.seen is not null then greatest(${alias}.seen, ${alias}.run)
        when ${alias}.run in ${ownRuns(tracked)} then greatest(${alias}.run, ${surveyed(tracked)})
        else ${alias}.run end`;

/** What a source has found as it was. */
export interface FoundSame {
  /** SQL for a table of them. */
  readonly table: string;
  /** Its column with the hash of the record, which is the track's `input`. */
  readonly input: string;
  /** Columns of the track's key → those of the table. */
  readonly key: Readonly<Record<string, string>>;
}

/**
 * The survey of a run. Rows that came back, or were another pipeline's, are few, and so are those that are not
 * found. One statement, since a source may share its session, and a transaction, with the sink.
 */
export const surveySql = (tracked: Tracked, found: FoundSame, run: string): string => {
  const number = `${literal(run)}::bigint`;
  const same = Object.entries(found.key).map(
    ([column, name]) => `track.${quoted(column)} = found.${name}`,
  );
  // Hashes of records are numbers: to compare keys, which are text, takes three times as long.
  const isFound = `track.input = found.${found.input}`;
  return `
  with here as (
    update ${tracked.track} as track set run = ${number}, seen = null from ${found.table} as found
     where ${[isFound, ...same].join(" and ")} and (track.seen is not null or track.run not in ${ownRuns(tracked)})
  ),
  lacking as (
    -- What another flow of this run has gone over stays as it is.
    update ${tracked.track} as track set seen = greatest(track.run, ${surveyed(tracked)})
     where track.seen is null and track.run in ${ownRuns(tracked)} and ${surveyed(tracked)} is distinct from ${number}
       and not exists (select from ${found.table} as found where ${isFound})
  )
  insert into runner.survey (pipeline, track, run) select ${literal(tracked.pipeline)}, ${trackName(tracked)}, ${number}
      on conflict (pipeline, track) do update set run = excluded.run`;
};
