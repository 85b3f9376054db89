/** The statement that compares what is staged with the target. */

import { quoted } from "../names.ts";
import { late } from "./json-sql.ts";
import { literal, sameKey } from "./key-sql.ts";
import type { MergeParts } from "./merge.ts";
import { beside } from "./row-view.ts";
import type { MergedColumn, MergeShape } from "./shape.ts";
import { DIFF, NUMBER, ROW, rowColumn } from "./temporary.ts";
import { hashOf, withWritten } from "./written.ts";

/**
 * Compares the staged rows with the target, column by column: each is `new`, `equal`, `changed`, or `held`,
 * which is changed but not to be. `is_judged` says that a change is of a kind that is held, held or not.
 *
 * With what was last written (`written`), a value of the target that differs while the record's is the same as then
 * is a person's correction, and no change (`corrected`); where both have changed since, the record's is taken
 * (`superseded`).
 */
export const compare = (
  { shape, written }: Pick<MergeParts, "shape" | "written">,
  where: string,
): string => {
  const places = (condition: (column: MergedColumn) => string | undefined) => {
    const cases = shape.columns.flatMap((column, place) => {
      const sql = column.isUpdated ? condition(column) : undefined;
      return sql === undefined ? [] : [`case when ${sql} then '${place}' end`];
    });
    return cases.length === 0 ? "''" : `concat_ws(',', ${cases.join(", ")})`;
  };
  const isRemembered = written !== undefined;
  const changed = (isCompared: boolean) =>
    places((column) => changes(column, { isCompared, isRemembered }));
  const corrected = places((column) => (isRemembered ? isCorrected(column) : undefined));
  const superseded = places((column) => (isRemembered ? isSuperseded(column) : undefined));
  const [first] = shape.key;
  const rows = shape.identity.map(({ name }) => `, ${rowColumn(name)}`).join("");
  const present = shape.identity.map(
    ({ name }) => `, target.${quoted(name)} as ${rowColumn(name)}`,
  );
  return `
  insert into ${DIFF} (n, verdict, changed, beside, corrected, superseded, is_judged${rows})
  select n, case when is_new then 'new' when changed = '' then 'equal' ${shape.held?.action === "apply" ? "" : "when is_judged then 'held' "}else 'changed' end,
         changed, beside, corrected, superseded, is_judged and not is_new and changed <> ''${rows}
    from (
      select fresh.${NUMBER} as n, target.${quoted(first?.name ?? "")} is null as is_new,
             ${changed(true)} as changed, ${changed(false)} as beside, ${corrected} as corrected, ${superseded} as superseded,
             ${isJudged(shape, isRemembered)} as is_judged${present.join("")}
        from ${ROW} as fresh left join ${shape.table.sql} as target on ${sameKey(shape, "target", "fresh")}${where}${withWritten(shape, written)}
    ) as compared`;
};

/**
 * Where the rows are that `compare` has found (`diff`): by the primary key, if the target has one.
 *
 * By the key alone, PostgreSQL may be wrong by far. Of a partial index it knows how many rows meet the condition only
 * by the last `analyze`; as long as most of them are newer, it takes them for one, and compares each with all that is staged.
 */
export const isFound = (shape: MergeShape, where: string): string =>
  shape.identity.length === 0
    ? `${sameKey(shape, "target", "fresh")}${where}`
    : `${shape.identity.map(({ name }) => `target.${quoted(name)} = diff.${rowColumn(name)}`).join(" and ")} and ${sameKey(shape, "target", "fresh")}`;

/** Whether a change is of a kind that is held, and the row as it is in the table meets the condition. */
const isJudged = ({ columns, held }: MergeShape, isRemembered: boolean): string => {
  if (held === undefined) return "false";
  const differences = columns
    .filter(({ target, isUpdated }) => isUpdated && held.columns.includes(target.name))
    .map((column) => changes(column, { isCompared: true, isRemembered }) ?? "false");
  // Inside the sub-select, names mean the columns of the table, and need no alias.
  return `((${differences.join(" or ")}) and exists (select from (select target.*) as present where (${held.where}\n)))`;
};

/** Types of which two values cannot be told equal. */
const WITHOUT_EQUALITY = [
  "json",
  "xml",
  "point",
  "line",
  "lseg",
  "box",
  "path",
  "polygon",
  "circle",
];

/** Whether an update would write the column; undefined for one that is not of this kind. */
const changes = (
  column: MergedColumn,
  { isCompared, isRemembered }: { isCompared: boolean; isRemembered: boolean },
): string | undefined => {
  if (column.json) return partDiffers(column, isCompared);
  if (column.isCompared !== isCompared) return undefined;
  return isRemembered ? `${differs(column)} and ${isNews(column)}` : differs(column);
};

/** Whether the record's value is another than the one that was last written, or none was. */
const isNews = ({ target }: MergedColumn): string =>
  `was.${quoted(target.name)} is distinct from ${hashOf("fresh", target)}`;

const isCorrected = (column: MergedColumn): string | undefined =>
  column.json
    ? undefined
    : `${differs(column)} and was.${quoted(column.target.name)} = ${hashOf("fresh", column.target)}`;

const isSuperseded = (column: MergedColumn): string | undefined =>
  column.json
    ? undefined
    : `${differs(column)} and ${isNews(column)} and was.${quoted(column.target.name)} <> ${hashOf("target", column.target)}`;

const differs = ({ target }: MergedColumn): string => {
  const column = quoted(target.name);
  return WITHOUT_EQUALITY.includes(target.type)
    ? `target.${column}::text is distinct from fresh.${column}::text`
    : `target.${column} is distinct from fresh.${column}`;
};

/** Whether the merge's own key of a JSON object differs: in what is compared, or at all. */
const partDiffers = (
  { target, json, isCompared: isOfUse }: MergedColumn,
  isCompared: boolean,
): string | undefined => {
  if (json === undefined) return undefined;
  const column = quoted(target.name);
  const present = `target.${column}::jsonb -> ${literal(json.key)}`;
  // No object of ours, but another's text or number: nothing of it stays.
  const old = `case jsonb_typeof(${present}) when 'object' then ${present} else '{}'::jsonb end`;
  const others = `fresh.${quoted(beside(target.name))}`;
  if (!isCompared) return `${old} is distinct from (fresh.${column} || ${others}${late(json)})`;
  // Keys that are not compared are taken out of what is there; what is left must be what comes.
  return isOfUse
    ? `(${old} - array(select jsonb_object_keys(${others}))) is distinct from (fresh.${column}${late(json)})`
    : undefined;
};
