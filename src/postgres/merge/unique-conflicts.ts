/** A column besides the key in which no two rows may have the same value: whose row it is that has it. */

import { quoted } from "../names.ts";
import { movedFindings } from "./findings-sql.ts";
import { assignments, keyArray, keyText, literal, sameKey } from "./key-sql.ts";
import { rowLabel } from "./labels.ts";
import type { MergeParts } from "./merge.ts";
import type { UniqueOption } from "./shape.ts";
import { isSeen } from "./sighting.ts";
import type { Step } from "./steps.ts";
import { CONFLICT, MOVED, NUMBER, PROBE, REFUSED, ROW, STAGE } from "./temporary.ts";
import { forgetWritten } from "./written-sql.ts";

/**
 * New rows whose unique value the target has already: under another owner they are set aside; the same
 * owner's row, when its key did not come in this run, gets the new key.
 */
export const uniqueSteps = (
  parts: Pick<MergeParts, "shape" | "track" | "pipeline" | "written">,
  where: string,
): Step[] => {
  const { shape, written } = parts;
  const { unique } = shape;
  if (unique === undefined) return [];
  const isMoved = `n in (select n from ${MOVED})`;
  const { forget, tracked, move, update } = rekey(parts, unique.column);
  const rekeying: Step[] = [
    { sql: movedFindings(shape, "rekeyed", `${CONFLICT} where ${isMoved}`) },
    { sql: forget, ofRun: true, expects: tracked },
    ...forgetWritten({ shape, written }, "rekeyed"),
    ...move,
    { sql: update },
  ];
  const settling: Step[] = [
    {
      sql: `insert into ${MOVED} (n, kind) select n, 'rekeyed' from ${CONFLICT} where is_own and not is_seen and nth = 1`,
    },
    { sql: refuseConflicts(unique, `not ${isMoved}`) },
    {
      sql: `delete from ${STAGE} where ${NUMBER} in (select n from ${CONFLICT} where not ${isMoved})`,
    },
    { sql: `select from ${CONFLICT} where ${isMoved} limit 1`, whenAny: rekeying },
  ];
  return [{ sql: uniqueConflicts(parts, unique, where), ofRun: true, whenAny: settling }];
};

/**
 * Rows that would be new but for a column in which no two rows may have the same value: where that
 * value is, whether its row is the same owner's, and whether its key was seen in this run (`$1`).
 */
const uniqueConflicts = (
  { shape, ...tracked }: Pick<MergeParts, "shape" | "track" | "pipeline">,
  { column, owner }: { column: string; owner: readonly string[] },
  where: string,
): string => {
  const { track } = tracked;
  const isOwn =
    owner.length === 0
      ? "false"
      : owner
          .map((name) => `target.${quoted(name)} is not distinct from fresh.${quoted(name)}`)
          .join(" and ");
  const key = shape.key.map(({ name }) => ({ name: quoted(name), own: quoted(`fresh ${name}`) }));
  return `
  with other as materialized (
  select fresh.${NUMBER} as n, fresh.${quoted(column)}::text as value, ${keyText(shape, "target")} as key, ${rowLabel(shape, "target")} as label,
         ${keyArray(shape, "target")} as old_key, ${keyArray(shape, "fresh")} as new_key, ${isOwn} as is_own,
         exists (select from ${track} as track where ${sameKey(shape, "track", "target")} and ${isSeen("track", tracked)})
           or exists (select from ${PROBE} as probe where ${sameKey(shape, "probe", "target")}) as is_seen,
         exists (select from ${track} as track where ${sameKey(shape, "track", "target")}) as is_tracked,
         ${key.map(({ name, own }) => `fresh.${name} as ${own}`).join(", ")}
    from ${ROW} as fresh join ${shape.table.sql} as target on target.${quoted(column)} = fresh.${quoted(column)}
   -- A row with the same key is the record's own. The few others are looked at closer, and only they.
   where (${sameKey(shape, "target", "fresh")}) is not true
  )
  insert into ${CONFLICT} (n, value, key, label, old_key, new_key, is_own, is_seen, is_tracked, nth)
  select n, value, key, label, old_key, new_key, is_own, is_seen, is_tracked, row_number() over (partition by value order by n) from other
   where not exists (select from ${shape.table.sql} as target where ${key.map(({ name, own }) => `target.${name} = other.${own}`).join(" and ")}${where})`;
};

/** What a person reads of those that are set aside. */
const refuseConflicts = ({ column, code }: UniqueOption, rows: string): string => {
  const what = `\`${column}\` "%s"`;
  const own = `${what} came before in this run, with the key %s.`;
  const other = `${what} belongs to a row of another origin, with the key %s.`;
  return `
  insert into ${REFUSED} (n, code, message)
  select distinct on (n) n, case when is_own then 'duplicate_unique' else ${literal(code)} end,
         format(case when is_own then ${literal(own)} else ${literal(other)} end, value, key)
    from ${CONFLICT} where ${rows} order by n`;
};

/**
 * Gives rows of the target a new key: those that have the unique value of the rows that have moved. What the track table
 * has of the old one is forgotten, unless this run (`$1`) has seen it; what was written goes along.
 */
const rekey = (
  { shape, written, ...tracked }: Pick<MergeParts, "shape" | "track" | "pipeline" | "written">,
  column: string,
) => {
  // An array, not a join: of a few rows, each is looked up by index.
  const isRekeyed = `fresh.${NUMBER} = any (array(select n from ${MOVED} where kind = 'rekeyed'))`;
  const isRow = `target.${quoted(column)} = fresh.${quoted(column)}`;
  const newKey = shape.key.map(({ name }) => `${quoted(name)} = fresh.${quoted(name)}`);
  return {
    move:
      written === undefined
        ? []
        : [
            {
              sql: `
  update ${written} as was set ${newKey.join(", ")} from ${ROW} as fresh, ${shape.table.sql} as target
   where ${isRekeyed} and ${isRow} and ${sameKey(shape, "was", "target")}`,
            },
          ],
    forget: `
  delete from ${tracked.track} as track using ${ROW} as fresh, ${shape.table.sql} as target
   where ${isRekeyed} and ${isRow} and ${sameKey(shape, "track", "target")} and not ${isSeen("track", tracked)}`,
    tracked: `select count(*) from ${CONFLICT} where is_tracked and n in (select n from ${MOVED})`,
    update: `
  update ${shape.table.sql} as target set ${[...newKey, ...assignments(shape.onUpdate)].join(", ")}
    from ${ROW} as fresh where ${isRekeyed} and ${isRow}`,
  };
};
