-- Of the rows that came by another way, those that `adopt` would match to a staged record: by its uuid, its gbifID, or
-- iNaturalist's number, within the data set. Only after a first staging.
with candidates as (
  select id_synthese, id_dataset, unique_id_sinp, entity_source_pk_value as pk,
         substring(digital_proof from '(?:inaturalist|naturalista|biodiversity4all|argentinat)\.[a-z.]+/observations/(\d+)') as number
    from gn_synthese.synthese
   where entity_source_pk_value is null
      or id_source is distinct from (select id_source from gn_synthese.t_sources where name_source = 'GBIF')
),
staged as (
  select gbif_id::text as pk, id_inaturalist, id_inaturalist::text as number, coalesce(mapped.id_dataset, own.id_dataset) as id_dataset
    from pinv_gbif.tmp_gbif_data
    left join pinv_gbif.cor_dataset on gbif_uuid = dataset_key
    left join gn_meta.t_datasets as mapped on mapped.unique_dataset_id = local_uuid
    left join gn_meta.t_datasets as own on own.unique_dataset_id = dataset_key
),
matched as (
  select id_synthese from candidates join staged using (id_dataset, pk)
  union
  select id_synthese from candidates join staged using (id_dataset, number)
  union
  select id_synthese
    from staged
    join pinv_gbif.cor_uuid_inaturalist using (id_inaturalist)
    join candidates on candidates.id_dataset = staged.id_dataset and candidates.unique_id_sinp = uuid
)
select 'warning' as level,
       format('Rows that came by another way and are staged records: %s. `adopt: report` (the default) lists them and leaves them alone, `adopt: apply` makes those the pipeline''s of which one row is one record. `runner plan` shows which.', count(*)) as message
  from matched having count(*) > 0;
