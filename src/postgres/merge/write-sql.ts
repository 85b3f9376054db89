/** The statements that write what `compare` has found. */

import { quoted, quotedList } from "../names.ts";
import { isFound } from "./compare-sql.ts";
import { jsonObject, late } from "./json-sql.ts";
import { assignments, literal } from "./key-sql.ts";
import type { MergeParts } from "./merge.ts";
import type { MergedColumn, MergeShape } from "./shape.ts";
import { DIFF, MOVED, NUMBER, ROW } from "./temporary.ts";
import { withWritten } from "./written.ts";
import { remembering } from "./written-sql.ts";

/** How many rows are new, held, judged and equal; how many of the equal ones have got another key, and of the changed ones were adopted. */
export const tally = `
  select count(*) filter (where verdict = 'new')::integer as added,
         count(*) filter (where verdict = 'held')::integer as held,
         count(*) filter (where is_judged)::integer as judged,
         count(*) filter (where verdict = 'equal')::integer as equal,
         count(*) filter (where verdict in ('changed', 'equal') and concat(corrected, superseded) <> '')::integer as corrected,
         count(*) filter (where verdict = 'equal' and n in (select n from ${MOVED}))::integer as moved,
         count(*) filter (where verdict = 'changed' and n in (select n from ${MOVED} where kind = 'adopted'))::integer as taken
    from ${DIFF}`;

/** The numbers of the columns that a group changes, as an array of text. */
const PLACES = `string_to_array(concat_ws(',', nullif(changed, ''), nullif(beside, '')), ',')`;

/** Rows by which columns of theirs are to change, and the assignments that an update of them has. */
export const groups = ({ columns }: MergeShape): string => {
  const each = columns.map((column, index) => `('${index}', ${literal(assignment(column))})`);
  const set =
    each.length === 0
      ? "null"
      : `(select string_agg(sql, ', ' order by place::integer) from (values ${each.join(", ")}) as column_sql (place, sql)
           where place = any (${PLACES}))`;
  return `
  select changed, beside, rows, ${set} as assignments from (
    select changed, beside, count(*)::integer as rows from ${DIFF}
     where verdict = 'changed' group by changed, beside
  ) as changes order by rows desc, changed, beside`;
};

/** `column = value`, of a column in an update. */
const assignment = (column: MergedColumn): string => {
  const { target, json } = column;
  const name = quoted(target.name);
  if (!json) return `${name} = fresh.${name}`;
  // To JSON's own null, `||` would append, and make an array of the two.
  return `${name} = coalesce(nullif(target.${name}::jsonb, 'null'), '{}'::jsonb) || ${jsonObject(column, late(json))}`;
};

/** Updates the rows of a group: `rows` chooses them among `row` (the staged ones), `set` are its assignments. */
export const update = (
  { shape, written }: Written,
  set: string,
  { rows, where }: { rows: string; where: string },
): string =>
  remembering(shape, written, {
    kind: "update",
    sql: `
  update ${shape.table.sql} as target set ${[set, ...assignments(shape.onUpdate)].join(", ")}
    from ${ROW} as fresh join ${DIFF} as diff on diff.n = fresh.${NUMBER}${withWritten(shape, written)}
   where ${rows} and ${isFound(shape, where)}`,
  });

type Written = Pick<MergeParts, "shape" | "written">;

/** The rows of a group: `$1` and `$2` are its lists. */
export const OF_GROUP = "diff.verdict = 'changed' and diff.changed = $1 and diff.beside = $2";
/** A row by itself, inside `judging`. */
export const SUSPECT = `fresh.${NUMBER} = suspect.n`;

export const groupSuspects = (changed: string, besides: string): string =>
  `select n from ${DIFF} where verdict = 'changed' and changed = ${literal(changed)} and beside = ${literal(besides)} order by n`;

export const NEW_SUSPECTS = `select n from ${DIFF} where verdict = 'new' order by n`;
export const NEW_ROWS = `fresh.${NUMBER} in (select n from ${DIFF} where verdict = 'new')`;

/** Inserts rows that the target does not have. */
export const insert = ({ shape, written }: Written, rows: string): string => {
  const given = shape.columns.map(({ target }) => target.name);
  const constant = shape.onInsert.filter(([name]) => !given.includes(name));
  const values = [
    ...shape.key.map(({ name }) => `fresh.${quoted(name)}`),
    ...shape.columns.map((column) =>
      column.json ? jsonObject(column) : `fresh.${quoted(column.target.name)}`,
    ),
    ...constant.map(([, value]) => literal(value)),
  ];
  const names = [...shape.key.map(({ name }) => name), ...given, ...constant.map(([name]) => name)];
  return remembering(shape, written, {
    kind: "insert",
    sql: `
  insert into ${shape.table.sql} as target (${quotedList(names)})
  select ${values.join(", ")} from ${ROW} as fresh where ${rows} order by fresh.${NUMBER}`,
  });
};
