/** A JSON column of the target of which the merge owns one key, in SQL. */

import { quoted } from "../names.ts";
import { literal } from "./key-sql.ts";
import { beside } from "./row-view.ts";
import type { MergedColumn } from "./shape.ts";

/** For a row that is there: what it does not take over in the column itself. */
export const late = (json: MergedColumn["json"]): string => {
  if (json?.late === undefined) return "";
  const column = quoted(json.late.column);
  const isLate = `fresh.${column} is not null and target.${column} is distinct from fresh.${column}`;
  return ` || case when ${isLate} then jsonb_build_object(${literal(json.late.name)}, fresh.${column}) else '{}'::jsonb end`;
};

/** What a new row gets: the merge's key and nothing else; with `more`, SQL for what is joined to its object. */
export const jsonObject = (column: MergedColumn, more = ""): string =>
  `jsonb_build_object(${literal(column.json?.key ?? "")}, ${wholeObject(column)}${more})`;

/** Old and new of a column, for people; of an object under the merge's own key, the parts that differ. */
export const oldAndNew = (column: MergedColumn): readonly [old: string, fresh: string] => {
  const name = quoted(column.target.name);
  if (!column.json) return [`target.${name}`, `fresh.${name}`];
  const old = `target.${name}::jsonb -> ${literal(column.json.key)}`;
  const fresh = `${wholeObject(column)}${late(column.json)}`;
  return [differing(old, fresh), differing(fresh, old)];
};

/** The parts of an object that another has not; what is no object as a whole. */
const differing = (object: string, other: string): string =>
  `case jsonb_typeof(${object}) when 'object' then (select jsonb_object_agg(part.key, part.value) from jsonb_each(${object}) as part where part.value is distinct from (${other}) -> part.key) else ${object} end`;

const wholeObject = ({ target }: MergedColumn): string =>
  `fresh.${quoted(target.name)} || fresh.${quoted(beside(target.name))}`;
