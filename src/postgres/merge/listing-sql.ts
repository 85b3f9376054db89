import { quoted } from "../names.ts";
import { differences } from "./findings-sql.ts";
import { keyText } from "./key-sql.ts";
import { labelQuery, readable, readableOf } from "./labels.ts";
import type { MergeShape } from "./shape.ts";
import { LISTED, NUMBER, ROW, STAGE } from "./temporary.ts";
import { NEW_ROWS } from "./write-sql.ts";

/** Old and new of all columns for which rows are to be updated; `where` narrows the target. */
export const listUpdates = (shape: MergeShape, where: string): string => {
  const places = "concat_ws(',', nullif(diff.changed, ''), nullif(diff.beside, ''))";
  return `
  insert into ${LISTED} (n, key, label, column_name, old, new)
  ${differences(shape, { rows: "diff.verdict = 'changed'", places, where })}`;
};

/** Rows that the server refused are not staged any more. `$1` is the run, `$2` the flow. */
export const keepListed = (shape: MergeShape): string => `
  insert into runner.finding (run, flow, kind, key, label, column_name, old, new)
  select $1, $2, 'updated', key, label, column_name,
         ${readableOf(shape, "column_name", "old")}, ${readableOf(shape, "column_name", "new")}
    from ${LISTED}
   where n in (select ${NUMBER} from ${STAGE})`;

/** The new rows with what was given of them, without the JSON columns, which may be long. `$1` is the run, `$2` the flow. */
export const inserted = (shape: MergeShape): string => {
  const given = shape.columns
    .filter(({ json }) => !json)
    .map(({ target }) => {
      const value = `fresh.${quoted(target.name)}`;
      const isLabelled = labelQuery(shape.labels, target.name) !== undefined;
      return isLabelled
        ? `${readable(shape, target, `${value}::text`)} as ${quoted(target.name)}`
        : value;
    });
  const row =
    given.length === 0
      ? "null"
      : `(select json_strip_nulls(row_to_json(given))::text from (select ${given.join(", ")}) as given)`;
  return `
  insert into runner.finding (run, flow, kind, key, column_name, old, new)
  select $1, $2, 'inserted', ${keyText(shape, "fresh")}, null, null, ${row}
    from ${ROW} as fresh where ${NEW_ROWS}`;
};
