/** The statement that compares what is staged with the target. */

import { quoted } from "../names.ts";
import { late } from "./json-sql.ts";
import { literal, sameKey } from "./key-sql.ts";
import { beside } from "./row-view.ts";
import type { MergedColumn, MergeShape } from "./shape.ts";
import { DIFF, NUMBER, ROW, rowColumn } from "./temporary.ts";

/**
 * Compares the staged rows with the target, column by column: each is `new`, `equal`, `changed`, or `held`,
 * which is changed but not to be. `is_judged` says that a change is of a kind that is held, held or not.
 */
export const compare = (shape: MergeShape, where: string): string => {
  const changed = (isCompared: boolean) => {
    const cases = shape.columns.flatMap((column, index) => {
      const condition = column.isUpdated ? differs(column, isCompared) : undefined;
      return condition === undefined ? [] : [`case when ${condition} then '${index}' end`];
    });
    return cases.length === 0 ? "''" : `concat_ws(',', ${cases.join(", ")})`;
  };
  const [first] = shape.key;
  const rows = shape.identity.map(({ name }) => `, ${rowColumn(name)}`).join("");
  const present = shape.identity.map(
    ({ name }) => `, target.${quoted(name)} as ${rowColumn(name)}`,
  );
  return `
  insert into ${DIFF} (n, verdict, changed, beside, is_judged${rows})
  select n, case when is_new then 'new' when changed = '' then 'equal' ${shape.held?.action === "apply" ? "" : "when is_judged then 'held' "}else 'changed' end,
         changed, beside, is_judged and not is_new and changed <> ''${rows}
    from (
      select fresh.${NUMBER} as n, target.${quoted(first?.name ?? "")} is null as is_new,
             ${changed(true)} as changed, ${changed(false)} as beside, ${isJudged(shape)} as is_judged${present.join("")}
        from ${ROW} as fresh left join ${shape.table.sql} as target on ${sameKey(shape, "target", "fresh")}${where}
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
const isJudged = ({ columns, held }: MergeShape): string => {
  if (held === undefined) return "false";
  const differences = columns
    .filter(({ target, isUpdated }) => isUpdated && held.columns.includes(target.name))
    .map((column) => differs(column, true) ?? "false");
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

const differs = (
  { target, json, isCompared }: MergedColumn,
  wanted: boolean,
): string | undefined => {
  const column = quoted(target.name);
  if (json) {
    const present = `target.${column}::jsonb -> ${literal(json.key)}`;
    // No object of ours, but another's text or number: nothing of it stays.
    const old = `case jsonb_typeof(${present}) when 'object' then ${present} else '{}'::jsonb end`;
    const others = `fresh.${quoted(beside(target.name))}`;
    const whole = `fresh.${column} || ${others}${late(json)}`;
    // Keys that are not compared are taken out of what is there; what is left must be what comes.
    const part = `(${old} - array(select jsonb_object_keys(${others}))) is distinct from (fresh.${column}${late(json)})`;
    if (wanted) return isCompared ? part : undefined;
    return `${old} is distinct from (${whole})`;
  }
  if (isCompared !== wanted) return undefined;
  return WITHOUT_EQUALITY.includes(target.type)
    ? `target.${column}::text is distinct from fresh.${column}::text`
    : `target.${column} is distinct from fresh.${column}`;
};
