/** Statements that only the SQL function needs: how rows come from the stage's table into those of the merge. */

import { quoted, quotedList } from "../names.ts";
import type { Identity } from "./adopt-sql.ts";
import type { MergeFunction } from "./function.ts";
import type { MergeShape } from "./shape.ts";
import { examples, HELD_ROWS, literal } from "./sql.ts";
import { NUMBER, PROBE, probeColumns, STAGE, stageColumns } from "./temporary.ts";

/** The rows of a part into the probe; `$1` is the part. */
export const fillProbe = ({ shape, stageSql }: MergeFunction): string => `
  insert into ${PROBE} (${columnList(probeColumns(shape))})
  select ${columnList(probeColumns(shape))} from ${stageSql}
   where ${NUMBER} in (select n from pg_temp.runner_part where part is not distinct from $1)`;

/** Rows that may differ from the target; `$1` are their numbers. */
export const fillStage = ({ shape, stageSql }: MergeFunction): string => `
  insert into ${STAGE} (${columnList(stageColumns(shape))})
  select ${columnList(stageColumns(shape))} from ${stageSql} where ${NUMBER} in (select unnest($1::integer[]))`;

/** The conditions on the target that `narrowing` makes, of the values that the key's columns have throughout. */
export const narrowed = ({ key }: MergeShape): string =>
  `select concat(${key
    .map(({ name }) => {
      const column = quoted(name);
      return `case when min(${column}::text) = max(${column}::text) then ' and target.${column} = ' || quote_literal(min(${column}::text)) end`;
    })
    .join(", ")}) from ${PROBE}`;

/** Stores old and new of the rows that are held: `$1` is the run, `$2` the flow. */
export const heldFindings = (shape: MergeShape, where: string): string => {
  const columns = shape.columns.filter(({ target }) => shape.held?.columns.includes(target.name));
  const changes = columns.map(
    ({ target }, n) => `(${literal(target.name)}, held.old${n}, held.new${n})`,
  );
  return `
  insert into runner.finding (run, flow, kind, key, column_name, old, new)
  select $1, $2, 'held', held.key, change.name, change.old, change.new
    from (${examples(shape, columns, { rows: HELD_ROWS, where, most: "all" })}) as held
    cross join lateral (values ${changes.join(", ")}) as change (name, old, new)
   where change.old is distinct from change.new`;
};

/**
 * Stores what `movedFindings` tells of rows that get another key; `$1` is the run, `$2` the flow, `rows` a table with a
 * condition, which has `row_key` where rows are told apart by their primary key (`identity`).
 */
export const movedFindingsSql = (
  { key }: MergeShape,
  kind: "adopted" | "adoptable" | "rekeyed",
  { rows, identity = [] }: { rows: string; identity?: Identity },
): string => {
  const parts = [
    ...identity.map(
      ({ name }, n) => `(true, ${literal(name)}, row_key[${n + 1}], row_key[${n + 1}])`,
    ),
    ...key.map(({ name }, n) => `(false, ${literal(name)}, old_key[${n + 1}], new_key[${n + 1}])`),
  ];
  return `
  insert into runner.finding (run, flow, kind, key, column_name, old, new)
  select $1, $2, ${literal(kind)}, array_to_string(new_key, ', '), part.name, part.old, part.new
    from (select * from ${rows}) as moved
    cross join lateral (values ${parts.join(", ")}) as part (stays, name, old, new)
   where part.stays or part.old is distinct from part.new`;
};

const columnList = (columns: readonly { readonly name: string }[]): string =>
  quotedList(columns.map(({ name }) => name));
