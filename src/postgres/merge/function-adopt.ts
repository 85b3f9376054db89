/** `adopt` in the body of the SQL function: the steps of `settleAdopted`. */

import { adoptable, ambiguous } from "./adopt.ts";
import { type Adopt, adoptSql, adoptTables } from "./adopt-sql.ts";
import type { MergeFunction } from "./function.ts";
import { dollar, WHERE } from "./function-quote.ts";
import { movedFindingsSql } from "./function-sql.ts";
import { literal } from "./sql.ts";
import { ADOPTABLE, NUMBER, STAGE } from "./temporary.ts";

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
        execute replace(${dollar(sql.load)}, '${WHERE}', v_where);
        execute 'truncate ${MATCH}';
        execute replace(${dollar(`insert into ${MATCH} select * from (${sql.matches}) as matches`)}, '${WHERE}', v_where);
${action === "report" ? reporting(shape, adopt) : applying(shape, adopt, sql.apply())}`;
};

const reporting = (shape: MergeFunction["shape"], { option }: Adopt): string => `
        execute ${dollar(`${setAsideUnsure(option, `not (${IS_SURE})`)}`)};
        execute ${dollar(setAsideSure(option))};
        execute ${dollar(movedFindingsSql(shape, "adoptable", `${MATCH} where ${IS_SURE}`))} using v_run, v_staged.flow;
        execute 'delete from ${STAGE} where ${NUMBER} in (select n from ${MATCH})';`;

const applying = (
  shape: MergeFunction["shape"],
  { option, identity }: Adopt,
  apply: string,
): string => {
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
        execute ${dollar(setAsideUnsure(option, "n <> all ($1)"))} using v_moved;
        execute ${dollar(movedFindingsSql(shape, "adopted", `${MATCH} where n = any ($3)`))} using v_run, v_staged.flow, v_moved;
        execute 'delete from ${STAGE} where ${NUMBER} in (select n from ${MATCH} where n <> all ($1))' using v_moved;`;
};

/** The messages are those of the sink; what they tell of a record stands for itself in a \`format\`. */
const PLACEHOLDER = { match: [{ row: "%s", record: "" }] };

const matchedBy = ({ match }: Adopt["option"]): string =>
  `(array[${match.map(({ row }) => literal(row)).join(", ")}])[min(rank) + 1]`;

const setAsideUnsure = (option: Adopt["option"], which: string): string => {
  const { code, message } = ambiguous([{ row: ["%s"], rank: 0 }], PLACEHOLDER);
  return `
          insert into pg_temp.runner_refused
          select n, ${literal(code)}, format(${literal(message)}, ${matchedBy(option)}, string_agg(array_to_string(row_key, ', '), '; ' order by row_key))
            from ${MATCH} where ${which} group by n`;
};

const setAsideSure = (option: Adopt["option"]): string => {
  const { code, message } = adoptable({ old_key: ["%s"], rank: 0 }, PLACEHOLDER);
  return `
          insert into pg_temp.runner_refused
          select n, ${literal(code)}, format(${literal(message)}, array_to_string(min(old_key), ', ', '(empty)'), ${matchedBy(option)})
            from ${MATCH} where ${IS_SURE} group by n`;
};

/** Drops them again. */
export const adoptEnd = `drop table if exists ${MATCH}, ${ADOPTABLE};`;
