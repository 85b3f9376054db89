/** What a person should know of the rows of a chunk: old and new, as texts. */

import type { Finding } from "../../core/tally.ts";
import { isFound } from "./compare-sql.ts";
import { oldAndNew } from "./json-sql.ts";
import { keyText, literal } from "./key-sql.ts";
import { readable, rowLabel } from "./labels.ts";
import type { MergedColumn, MergeShape } from "./shape.ts";
import { DIFF, FOUND, NUMBER, ROW, STAGE } from "./temporary.ts";

/** Old and new text of columns, with labels; `rows` chooses among the staged rows. */
export const examples = (
  shape: MergeShape,
  columns: readonly MergedColumn[],
  { rows, where, most }: { rows: string; where: string; most: number | "all" },
): string => `
  select fresh.${NUMBER} as n, ${keyText(shape, "target")} as key, ${rowLabel(shape, "target")} as label, ${columns
    .map((column, index) => {
      const [old, fresh] = oldAndNew(column);
      const shown = (text: string) => (column.json ? text : readable(shape, column.target, text));
      return `${shown(`(${old})::text`)} as old${index}, ${shown(`(${fresh})::text`)} as new${index}`;
    })
    .join(", ")}
    from ${ROW} as fresh join ${DIFF} as diff on diff.n = fresh.${NUMBER}
    join ${shape.table.sql} as target on ${isFound(shape, where)}
   where ${rows} order by fresh.${NUMBER} limit ${most}`;

/** Notes old and new of the rows that are held, or would be: `overruled` are those that are updated all the same. */
export const judgedFindings = (shape: MergeShape, where: string): string => {
  const columns = shape.columns.filter(({ target }) => shape.held?.columns.includes(target.name));
  const changes = columns.map(
    ({ target }, index) =>
      `(${index}, ${literal(target.name)}, held.old${index}, held.new${index})`,
  );
  const rows = "diff.is_judged";
  const kind: Finding["kind"] = shape.held?.action === "apply" ? "overruled" : "held";
  return `
  insert into ${FOUND} (n, kind, key, label, column_name, old, new)
  select held.n, '${kind}', held.key, held.label, change.name, change.old, change.new
    from (${examples(shape, columns, { rows, where, most: "all" })}) as held
    cross join lateral (values ${changes.join(", ")}) as change (place, name, old, new)
   where change.old is distinct from change.new order by held.n, change.place`;
};

/** What is refused in the end is not overruled. */
export const forgetOverruled = `
  delete from ${FOUND} where kind = 'overruled' and n not in (select ${NUMBER} from ${STAGE})`;

/**
 * Notes of rows that get another key old and new of the key's columns that differ. `rows` is a table with a condition,
 * which has `old_key`, `new_key` and the row's `label`.
 */
export const movedFindings = ({ key }: MergeShape, kind: Finding["kind"], rows: string): string => {
  const parts = key.map(
    ({ name }, n) => `(${n}, ${literal(name)}, old_key[${n + 1}], new_key[${n + 1}])`,
  );
  return `
  insert into ${FOUND} (kind, key, label, column_name, old, new)
  select ${literal(kind)}, array_to_string(new_key, ', '), moved.label, part.name, part.old, part.new
    from (select * from ${rows}) as moved
    cross join lateral (values ${parts.join(", ")}) as part (place, name, old, new)
   where part.old is distinct from part.new order by n, part.place`;
};
