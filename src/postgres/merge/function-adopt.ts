/** `adopt` in the body of the SQL function: the steps of `settleAdopted`. */

import { AS_IT_WAS, adoptable, ambiguous, WHOLE } from "./adopt.ts";
import { type Adopt, adoptSql, adoptTables } from "./adopt-sql.ts";
import type { MergeFunction } from "./function.ts";
import { dollar, WHERE } from "./function-quote.ts";
import { movedFindingsSql } from "./function-sql.ts";
import { literal } from "./sql.ts";
import { ADOPTABLE, FRESH, NUMBER, STAGE } from "./temporary.ts";

/** Rows of the target that records of a part may be. */
const MATCH = "pg_temp.runner_match";
const IS_SURE = "rows = 1 and records = 1";

/** The temporary tables besides those of any merge. */
export const adoptTemporary = ({ shape, adopt }: MergeFunction): string =>
  adopt === undefined
    ? ""
    : `${adoptTables(shape, adopt)}
    drop table if exists ${MATCH};
    create temporary table runner_match (n integer, rank integer, row_key text[], old_key text[], new_key text[], rows integer, records integer);`;

/** Sets aside, or gives rows of another origin the key of their records, whose numbers go into `v_moved`. */
export const adopting = ({ shape, adopt }: MergeFunction): string => {
  if (adopt === undefined) return "";
  const sql = adoptSql(shape, adopt, WHERE);
  const { action } = adopt.option;
  return `
        execute 'truncate ${FRESH}; ${WHOLE}';
        execute replace(${dollar(sql.fresh)}, '${WHERE}', v_where);
        execute '${AS_IT_WAS}';
        execute replace(${dollar(sql.load)}, '${WHERE}', v_where);
        execute 'truncate ${MATCH}';
        execute replace(${dollar(`insert into ${MATCH} select * from (${sql.matches}) as matches`)}, '${WHERE}', v_where);
${action === "report" ? reporting(shape, adopt) : applying(shape, adopt, sql.apply())}`;
};

const reporting = (shape: MergeFunction["shape"], adopt: Adopt): string => `
        execute ${dollar(`${setAsideUnsure(adopt, `not (${IS_SURE})`)}`)};
        execute ${dollar(setAsideSure(adopt))};
        execute ${dollar(movedFindingsSql(shape, "adoptable", { rows: `${MATCH} where ${IS_SURE}`, identity: adopt.identity }))} using v_run, v_staged.flow;
        execute 'delete from ${STAGE} where ${NUMBER} in (select n from ${MATCH})';`;

const applying = (shape: MergeFunction["shape"], adopt: Adopt, apply: string): string => {
  const { identity } = adopt;
  const rowKeys = identity.map((_, index) => `k${index + 1}`);
  const arrays = rowKeys.map(
    (name, index) => `array_agg(row_key[${index + 1}] order by n) as ${name}`,
  );
  return `
        execute ${dollar(`select array_agg(n order by n) as n, ${arrays.join(", ")} from ${MATCH} where ${IS_SURE}`)} into v_work;
        if v_work.n is not null then
          for v_row in execute replace(${dollar(apply)}, '${WHERE}', v_where) using v_work.n, ${rowKeys.map((name) => `v_work.${name}`).join(", ")} loop
            v_moved := v_moved || v_row.n;
          end loop;
        end if;
        v_adopted := v_adopted + cardinality(v_moved);
        execute ${dollar(setAsideUnsure(adopt, "n <> all ($1)"))} using v_moved;
        execute ${dollar(movedFindingsSql(shape, "adopted", { rows: `${MATCH} where n = any ($3)`, identity }))} using v_run, v_staged.flow, v_moved;
        execute 'delete from ${STAGE} where ${NUMBER} in (select n from ${MATCH} where n <> all ($1))' using v_moved;`;
};

const matchedBy = ({ option }: Adopt): string =>
  `(array[${option.match.map(({ row }) => literal(row)).join(", ")}])[min(rank) + 1]`;

/** How people look a row up, of its primary key. */
const rowText = ({ identity }: Adopt): string =>
  `concat_ws(', ', ${identity.map(({ name }, index) => `${literal(`${name} `)} || row_key[${index + 1}]`).join(", ")})`;

/** The messages are those of the sink, as texts for `format`. */
const setAsideUnsure = (adopt: Adopt, which: string): string => {
  const { code, message } = ambiguous({ rows: "%2$s", by: "%1$s" });
  return `
          insert into pg_temp.runner_refused
          select n, ${literal(code)}, format(${literal(message)}, ${matchedBy(adopt)}, string_agg(${rowText(adopt)}, '; ' order by row_key))
            from ${MATCH} where ${which} group by n`;
};

const setAsideSure = (adopt: Adopt): string => {
  const { code, message } = adoptable({ row: "%s", key: "%s", by: "%s" });
  return `
          insert into pg_temp.runner_refused
          select n, ${literal(code)}, format(${literal(message)}, min(${rowText(adopt)}), array_to_string(min(old_key), ', ', '(empty)'), ${matchedBy(adopt)})
            from ${MATCH} where ${IS_SURE} group by n`;
};

/** Drops them again. */
export const adoptEnd = `drop table if exists ${MATCH}, ${FRESH}, ${ADOPTABLE};`;
