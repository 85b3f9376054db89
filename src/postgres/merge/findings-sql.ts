/** What a person should know of the rows of a chunk: old and new, as texts. */

import type { Finding } from "../../core/tally.ts";
import { isFound } from "./compare-sql.ts";
import { oldAndNew } from "./json-sql.ts";
import { keyText, literal } from "./key-sql.ts";
import { readable, readableOf, rowLabel } from "./labels.ts";
import type { MergedColumn, MergeShape } from "./shape.ts";
import { DIFF, FOUND, MOVED, NUMBER, ROW, STAGE } from "./temporary.ts";

/** Old and new text of columns, with labels; `rows` chooses among the staged rows. */
export const examples = (
  shape: MergeShape,
  columns: readonly MergedColumn[],
  { rows, where, most }: { rows: string; where: string; most: number },
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

/** `n`, key, label, column, old and new text of the columns whose places are in a list (`places`), of the staged rows that `rows` chooses. */
export const differences = (
  shape: MergeShape,
  { rows, places, where }: { rows: string; places: string; where: string },
): string => {
  const values = shape.columns.flatMap((column, place) => {
    if (!column.isUpdated) return [];
    const [old, fresh] = oldAndNew(column);
    return [`('${place}', ${literal(column.target.name)}, (${old})::text, (${fresh})::text)`];
  });
  return `
  select fresh.${NUMBER} as n, ${keyText(shape, "target")} as key, ${rowLabel(shape, "target")} as label, value.column_name, value.old, value.new
    from ${DIFF} as diff join ${ROW} as fresh on fresh.${NUMBER} = diff.n
    join ${shape.table.sql} as target on ${isFound(shape, where)}
   cross join lateral (values ${values.length === 0 ? "(null, null, null, null)" : values.join(", ")}) as value (place, column_name, old, new)
   where ${rows} and value.place = any (string_to_array(${places}, ','))`;
};

/** Makes findings of differences; `of` are selects of a kind beside each. */
const noted = (shape: MergeShape, of: readonly string[]): string => `
  insert into ${FOUND} (n, kind, key, label, column_name, old, new)
  select n, kind, key, label, column_name, ${readableOf(shape, "column_name", "old")}, ${readableOf(shape, "column_name", "new")}
    from (${of.join(" union all ")}) as found order by n, kind, column_name`;

const ofKind = (kind: Finding["kind"], sql: string, condition = "true"): string =>
  `select '${kind}' as kind, ${kind}.* from (${sql}) as ${kind} where ${condition}`;

/** Notes old and new of values that a person has changed since they were written: those that stay, and those that do not. */
export const correctionFindings = (shape: MergeShape, where: string): string => {
  const rows = "diff.verdict in ('changed', 'equal')";
  return noted(shape, [
    ofKind("corrected", differences(shape, { rows, places: "diff.corrected", where })),
    ofKind("superseded", differences(shape, { rows, places: "diff.superseded", where })),
  ]);
};

/** Notes old and new of the rows that are held, or would be: `overruled` are those that are updated all the same. */
export const judgedFindings = (shape: MergeShape, where: string): string => {
  const kind: Finding["kind"] = shape.held?.action === "apply" ? "overruled" : "held";
  const columns = (shape.held?.columns ?? []).map((name) => literal(name));
  const changed = differences(shape, { rows: "diff.is_judged", places: "diff.changed", where });
  return noted(shape, [ofKind(kind, changed, `column_name in (${columns.join(", ")})`)]);
};

/** Notes the values that rows lose by being adopted, besides those of the key. */
export const adoptedFindings = (shape: MergeShape, where: string): string => {
  const rows = `diff.verdict = 'changed' and diff.n in (select n from ${MOVED} where kind = 'adopted')`;
  const places = "concat_ws(',', nullif(diff.changed, ''), nullif(diff.beside, ''))";
  const lost = differences(shape, { rows, places, where });
  return noted(shape, [ofKind("adopted", lost, "old is distinct from new")]);
};

/** What is refused in the end is not written. */
export const forgetRefused = `
  delete from ${FOUND} where kind in ('overruled', 'superseded', 'adopted') and n not in (select ${NUMBER} from ${STAGE})`;

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
