-- The unique index of the source's gbifIDs, which setup builds; it cannot while a gbifID is there twice.
with source as (
  select id_source from gn_synthese.t_sources where name_source = 'GBIF' order by id_source limit 1
),
doubles as (
  select count(*) as many, string_agg(key, ', ' order by key) filter (where rank <= 5) as few
    from (select entity_source_pk_value as key, row_number() over (order by entity_source_pk_value) as rank
            from gn_synthese.synthese join source using (id_source)
           where entity_source_pk_value is not null
           group by entity_source_pk_value having count(*) > 1) as double
),
state as (
  select (select id_source from source) as id_source, many, few,
         pg_has_role(relowner, 'usage') as is_owner, pg_get_userbyid(relowner) as owner,
         exists (select from pg_index
                  where indrelid = pg_class.oid and indisunique and indisvalid and indnkeyatts = 1
                    and pg_get_indexdef(indexrelid, 1, true) = 'entity_source_pk_value'
                    and pg_get_expr(indpred, indrelid) = format('(id_source = %s)', (select id_source from source))) as has_index
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace, doubles
   where nspname = 'gn_synthese' and relname = 'synthese'
)
select case when has_index or (many = 0 and is_owner) then 'ok' else 'problem' end as level,
       case
         when has_index then 'The unique index on the gbifIDs of the source is there.'
         when many > 0 then
           format('gbifIDs that are more than once in the synthese under the source GBIF: %s (%s …), so that its unique index cannot be built. Keep one row of each; setup lists the first ten with their id_synthese.', many, few)
         when is_owner then 'The unique index on the gbifIDs of the source is not there yet: setup builds it, without locking the table.'
         else
           format(E'The unique index on the gbifIDs is missing, and only the owner of gn_synthese.synthese can build it. Once the source GBIF is there, role %s runs in psql:\n'
                  '  %s',
                  owner,
                  -- Without the source its number is not known yet: psql puts it in, when it is run.
                  case when id_source is null
                       then $$select format('create unique index concurrently on gn_synthese.synthese (entity_source_pk_value) where id_source = %s', id_source) from gn_synthese.t_sources where name_source = 'GBIF' \gexec$$
                       else format('create unique index concurrently on gn_synthese.synthese (entity_source_pk_value) where id_source = %s;', id_source) end)
       end as message
  from state;
