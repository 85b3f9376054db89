-- Rows of the pipeline's data sets that came by another way, which `adopt` may match. The data sets are those that
-- the query names, or that an archive describes: `runner doctor` hands them over in the setting runner.known.
with wanted as (
  select id_dataset from gn_meta.t_datasets
   where unique_dataset_id::text in (
     select record ->> 'uuid'
       from jsonb_array_elements(coalesce(nullif(current_setting('runner.known', true), ''), '{}')::jsonb -> 'datasets') as record)
),
counts as (
  select count(*) as rows,
         count(*) filter (where digital_proof ~ '/observations/\d+' or entity_source_pk_value ~ '^\d+$') as marked
    from gn_synthese.synthese
   where id_dataset in (select id_dataset from wanted)
     and (entity_source_pk_value is null
          or id_source is distinct from (select id_source from gn_synthese.t_sources where name_source = 'GBIF'))
)
select case when rows = 0 then 'ok' else 'warning' end as level,
       case
         when rows = 0 then 'No row of these data sets came by another way.'
         else format('Rows of these data sets that came by another way: %s (with a number or an observation''s link: %s). '
                     '`adopt: report` (the default) lists those that are a record''s and leaves them alone, `adopt: apply` makes them the pipeline''s: see `runner plan`.', rows, marked)
       end as message
  from counts where exists (select from wanted);
