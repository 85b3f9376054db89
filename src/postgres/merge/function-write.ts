/** What `write` does with staged rows, in the body of the SQL function. */

import { rowsSuppressed } from "../../core/errors.ts";
import { judging } from "../one-by-one.ts";
import { compare } from "./compare-sql.ts";
import {
  adoptedFindings,
  correctionFindings,
  forgetRefused,
  judgedFindings,
} from "./findings-sql.ts";
import { dollar, message, quietly, WHERE } from "./function-quote.ts";
import type { MergeParts } from "./merge.ts";
import { DONE, judgedSteps } from "./refusals-sql.ts";
import type { MergeShape } from "./shape.ts";
import { statementText, stepsText } from "./steps.ts";
import { DIFF } from "./temporary.ts";
import * as sql from "./write-sql.ts";
import { rememberEqual } from "./written-sql.ts";

/** Stand in statements for what is known only when they run, as `WHERE` does. */
const SET = "{{set}}";
const CHANGED = "{{changed}}";
const BESIDE = "{{beside}}";
const SUSPECTS = "{{suspects}}";
const ONE = "{{one}}";

/** Compares the staged rows, updates by groups of the same columns, and inserts. */
export const writing = (merge: Parts): string => {
  const { shape, written } = merge;
  return `
        execute ${statementText(compare(merge, WHERE))};
        execute ${dollar(sql.tally)} into v_tally;
${shape.held ? `        if v_tally.judged > 0 then execute ${statementText(judgedFindings(shape, WHERE))}; end if;` : ""}
        if v_tally.corrected > 0 then execute ${statementText(correctionFindings(shape, WHERE))}; end if;
        if v_tally.taken > 0 then execute ${statementText(adoptedFindings(shape, WHERE))}; end if;
        v_updated := v_tally.moved;
        v_unchanged := v_unchanged + v_tally.equal - v_tally.moved;
        for v_work in execute ${dollar(`${groupsAndNew(shape)}`)} loop
          if v_work.changed is null then
            v_statement := ${dollar(sql.insert(merge, sql.NEW_ROWS))};
            v_suspects := ${dollar(sql.NEW_SUSPECTS)};
            v_one := ${dollar(sql.insert(merge, sql.SUSPECT))};
          else
            v_statement := replace(${updateText(merge, sql.OF_GROUP)}, '${SET}', v_work.assignments);
            v_suspects := replace(replace(${dollar(sql.groupSuspects(CHANGED, BESIDE))}, '${CHANGED}', v_work.changed), '${BESIDE}', v_work.beside);
            v_one := replace(${updateText(merge, sql.SUSPECT)}, '${SET}', v_work.assignments);
          end if;
${writingRows(shape)}
          if v_work.changed is null then
            v_inserted := v_inserted + v_done;
          else
            v_updated := v_updated + v_done;
          end if;
        end loop;
${written === undefined ? "" : `        if v_tally.equal > 0 then execute ${statementText(rememberEqual(shape, written, WHERE))}; end if;`}
        execute ${dollar(forgetRefused)};`;
};

type Parts = Pick<MergeParts, "shape" | "written">;

/** The groups of the rows to update; and those to insert, without `changed`. */
const groupsAndNew = (shape: MergeShape): string => `
          select changed, beside, rows, assignments from (${sql.groups(shape)}) as changes
           union all
          select null, null, count(*)::integer, null from ${DIFF} where verdict = 'new' having count(*) > 0`;

const updateText = (merge: Parts, rows: string): string =>
  statementText(sql.update(merge, SET, { rows, where: WHERE }));

/** A group of rows in one statement; when the server refuses, each by itself, and what it refuses is set aside. */
const writingRows = (shape: MergeShape): string => `
          v_refused := 0;
          begin
            execute v_statement using v_work.changed, v_work.beside;
            get diagnostics v_done = row_count;
          exception when others then
            if sqlstate !~ '^(22|23|P0|54)' then raise; end if;
            v_done := null;
          end;
          if v_done is null then
            ${quietly(`execute replace(replace(${dollar(judging(SUSPECTS, ONE))}, '${SUSPECTS}', v_suspects), '${ONE}', v_one);`)}
${stepsText(judgedSteps, shape.table.name)}
            execute ${dollar(DONE)} into v_done, v_refused;
          end if;
          if v_done + v_refused <> v_work.rows then
            raise exception using message = replace(${message(rowsSuppressed(shape.table.name, 0))}, ' 0 ', format(' %s ', v_work.rows - v_done - v_refused));
          end if;`;
