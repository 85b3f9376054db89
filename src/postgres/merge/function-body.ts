/**
 * The body of the SQL function that merges a stage: the steps of `chunkMerger` in plpgsql, around the very
 * statements that it sends. A part of the stage (a data set) is what a chunk is there.
 */

import {
  type RunnerError,
  rowsSuppressed,
  stageBusy,
  stageEmpty,
  stageOvertaken,
  stagePartEmpty,
  stageStale,
  stageVersion,
} from "../../core/errors.ts";
import { judging } from "../one-by-one.ts";
import { CONDITIONS } from "../sqlstate.ts";
import type { MergeFunction } from "./function.ts";
import { adoptEnd, adopting, adoptTemporary } from "./function-adopt.ts";
import { dollar, WHERE } from "./function-quote.ts";
import { fillProbe, fillStage, heldFindings, movedFindingsSql, narrowed } from "./function-sql.ts";
import * as sql from "./sql.ts";
import { DIFF, dropTemporary, NUMBER, PROBE, STAGE, temporaryTables } from "./temporary.ts";
import { conflictReason } from "./unique-conflicts.ts";

/** Stand in statements for what is known only when they run, as `WHERE` does. */
const SET = "{{set}}";
const CHANGED = "{{changed}}";
const BESIDE = "{{beside}}";
const SUSPECTS = "{{suspects}}";
const ONE = "{{one}}";

/** A message in which `%s` stand for what plpgsql knows. */
const message = ({ message: text }: Error, ...values: readonly string[]): string =>
  values.length === 0 ? dollar(text) : `format(${[dollar(text), ...values].join(", ")})`;

/** The message of an error, and where it is explained. */
const told = (error: RunnerError, ...values: readonly string[]): string =>
  `message = ${message(error, ...values)}, hint = ${dollar(`runner explain ${error.code}`)}`;

/** Without PostgreSQL's notices that what is dropped is not there; those of triggers, and ours, come through. */
const quietly = (statement: string): string =>
  `perform set_config('client_min_messages', 'warning', true);
    ${statement}
    perform set_config('client_min_messages', v_messages, true);`;

/** What the function's body is made of, from `declare` to `end`. */
export const functionBody = (merge: MergeFunction): string => `
#variable_conflict use_column
declare
${constants(merge)}
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
  v_held integer;
  v_rekeyed integer := 0;
  v_adopted integer := 0;
  v_keyed integer[];
  v_added integer;
  v_equal integer[];
  v_moved integer[];
  v_duplicates integer[];
  v_candidates integer[];
  v_refused integer[];
  v_done integer;
  v_statement text;
  v_suspects text;
  v_one text;
  v_result jsonb := '[]';
  v_messages constant text := current_setting('client_min_messages');
begin
${checks(merge)}
  begin
${beginning(merge)}
    for v_part in execute q_parts loop
${onePart(merge)}
    end loop;
${ending(merge)}
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

const constants = (merge: MergeFunction): string => {
  const { shape, track } = merge;
  const text = (name: string, statement: string) =>
    `  ${name} constant text := ${dollar(statement)};`;
  const where = WHERE;
  return [
    text("q_temporary", `${temporaryTables(shape, track)}${adoptTemporary(merge)}${MORE_TABLES}`),
    text("q_parts", "select part from pg_temp.runner_part group by part order by min(n)"),
    text("q_probe", fillProbe(merge)),
    text("q_where", narrowed(shape)),
    text("q_verdicts", sql.verdicts(shape, track, where)),
    text("q_keys", sql.keysOf(shape)),
    text("q_touch", sql.touchTrack(shape, track)),
    text("q_stage", fillStage(merge)),
    ...(shape.unique
      ? [
          text(
            "q_conflicts",
            `insert into pg_temp.runner_conflict select n, value, key, old_key, new_key, is_own, is_seen, row_number() over (partition by value order by n) from (${sql.uniqueConflicts(shape, shape.unique, { track, where })}) as conflict`,
          ),
          text("q_forget", sql.rekey(shape, shape.unique.column, track).forget),
          text("q_rekey", sql.rekey(shape, shape.unique.column, track).update),
        ]
      : []),
    text("q_compare", sql.compare(shape, where)),
    text("q_tally", sql.tally),
    text(
      "q_work",
      `select changed, beside, rows from (${sql.groups}) as changes union all select null, null, count(*)::integer from ${DIFF} where verdict = 'new' having count(*) > 0`,
    ),
    text("q_update", sql.updateSetting(shape, SET, { rows: sql.OF_GROUP, where })),
    text("q_update_one", sql.updateSetting(shape, SET, { rows: sql.SUSPECT, where })),
    text("q_update_suspects", sql.groupSuspects(CHANGED, BESIDE)),
    text("q_insert", sql.insert(shape, sql.NEW_ROWS)),
    text("q_insert_one", sql.insert(shape, sql.SUSPECT)),
    text("q_insert_suspects", sql.NEW_SUSPECTS),
    text("q_judge", judging(SUSPECTS, ONE)),
    text("q_remember", sql.remember(shape, track, false)),
    ...(shape.held ? [text("q_held", heldFindings(shape, where))] : []),
    `  -- How each column is assigned in an update, by its number.`,
    `  c_set constant text[] := array[${shape.columns.map((column) => dollar(sql.assignment(column))).join(", ")}];`,
    `  c_conditions constant jsonb := ${dollar(JSON.stringify(CONDITIONS))};`,
  ].join("\n");
};

/** The parts of the stage's rows; rows whose unique value the target has; and those that are set aside. */
const MORE_TABLES = `
    drop table if exists pg_temp.runner_part, pg_temp.runner_conflict, pg_temp.runner_refused;
    create temporary table runner_conflict (n integer, value text, key text, old_key text[], new_key text[], is_own boolean, is_seen boolean, nth bigint);
    create temporary table runner_refused (n integer, code text, message text);`;

const checks = ({ shape, track, stage, lock, stageSql, keyJoin }: MergeFunction): string => `
  if not pg_try_advisory_xact_lock(hashtextextended(${sql.literal(`runner:${lock.key}`)}, 0)) then
    raise exception using errcode = 'lock_not_available', ${told(stageBusy(lock.name))};
  end if;
  if to_regclass(${sql.literal(stageSql)}) is null then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageEmpty(stage.table))};
  end if;
  select runner_run as run, runner_version as version, runner_flow as flow into v_staged from ${stageSql} limit 1;
  if not found then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageEmpty(stage.table))};
  end if;
  if v_staged.version <> ${sql.literal(shape.version)} then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageVersion(stage.table, stage.function))};
  end if;
  -- The pipeline has brought newer records, and this flow has not seen them.
  select max(flow.run) as run, max(flow.run) filter (where flow.flow = v_staged.flow) as of_flow into v_row
    from runner.flow join runner.run on run.run = flow.run
   where run.pipeline = (select pipeline from runner.run where run = v_staged.run);
  if v_row.run > greatest(v_row.of_flow, v_staged.run) then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageStale(stage.table, "%s", "%s"), "v_staged.run", "v_row.run")};
  end if;
  -- Another run has written other values since: merging would bring back the old ones.
  select max(track.run) as run into v_row
    from ${track} as track join ${stageSql} as stage on ${keyJoin}
   where track.run > v_staged.run and track.hash <> stage.runner_hash
     and not exists (select from runner.run where run.run = track.run and run.pipeline = ${sql.literal(stage.function)});
  if v_row.run is not null then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageOvertaken(stage.table, "%s", "%s"), "v_staged.run", "v_row.run")};
  end if;`;

const beginning = ({ stage, lock, stageSql, runnerVersion }: MergeFunction): string => `
    insert into runner.run (pipeline, status, version, holder, finished_at)
    values (${sql.literal(stage.function)}, 'done', ${sql.literal(runnerVersion)}, format('%s, connection %s', current_user, pg_backend_pid()), clock_timestamp())
    returning run.run into v_run;
    -- A run that lost its connection, and the lock with it, cannot commit any more.
    insert into ${lock.table} (${lock.column}, run) values (${sql.literal(lock.name)}, v_run)
    on conflict (${lock.column}) do update set run = excluded.run, renewed_at = now();
    set constraints all immediate;
    ${quietly("execute q_temporary;")}
    execute ${dollar(`create temporary table runner_part as select stage.${NUMBER} as n, ${stage.part.value} as part from ${stageSql} as stage`)};
    if ${stage.part.parameter} is not null then
      execute 'delete from pg_temp.runner_part where part is distinct from $1' using ${stage.part.parameter};
      execute 'select from pg_temp.runner_part limit 1' into v_row;
      get diagnostics v_read = row_count;
      if v_read = 0 then
        raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stagePartEmpty(stage.table, stage.part.parameter, "%s"), stage.part.parameter)};
      end if;
    end if;`;

const onePart = (merge: MergeFunction): string => `
      v_inserted := 0; v_updated := 0; v_unchanged := 0; v_held := 0;
      v_duplicates := '{}'; v_candidates := '{}'; v_moved := '{}';
      execute ${dollar(`truncate ${PROBE}, ${STAGE}, ${DIFF}, pg_temp.runner_conflict, pg_temp.runner_refused`)};
      execute q_probe using v_part;
      get diagnostics v_read = row_count;
${narrowing(merge)}
      for v_row in execute replace(q_verdicts, '${WHERE}', v_where) using v_run, ${sql.literal(merge.shape.version)} loop
        case v_row.verdict
          when 'duplicate' then v_duplicates := v_row.numbers;
          when 'candidate' then v_candidates := v_row.numbers;
          else v_unchanged := v_row.rows;
        end case;
      end loop;
      execute 'insert into pg_temp.runner_refused select n, ''duplicate_key'', format(''The key %s came before in this run.'', key) from (' || q_keys || ') as keys'
        using v_duplicates;
      execute q_touch using v_run, ${sql.literal(merge.shape.version)};
      if cardinality(v_candidates) > 0 then
        execute q_stage using v_candidates;
${adopting(merge)}${settlingUnique(merge)}
        execute replace(q_compare, '${WHERE}', v_where);
        execute q_tally into v_added, v_held, v_equal;
        select count(*) into v_updated from unnest(v_equal) as equal (n) where n = any (v_moved);
        v_unchanged := v_unchanged + cardinality(v_equal) - v_updated;
        for v_work in execute q_work loop
${writing(merge)}
          if v_work.changed is null then
            v_inserted := v_inserted + v_done;
          else
            v_updated := v_updated + v_done;
          end if;
        end loop;
        ${merge.shape.held ? `if v_held > 0 then execute replace(q_held, '${WHERE}', v_where) using v_run, v_staged.flow; end if;` : ""}
        execute q_remember using v_run, ${sql.literal(merge.shape.version)};
      end if;
${counting(merge)}`;

/** A partial index is used for literals alone: they are put into the statements. */
const narrowing = ({ shape, unique: { condition } }: MergeFunction): string =>
  condition === undefined
    ? ""
    : `
      execute ${dollar(`select from ${PROBE} where (${condition}) is not true limit 1`)} into v_row;
      get diagnostics v_done = row_count;
      if v_done > 0 then
        raise exception ${dollar(`The unique index behind the key of ${shape.table.name} covers other rows than the stage has`)};
      end if;
      execute q_where into v_where;`;

const settlingUnique = ({ shape }: MergeFunction): string => {
  const { unique } = shape;
  if (unique === undefined) return "";
  const reason = (isOwn: boolean) =>
    conflictReason({ value: "%s", key: "%s", is_own: isOwn }, unique);
  const own = reason(true);
  const other = reason(false);
  return `
        execute replace(q_conflicts, '${WHERE}', v_where) using v_run;
        execute 'select coalesce(array_agg(n), ''{}'') from pg_temp.runner_conflict where is_own and not is_seen and nth = 1' into v_keyed;
        execute ${dollar(`
          insert into pg_temp.runner_refused
          select n, case when is_own then ${sql.literal(own.code)} else ${sql.literal(other.code)} end,
                 format(case when is_own then ${dollar(own.message)} else ${dollar(other.message)} end, value, key)
            from pg_temp.runner_conflict where n <> all ($1)`)} using v_keyed;
        execute ${dollar(`delete from ${STAGE} where ${NUMBER} in (select n from pg_temp.runner_conflict where n <> all ($1))`)} using v_keyed;
        if cardinality(v_keyed) > 0 then
          execute ${dollar(movedFindingsSql(shape, "rekeyed", { rows: "pg_temp.runner_conflict where n = any ($3)" }))} using v_run, v_staged.flow, v_keyed;
          v_moved := v_moved || v_keyed;
          v_rekeyed := v_rekeyed + cardinality(v_keyed);
          execute q_forget using v_keyed, v_run;
          execute q_rekey using v_keyed;
        end if;`;
};

/** A group of rows in one statement; when the server refuses, each by itself, and what it refuses is set aside. */
const writing = ({ shape }: MergeFunction): string => `
          if v_work.changed is null then
            v_statement := q_insert; v_suspects := q_insert_suspects; v_one := q_insert_one;
          else
            select string_agg(c_set[number + 1], ', ' order by number) into v_statement
              from (select distinct regexp_split_to_table(concat_ws(',', nullif(v_work.changed, ''), nullif(v_work.beside, '')), ',')::integer) as numbers (number);
            v_one := replace(replace(q_update_one, '${WHERE}', v_where), '${SET}', v_statement);
            v_statement := replace(replace(q_update, '${WHERE}', v_where), '${SET}', v_statement);
            v_suspects := replace(replace(q_update_suspects, '${CHANGED}', v_work.changed), '${BESIDE}', v_work.beside);
          end if;
          begin
            execute v_statement using v_work.changed, v_work.beside;
            get diagnostics v_done = row_count;
          exception when others then
            if sqlstate !~ '^(22|23|P0|54)' then raise; end if;
            v_done := null;
          end;
          v_refused := '{}';
          if v_done is null then
            ${quietly(`execute replace(replace(q_judge, '${SUSPECTS}', v_suspects), '${ONE}', v_one);`)}
            for v_row in execute 'select * from pg_temp.runner_judge()' loop
              if v_row.state is null then
                v_done := v_row.row_number;
              else
                v_refused := v_refused || v_row.row_number;
                execute 'insert into pg_temp.runner_refused values ($1, $2, $3)'
                  using v_row.row_number, coalesce(c_conditions ->> v_row.state, 'sqlstate_' || lower(v_row.state)),
                        format('Postgres refused: %s%s.%s', regexp_replace(v_row.message, '\\.$', ''),
                               case when v_row.column_name <> '' and strpos(v_row.message, quote_ident(v_row.column_name)) = 0
                                    then format(' (column "%s")', v_row.column_name) else '' end,
                               case when v_row.detail <> '' then ' ' || v_row.detail else '' end);
              end if;
            end loop;
            execute ${dollar(`delete from ${STAGE} where ${NUMBER} = any ($1)`)} using v_refused;
          end if;
          if v_done + cardinality(v_refused) <> v_work.rows then
            raise exception using message = replace(${message(rowsSuppressed(shape.table.name, 0))}, ' 0 ', format(' %s ', v_work.rows - v_done - cardinality(v_refused)));
          end if;`;

const counting = ({ stage, stageSql }: MergeFunction): string => `
      execute ${dollar(`
        insert into runner.reject (run, flow, code, message, place, record)
        select $1, $2, refused.code, refused.message, ${sql.literal(`${stage.table}:`)} || refused.n, to_jsonb(stage)::text
          from pg_temp.runner_refused as refused join ${stageSql} as stage on stage.${NUMBER} = refused.n`)} using v_run, v_staged.flow;
      get diagnostics v_rejected = row_count;
      if v_read <> v_inserted + v_updated + v_unchanged + v_held + v_rejected then
        raise exception '% rows were read of %, and % inserted, % updated, % unchanged, % held, % set aside: please report this as a defect of runner.',
          v_read, coalesce(v_part::text, 'no part'), v_inserted, v_updated, v_unchanged, v_held, v_rejected;
      end if;
      v_read_all := v_read_all + v_read;
      v_result := v_result || jsonb_build_object('part', v_part, 'inserted', v_inserted, 'updated', v_updated, 'unchanged', v_unchanged, 'held', v_held, 'rejected', v_rejected);`;

const ending = (_: MergeFunction): string => `
    ${quietly(
      `execute ${dollar(`${dropTemporary()}
    ${adoptEnd}
    drop table if exists pg_temp.runner_part, pg_temp.runner_conflict, pg_temp.runner_refused;
    drop function if exists pg_temp.runner_judge();`)};`,
    )}
    insert into runner.flow (run, flow, read, inserted, updated, unchanged, held, rejected, filtered, adopted, rekeyed)
    select v_run, v_staged.flow, v_read_all, sum((part ->> 'inserted')::bigint), sum((part ->> 'updated')::bigint),
           sum((part ->> 'unchanged')::bigint), sum((part ->> 'held')::bigint), sum((part ->> 'rejected')::bigint), 0, v_adopted, v_rekeyed
      from jsonb_array_elements(v_result) as part;
    for v_row in select key, column_name, old, new from runner.finding where run = v_run and kind = 'held' order by key limit ${HELD_TOLD} loop
      raise notice 'Held: %: % % → %', v_row.key, v_row.column_name, coalesce(v_row.old, '(empty)'), coalesce(v_row.new, '(empty)');
    end loop;
    for v_row in select code, count(*) as rows, min(message) as example from runner.reject where run = v_run group by code order by code loop
      raise warning '% of % rows set aside: % (%)', v_row.rows, v_read_all, v_row.code, v_row.example;
    end loop;`;

/** Changes that were held, of so many are told old and new; all are in `runner.finding`. */
const HELD_TOLD = 20;
