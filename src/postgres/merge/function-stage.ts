/** The frame of the SQL function: what it makes sure of, how a call becomes a run, and what it tells at its end. */

import {
  stageBusy,
  stageEmpty,
  stageOvertaken,
  stagePartEmpty,
  stageStale,
  stageVersion,
} from "../../core/errors.ts";
import type { MergeFunction } from "./function.ts";
import { dollar, quietly, told } from "./function-quote.ts";
import { literal } from "./key-sql.ts";
import { lastSeen } from "./sighting.ts";
import { NUMBER } from "./temporary.ts";
import { dropTemporary, temporaryTables } from "./temporary-tables.ts";

/** Who has the lock, and whether the stage is there, of this version, and the newest. */
export const checks = (merge: MergeFunction): string => {
  const { shape, track, stage, lock, stageSql, keyJoin } = merge;
  const named = { table: stage.table, how: shape.asWritten(["mode"], "stage_only") };
  return `
  if not pg_try_advisory_xact_lock(hashtextextended(${literal(`runner:${lock.key}`)}, 0)) then
    raise exception using errcode = 'lock_not_available', ${told(stageBusy(lock.name))};
  end if;
  if to_regclass(${literal(stageSql)}) is null then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageEmpty(named))};
  end if;
  select runner_run as run, runner_version as version, runner_flow as flow into v_staged from ${stageSql} limit 1;
  if not found then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageEmpty(named))};
  end if;
  if v_staged.version <> ${literal(shape.version)} then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageVersion(named, stage.function))};
  end if;
  -- The pipeline has brought newer records, and this flow has not seen them.
  select max(flow.run) as run, max(flow.run) filter (where flow.flow = v_staged.flow) as of_flow into v_row
    from runner.flow join runner.run on run.run = flow.run
   where run.pipeline = (select pipeline from runner.run where run = v_staged.run);
  if v_row.run > greatest(v_row.of_flow, v_staged.run) then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageStale(named, "%s", "%s"), "v_staged.run", "v_row.run")};
  end if;
  -- Another run has written other values since: merging would bring back the old ones.
  select max(${lastSeen("track", merge)}) as run into v_row
    from ${track} as track join ${stageSql} as stage on ${keyJoin}
   where ${lastSeen("track", merge)} > v_staged.run and track.hash <> stage.runner_hash
     and not exists (select from runner.run where run.run = track.run and run.pipeline = ${literal(stage.function)});
  if v_row.run is not null then
    raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stageOvertaken(named, "%s", "%s"), "v_staged.run", "v_row.run")};
  end if;`;
};

/** The run of this call, its temporary tables, and the parts of the stage's rows. */
export const beginning = (merge: MergeFunction): string => {
  const { stage, lock, stageSql, runnerVersion } = merge;
  return `
    insert into runner.run (pipeline, status, version, holder, finished_at)
    values (${literal(stage.function)}, 'done', ${literal(runnerVersion)}, format('%s, connection %s', current_user, pg_backend_pid()), clock_timestamp())
    returning run.run into v_run;
    -- A run that lost its connection, and the lock with it, cannot commit any more.
    insert into ${lock.table} (${lock.column}, run) values (${literal(lock.name)}, v_run)
    on conflict (${lock.column}) do update set run = excluded.run, renewed_at = now();
    set constraints all immediate;
    ${quietly(`execute ${dollar(`${temporaryTables(merge)}\n    drop table if exists pg_temp.runner_part;`)};`)}
    execute ${dollar(`create temporary table runner_part as select stage.${NUMBER} as n, ${stage.part.value} as part from ${stageSql} as stage`)};
    if ${stage.part.parameter} is not null then
      execute 'delete from pg_temp.runner_part where part is distinct from $1' using ${stage.part.parameter};
      execute 'select from pg_temp.runner_part limit 1' into v_row;
      get diagnostics v_read = row_count;
      if v_read = 0 then
        raise exception using errcode = 'object_not_in_prerequisite_state', ${told(stagePartEmpty(stage.table, stage.part.parameter, "%s"), stage.part.parameter)};
      end if;
    end if;`;
};

/** Changes of rows that people have worked on, of so many are told old and new; all are in `runner.finding`. */
const HELD_TOLD = 20;

/** The flow of this call, and what a person should know. */
export const ending = `
    ${quietly(
      `execute ${dollar(`${dropTemporary}
    drop table if exists pg_temp.runner_part;
    drop function if exists pg_temp.runner_judge();`)};`,
    )}
    insert into runner.flow (run, flow, read, inserted, updated, unchanged, held, rejected, filtered, adopted, rekeyed)
    select v_run, v_staged.flow, v_read_all, sum((part ->> 'inserted')::bigint), sum((part ->> 'updated')::bigint),
           sum((part ->> 'unchanged')::bigint), sum((part ->> 'held')::bigint), sum((part ->> 'rejected')::bigint), 0, v_adopted, v_rekeyed
      from jsonb_array_elements(v_result) as part;
    for v_row in select kind, concat(key, ' (' || label || ')') as row, column_name, old, new from runner.finding where run = v_run and kind in ('held', 'overruled', 'superseded') order by key limit ${HELD_TOLD} loop
      raise notice '%: %: % % → %', initcap(v_row.kind), v_row.row, v_row.column_name, coalesce(v_row.old, '(empty)'), coalesce(v_row.new, '(empty)');
    end loop;
    for v_row in select code, count(*) as rows, min(message) as example from runner.reject where run = v_run group by code order by code loop
      raise warning '% of % rows set aside: % (%)', v_row.rows, v_read_all, v_row.code, v_row.example;
    end loop;`;
