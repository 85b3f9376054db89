/** The statements that remember what was written into each column, and ask for it. */

import { quoted, quotedList } from "../names.ts";
import { isFound } from "./compare-sql.ts";
import { keyOf, sameKey } from "./key-sql.ts";
import type { MergeParts } from "./merge.ts";
import type { MergeShape } from "./shape.ts";
import type { Step } from "./steps.ts";
import { DIFF, MOVED, NUMBER, STAGE } from "./temporary.ts";
import { hashOf, writtenColumns } from "./written.ts";

/** What an `insert` or `update` has written into `target` is remembered; `sql` is without `returning`. */
export const remembering = (
  shape: MergeShape,
  written: string | undefined,
  { kind, sql }: { kind: "insert" | "update"; sql: string },
): string => {
  if (written === undefined) return sql;
  const all = names(shape);
  return `
  with done as (${sql} returning ${values(shape, kind).join(", ")})
  insert into ${written} (${all}) select ${all} from done ${orReplace(shape)}`;
};

/** Rows that are equal, and never were written: they could be the merge's own. `where` narrows the target. */
export const rememberEqual = (shape: MergeShape, written: string, where: string): string => `
  insert into ${written} (${names(shape)})
  select ${values(shape, "insert").join(", ")}
    from ${DIFF} as diff join ${STAGE} as fresh on fresh.${NUMBER} = diff.n
    join ${shape.table.sql} as target on ${isFound(shape, where)}
   where diff.verdict = 'equal' and not exists (select from ${written} as was where ${sameKey(shape, "was", "fresh")})
  ${orReplace(shape)}`;

/**
 * Rows that get another key (`kind` in `MOVED`): what was written into a row that had this key once, and is gone, says
 * nothing of them.
 */
export const forgetWritten = (
  { shape, written }: Pick<MergeParts, "shape" | "written">,
  kind: "adopted" | "rekeyed",
): Step[] =>
  written === undefined
    ? []
    : [
        {
          sql: `
  delete from ${written} as was using ${STAGE} as fresh
   where fresh.${NUMBER} in (select n from ${MOVED} where kind = '${kind}') and ${sameKey(shape, "was", "fresh")}`,
        },
      ];

const names = (shape: MergeShape): string =>
  quotedList([...shape.key, ...writtenColumns(shape)].map(({ name }) => name));

/** The key and the hashes of the row; of a value that a person has corrected, that of what was written. */
const values = (shape: MergeShape, kind: "insert" | "update"): string[] => [
  keyOf(shape, "target"),
  ...writtenColumns(shape).map((target) => {
    const column = quoted(target.name);
    const now = hashOf("target", target);
    if (kind === "insert") return `${now} as ${column}`;
    const place = shape.columns.findIndex((one) => one.target === target);
    const isCorrected = `diff.corrected <> '' and '${place}' = any (string_to_array(diff.corrected, ','))`;
    return `case when ${isCorrected} then was.${column} else ${now} end as ${column}`;
  }),
];

const orReplace = (shape: MergeShape): string => {
  const columns = writtenColumns(shape).map(({ name }) => quoted(name));
  const key = quotedList(shape.key.map(({ name }) => name));
  return `on conflict (${key}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`;
};
