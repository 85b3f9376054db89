import { keyDiffers, type RunnerError } from "../core/errors.ts";
import type { Session } from "../core/session.ts";
import type { TargetTable } from "./catalog.ts";
import type { TableShape } from "./create-table.ts";
import { quotedList } from "./names.ts";

/** Of `pg_index`: unique indexes of table `$1` on columns among `$2`, none of them an expression. */
export const UNIQUE_AMONG = `indrelid = to_regclass($1) and indisunique and indisvalid and indexprs is null
        and (select bool_and(attname = any ($2)) from pg_attribute
              where attrelid = indrelid and attnum = any (indkey[0:indnkeyatts - 1]))`;

/**
 * What is to be said of a table that is there without the primary key that is declared: nothing adds it, and rows
 * that are twice are not refused. Any unique index on columns of the key does the same.
 */
export const differingKey = async (
  session: Session,
  { name, sql }: TargetTable,
  { primary_key: key }: TableShape,
): Promise<RunnerError | undefined> => {
  if (key === undefined) return undefined;
  const { count } = await session.query(
    `select from pg_index where indpred is null and ${UNIQUE_AMONG}`,
    [sql, key],
  );
  if (count > 0) return undefined;
  return keyDiffers(name, key, `alter table ${sql} add primary key (${quotedList(key)});`);
};
