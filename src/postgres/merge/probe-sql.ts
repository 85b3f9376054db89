/** The statements that ask which rows are known, and remember what was merged. */

import { quotedList } from "../names.ts";
import { keyOf, keyText, literal, sameKey } from "./key-sql.ts";
import type { MergeParts } from "./merge.ts";
import type { MergeShape } from "./shape.ts";
import { isSeen } from "./sighting.ts";
import { DIFF, HASH, INPUT, NUMBER, PROBE, REFUSED, STAGE } from "./temporary.ts";

type TrackedShape = Pick<MergeParts, "shape" | "track" | "pipeline">;

/**
 * Says of each probed row: `duplicate` (its key came before in this run), `unchanged`, or `candidate`.
 * `$1` is the run, `$2` the version; `where` narrows the target.
 */
export const verdicts = (tracked: TrackedShape, where: string): string => `
  select verdict, count(*)::integer as rows, count(*) filter (where is_known)::integer as known,
         coalesce(array_agg(n order by n) filter (where verdict <> 'unchanged'), '{}') as numbers
    from (
      select probe.${NUMBER} as n, probe.nth = 1 and not ${isSeen("track", tracked)} as is_known,
             case when probe.nth > 1 or ${isSeen("track", tracked)} then 'duplicate'
                  when (track.hash = probe.${HASH} and track.version = $2) is not true then 'candidate'
                  when exists (select from ${tracked.shape.table.sql} as target where ${sameKey(tracked.shape, "target", "probe")}${where})
                  then 'unchanged' else 'candidate' end as verdict
        from (
          select *, row_number() over (partition by ${keyOf(tracked.shape, "probe")} order by ${NUMBER}) as nth
            from ${PROBE} as probe
        ) as probe
        left join ${tracked.track} as track on ${sameKey(tracked.shape, "track", "probe")}
    ) as judged
   group by verdict`;

/** Sets aside rows whose key came before; `$1` are their numbers. */
export const refuseDuplicates = (shape: MergeShape): string => `
  insert into ${REFUSED} (n, code, message)
  select ${NUMBER}, 'duplicate_key', format(${literal("The key %s came before in this run.")}, ${keyText(shape, "probe")})
    from ${PROBE} as probe where ${NUMBER} = any ($1)`;

/** All that were seen in this run, whatever becomes of them. `$1` is the run, `$2` the version. */
export const touchTrack = (tracked: TrackedShape): string => {
  const { shape, track } = tracked;
  return `
  update ${track} as track set run = $1::bigint, seen = null${
    shape.input === undefined
      ? ""
      : `, input = case when track.hash = probe.${HASH} and track.version = $2 then probe.${INPUT} else track.input end`
  } from ${PROBE} as probe
   where ${sameKey(shape, "track", "probe")} and not ${isSeen("track", tracked)}`;
};

/**
 * What was merged, or compared and found equal; what is held is to be compared again. `$1` is the run, `$2` the version.
 *
 * With other sessions at work, only rows that are new or that this transaction has touched: another's tells
 * that the same key went two ways.
 */
export const remember = (shape: MergeShape, track: string, isShared: boolean): string => `
  insert into ${track} as track (${quotedList(shape.key.map(({ name }) => name))}, hash, version, run, seen, input)
  select ${keyOf(shape, "stage")}, stage.${HASH}, $2, $1::bigint, null, ${shape.input === undefined ? "null" : `stage.${INPUT}`}
    from ${STAGE} as stage
   where stage.${NUMBER} not in (select n from ${DIFF} where verdict = 'held')
  on conflict (${quotedList(shape.key.map(({ name }) => name))}) do update
    set hash = excluded.hash, version = excluded.version, run = excluded.run, seen = null, input = excluded.input${
      isShared ? " where track.xmin::text = (txid_current() % 4294967296)::text" : ""
    }`;
