-- The rights that setup and a load need, all that are missing in one message.
-- <rights>: `npm run docs` copies it into gbif-source.sql.
with needed (schema, relation, rights) as (values
  ('gn_synthese', 'synthese', 'select, insert, update'),
  ('gn_synthese', 't_sources', 'select'),
  ('gn_synthese', 'defaults_nomenclatures_value', 'select'),
  -- What the triggers of the synthese do, they do with the rights of the role that loads.
  ('gn_synthese', 'cor_area_synthese', 'select, insert, delete'),
  ('gn_synthese', 'synthese_id_synthese_seq', 'usage'),
  ('gn_meta', 't_acquisition_frameworks', 'select'),
  ('gn_meta', 't_datasets', 'select'),
  ('gn_commons', 't_parameters', 'select'),
  ('ref_nomenclatures', 'bib_nomenclatures_types', 'select'),
  ('ref_nomenclatures', 't_nomenclatures', 'select'),
  ('ref_geo', 'bib_areas_types', 'select'),
  ('ref_geo', 'l_areas', 'select'),
  ('taxonomie', 'taxref', 'select'),
  ('taxonomie', 'taxref_liens', 'select')
  union all
  select 'gn_sensitivity', relname, 'select'
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
   where nspname = 'gn_sensitivity' and relkind in ('r', 'v', 'm')
),
-- Names are looked up in the catalog: a cast to regclass fails without a word on the schema.
lacking as (
  select schema, relation, relkind, wanted
    from needed
    join pg_namespace on nspname = schema
    join pg_class on relnamespace = pg_namespace.oid and relname = relation,
         unnest(string_to_array(rights, ', ')) as wanted
   where case relkind
           when 'S' then not has_sequence_privilege(pg_class.oid, wanted)
           else not has_table_privilege(pg_class.oid, wanted)
         end
),
statements as (
  select 1 as rank, format('grant usage on schema %I to %I;', nspname, current_user) as statement
    from pg_namespace
   where nspname in (select schema from needed) and not has_schema_privilege(oid, 'usage')
  union all
  select 2, format('grant %s on %s %I.%I to %I;', string_agg(wanted, ', '),
                   case relkind when 'S' then 'sequence' else 'table' end, schema, relation, current_user)
    from lacking group by schema, relation, relkind
  union all
  select 3, case
              when not exists (select from pg_namespace where nspname = 'pinv_gbif') then
                format('create schema pinv_gbif authorization %I;', current_user)
              else format('grant usage, create on schema pinv_gbif to %I;', current_user)
            end
   where case
           when not exists (select from pg_namespace where nspname = 'pinv_gbif') then
             not has_database_privilege(current_database(), 'create')
           else not has_schema_privilege('pinv_gbif', 'create, usage')
         end
  union all
  -- Whether the source is there shows to who may read it alone, and so does whether its index is: these do no harm
  -- where they are.
  select 4, 'insert into gn_synthese.t_sources (name_source, desc_source, entity_source_pk_field, url_source) select ''GBIF'', ''Global Biodiversity Information Facility'', ''gbifID'', ''https://www.gbif.org/occurrence'' where not exists (select from gn_synthese.t_sources where name_source = ''GBIF'');'
   where exists (select from lacking where relation = 't_sources')
  union all
  select 5, 'select format(''create unique index concurrently if not exists i_synthese_gbif on gn_synthese.synthese (entity_source_pk_value) where id_source = %s'', id_source) from gn_synthese.t_sources where name_source = ''GBIF'' \gexec'
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
   where nspname = 'gn_synthese' and relname = 'synthese' and not pg_has_role(relowner, 'usage')
     and exists (select from lacking where relation = 't_sources')
     and not exists (select from pg_index where indrelid = pg_class.oid and indisunique and indisvalid and indnkeyatts = 1
                        and pg_get_indexdef(indexrelid, 1, true) = 'entity_source_pk_value'
                        and pg_get_expr(indpred, indrelid) like '(id_source = %)')
)
-- </rights>
select case when count(*) = 0 then 'ok' else 'problem' end as level,
       case
         when count(*) = 0 then format('Role %s has the rights that setup, load and triggers need.', current_user)
         else format(E'Role %s lacks rights in this GeoNature. Who administers it runs:\n  %s', current_user,
                     string_agg(statement, E'\n  ' order by rank, statement))
       end as message
  from statements;
