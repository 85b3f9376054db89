-- Whether this is a GeoNature, and which: the version itself is not in the database, its marks are.
select case
         when synthese is null then 'stop'
         when is_sandbox or has_import then 'ok'
         else 'warning'
       end as level,
       case
         when synthese is null then
           format('Database %s has no GeoNature: there is no table gn_synthese.synthese. Is it the right one? Nothing else was looked at there.', current_database())
         when is_sandbox then 'The GeoNature is the sandbox that comes with the pipelines.'
         when has_import then 'GeoNature is 2.15 or newer (gn_synthese.synthese has id_import); the pipelines are tested with 2.17.'
         else 'GeoNature is older than 2.15 (gn_synthese.synthese has no id_import); the pipelines are tested with 2.17. Update it, or look at `runner plan` with care.'
       end as message
  from (
    select synthese.oid as synthese,
           obj_description(pg_namespace.oid, 'pg_namespace') is not distinct from 'sandbox' as is_sandbox,
           exists (select from pg_attribute
                    where attrelid = synthese.oid and attname = 'id_import' and not attisdropped) as has_import
      from (select) as one
      left join pg_namespace on nspname = 'gn_synthese'
      left join pg_class as synthese on relnamespace = pg_namespace.oid and relname = 'synthese'
  ) as found;
