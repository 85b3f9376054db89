/**
 * The body of the SQL function that merges a stage: around the very statements and steps of `chunkMerger`, its order
 * in plpgsql. A part of the stage (a data set) is what a chunk is there.
 */

import { keyOutsideIndex } from "../../core/errors.ts";
import type { MergeFunction } from "./function.ts";
import { dollar, told, WHERE } from "./function-quote.ts";
import { fillProbe, fillStage } from "./function-sql.ts";
import { beginning, checks, ending } from "./function-stage.ts";
import { writing } from "./function-write.ts";
import { literal } from "./key-sql.ts";
import { narrowed, outsideIndex } from "./narrowing.ts";
import { refuseDuplicates, remember, touchTrack, verdicts } from "./probe-sql.ts";
import { MOVED_COUNTS, settleSteps } from "./settle.ts";
import { statementText, stepsText } from "./steps.ts";
import { FOUND, NUMBER, PROBE, REFUSED } from "./temporary.ts";
import { emptyTemporary } from "./temporary-tables.ts";

/** What the function's body is made of, from `declare` to `end`. */
export const functionBody = (merge: MergeFunction): string => `
#variable_conflict use_column
declare
  v_version constant text := ${literal(merge.shape.version)};
  v_staged record;
  v_run bigint;
  v_part ${merge.stage.part.type};
  v_where text := '';
  v_row record;
  v_work record;
  v_read bigint;
  v_read_all bigint := 0;
  v_rejected bigint;
  v_inserted bigint;
  v_updated bigint;
  v_unchanged bigint;
  v_tally record;
  v_rekeyed integer := 0;
  v_adopted integer := 0;
  v_candidates integer[];
  v_done integer;
  v_refused integer;
  v_expected integer;
  v_statement text;
  v_suspects text;
  v_one text;
  v_result jsonb := '[]';
  v_messages constant text := current_setting('client_min_messages');
begin
${checks(merge)}
  begin
${beginning(merge)}
    for v_part in execute 'select part from pg_temp.runner_part group by part order by min(n)' loop
${onePart(merge)}
    end loop;
${ending}
    if p_dry_run then
      raise exception using errcode = 'RUN00';
    end if;
  exception when sqlstate 'RUN00' then
    -- The block is undone; what was counted is not.
    null;
  end;
  return query
    select (part ->> 'part')::${merge.stage.part.type}, (part ->> 'inserted')::bigint, (part ->> 'updated')::bigint,
           (part ->> 'unchanged')::bigint, (part ->> 'held')::bigint
      from jsonb_array_elements(v_result) as part;
end `;

const onePart = (merge: MergeFunction): string => `
      v_inserted := 0; v_updated := 0; v_unchanged := 0; v_candidates := '{}';
      select 0 as added, 0 as held, 0 as judged, 0 as equal, 0 as moved, 0 as corrected into v_tally;
      execute ${dollar(emptyTemporary)};
      execute ${dollar(fillProbe(merge))} using v_part;
      get diagnostics v_read = row_count;
${asking(merge)}
      if cardinality(v_candidates) > 0 then
        execute ${dollar(fillStage(merge))} using v_candidates;
${merging(merge)}
      end if;
${counting(merge)}`;

/** Which rows are unchanged, and which are to be merged; those whose key came before are set aside. */
const asking = (merge: MergeFunction): string => {
  const {
    shape,
    unique: { condition },
  } = merge;
  return `
${condition === undefined ? "" : narrowing(shape, condition)}
      for v_row in execute ${statementText(verdicts(merge, WHERE))} using v_run, v_version loop
        case v_row.verdict
          when 'duplicate' then execute ${dollar(refuseDuplicates(shape))} using v_row.numbers;
          when 'candidate' then v_candidates := v_row.numbers;
          else v_unchanged := v_row.rows;
        end case;
      end loop;
      execute ${dollar(touchTrack(merge))} using v_run, v_version;`;
};

/** A partial index is used for literals alone: they are put into the statements. */
const narrowing = (shape: MergeFunction["shape"], condition: string): string => `
      execute ${dollar(outsideIndex(condition, PROBE))};
      get diagnostics v_done = row_count;
      if v_done > 0 then
        raise exception using ${told(keyOutsideIndex(shape.table.name, condition))};
      end if;
      execute ${dollar(narrowed(shape, PROBE))} into v_where;`;

const merging = (merge: MergeFunction): string => `
${stepsText(settleSteps(merge, WHERE), merge.shape.table.name)}
${writing(merge)}
        execute ${dollar(remember(merge.shape, merge.track, false))} using v_run, v_version;
        execute ${dollar(MOVED_COUNTS)} into v_row;
        v_adopted := v_adopted + v_row.adopted;
        v_rekeyed := v_rekeyed + v_row.rekeyed;
        execute ${dollar(`
          insert into runner.finding (run, flow, kind, key, label, column_name, old, new)
          select $1, $2, kind, key, label, column_name, old, new from ${FOUND} order by id`)} using v_run, v_staged.flow;`;

const counting = ({ stage, stageSql }: MergeFunction): string => `
      execute ${dollar(`
        insert into runner.reject (run, flow, code, message, place, record)
        select $1, $2, refused.code, refused.message, ${literal(`${stage.table}:`)} || refused.n, to_jsonb(stage)::text
          from ${REFUSED} as refused join ${stageSql} as stage on stage.${NUMBER} = refused.n order by refused.n`)} using v_run, v_staged.flow;
      get diagnostics v_rejected = row_count;
      if v_read <> v_inserted + v_updated + v_unchanged + v_tally.held + v_rejected then
        raise exception '% rows were read of %, and % inserted, % updated, % unchanged, % held, % set aside: please report this as a defect of runner.',
          v_read, coalesce(v_part::text, 'no part'), v_inserted, v_updated, v_unchanged, v_tally.held, v_rejected;
      end if;
      v_read_all := v_read_all + v_read;
      v_result := v_result || jsonb_build_object('part', v_part, 'inserted', v_inserted, 'updated', v_updated, 'unchanged', v_unchanged, 'held', v_tally.held, 'rejected', v_rejected);`;
