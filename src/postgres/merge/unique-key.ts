import { keyNotUnique } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";
import { UNIQUE_AMONG } from "../differing-key.ts";
import { quotedList } from "../names.ts";
import type { MergeShape } from "./shape.ts";

/** What makes sure that a key has one row at most. */
export interface UniqueKey {
  /** For a partial index: its condition on the key's columns; undefined when the whole table is covered. */
  readonly condition: string | undefined;
}

/**
 * The unique index behind a key: over the key's columns or some of them, whole or partial (as where one
 * source's rows alone are unique). Throws `key_not_unique`: the merge would update rows it cannot tell apart.
 */
export const uniqueKey = async (session: Session, shape: MergeShape): Promise<UniqueKey> => {
  const names = shape.key.map(({ name }) => name);
  const { rows } = await session.query<{ condition: string | null }>(
    `select pg_get_expr(indpred, indrelid) as condition
       from pg_index
      where ${UNIQUE_AMONG}
        and not exists (
          select from pg_depend join pg_attribute on attrelid = refobjid and attnum = refobjsubid
           where indpred is not null and classid = 'pg_class'::regclass and objid = indexrelid
             and refclassid = 'pg_class'::regclass and refobjid = indrelid and not attname = any ($2))
      order by indpred is not null limit 1`,
    [shape.table.sql, names],
  );
  const [found] = rows;
  if (found) return { condition: found.condition ?? undefined };
  const views = await session.query(
    "select from pg_class where oid = to_regclass($1) and relkind = 'v'",
    [shape.table.sql],
  );
  const statement = `create unique index concurrently on ${shape.table.sql} (${quotedList(names)});`;
  throw keyNotUnique(shape.table.name, names, views.count > 0 ? undefined : statement);
};
