/** Statements that only the SQL function needs: how rows come from the stage's table into those of the merge. */

import { quotedList } from "../names.ts";
import type { MergeFunction } from "./function.ts";
import { probeColumns, stageColumns } from "./stage-columns.ts";
import { NUMBER, PROBE, STAGE } from "./temporary.ts";

/** The rows of a part into the probe; `$1` is the part. */
export const fillProbe = ({ shape, stageSql }: MergeFunction): string => `
  insert into ${PROBE} (${columnList(probeColumns(shape))})
  select ${columnList(probeColumns(shape))} from ${stageSql}
   where ${NUMBER} in (select n from pg_temp.runner_part where part is not distinct from $1)`;

/** Rows that may differ from the target; `$1` are their numbers. */
export const fillStage = ({ shape, stageSql }: MergeFunction): string => `
  insert into ${STAGE} (${columnList(stageColumns(shape))})
  select ${columnList(stageColumns(shape))} from ${stageSql} where ${NUMBER} in (select unnest($1::integer[]))`;

const columnList = (columns: readonly { readonly name: string }[]): string =>
  quotedList(columns.map(({ name }) => name));
