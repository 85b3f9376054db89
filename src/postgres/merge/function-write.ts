/** What `write` does with staged rows, in the body of the SQL function. */

import { rowsSuppressed } from "../../core/errors.ts";
import { judging } from "../one-by-one.ts";
import { compare } from "./compare-sql.ts";
import { forgetOverruled, judgedFindings } from "./findings-sql.ts";
import { dollar, message, quietly, WHERE } from "./function-quote.ts";
import { DONE, judgedSteps } from "./refusals-sql.ts";
import type { MergeShape } from "./shape.ts";
import { statementText, stepsText } from "./steps.ts";
import { DIFF } from "./temporary.ts";
import * as sql from "./write-sql.ts";

/** Stand in statements for what is known only when they run, as `WHERE` does. */
const SET = "{{set}}";
const CHANGED = "{{changed}}";
const BESIDE = "{{beside}}";
const SUSPECTS = "{{suspects}}";
const ONE = "{{one}}";

/** Compares the staged rows, updates by groups of the same columns, and inserts. */
export const writing = (shape: MergeShape): string => `
        execute ${statementText(compare(shape, WHERE))};
        execute ${dollar(sql.tally)} into v_tally;
${shape.held ? `        if v_tally.judged > 0 then execute ${statementText(judgedFindings(shape, WHERE))}; end if;` : ""}
        v_updated := v_tally.moved;
        v_unchanged := v_unchanged + v_tally.equal - v_tally.moved;
        for v_work in execute ${dollar(`${groupsAndNew(shape)}`)} loop
          if v_work.changed is null then
            v_statement := ${dollar(sql.insert(shape, sql.NEW_ROWS))};
            v_suspects := ${dollar(sql.NEW_SUSPECTS)};
            v_one := ${dollar(sql.insert(shape, sql.SUSPECT))};
          else
            v_statement := replace(${updateText(shape, sql.OF_GROUP)}, '${SET}', v_work.assignments);
            v_suspects := replace(replace(${dollar(sql.groupSuspects(CHANGED, BESIDE))}, '${CHANGED}', v_work.changed), '${BESIDE}', v_work.beside);
            v_one := replace(${updateText(shape, sql.SUSPECT)}, '${SET}', v_work.assignments);
          end if;
${writingRows(shape)}
          if v_work.changed is null then
            v_inserted := v_inserted + v_done;
          else
            v_updated := v_updated + v_done;
          end if;
        end loop;
        execute ${dollar(forgetOverruled)};`;

/** The groups of the rows to update; and those to insert, without `changed`. */
const groupsAndNew = (shape: MergeShape): string => `
          select changed, beside, rows, assignments from (${sql.groups(shape)}) as changes
           union all
          select null, null, count(*)::integer, null from ${DIFF} where verdict = 'new' having count(*) > 0`;

const updateText = (shape: MergeShape, rows: string): string =>
  statementText(sql.update(shape, SET, { rows, where: WHERE }));

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
