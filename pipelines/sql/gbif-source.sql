-- What a GeoNature needs once before GBIF's data can come in: the source, its unique index, and the tables that
-- people fill by hand. Run before every load: what is there already stays. No superuser is needed.
-- psql can run it too: \gexec executes what the query before it gives.

-- The rights that a load needs, all that are missing in one message.
do $$
declare
  missing text[];
begin
  if not exists (select from pg_namespace where nspname = 'gn_synthese') then
    raise exception 'there is no GeoNature in database %: it has no schema gn_synthese. Name the database of yours (DATABASE_URL or --database); to try one, put sql/geonature-sandbox.sql first under setup', current_database()
      using errcode = 'invalid_schema_name';
  end if;

  -- <rights>: from checks/rights.sql, by `npm run docs`.
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
  select array_agg(statement order by rank, statement) into missing from (
    select rank, statement from statements
    union all
    -- Tables that another role made, perhaps by hand: only their owner may add what they lack.
    select 4, format('alter %s pinv_gbif.%I owner to %I;', case relkind when 'v' then 'view' else 'table' end, relname, current_user)
      from pg_class
     where relnamespace = to_regnamespace('pinv_gbif') and relkind in ('r', 'p', 'v') and not pg_has_role(relowner, 'usage')
       and relname in ('tmp_gbif_data', 'cor_multimedia', 'cor_uuid_inaturalist', 'cor_taxon', 'cor_dataset',
                       'cor_taxon_key', 'v_taxon_link', 'v_taxon_name')
  ) as statements;

  if missing is not null then
    raise exception E'role % lacks rights in this GeoNature. Who administers it runs:\n  %\n', current_user, array_to_string(missing, E'\n  ')
      using errcode = 'insufficient_privilege';
  end if;
end $$;

do $$
begin
  -- Not `create schema if not exists`, which asks for the right to make it even when it is there.
  if not exists (select from pg_namespace where nspname = 'pinv_gbif') then
    create schema pinv_gbif;
  end if;
end $$;

-- Taxa whose cd_nom a person has decided: by GBIF's key, or by the name when the key is null.
create table if not exists pinv_gbif.cor_taxon (
  taxon_key text,
  scientific_name text,
  cd_nom integer not null,
  comment text,
  check (taxon_key is not null or scientific_name is not null)
);
create unique index if not exists cor_taxon_key_unique on pinv_gbif.cor_taxon (taxon_key);
create unique index if not exists cor_taxon_name_unique on pinv_gbif.cor_taxon (scientific_name) where taxon_key is null;

-- Data sets that this GeoNature knew before, under another uuid than GBIF's.
create table if not exists pinv_gbif.cor_dataset (
  gbif_uuid uuid primary key,
  local_uuid uuid not null
);

-- Keys of the Catalogue of Life, which GBIF uses since 2026, and those of the older taxonomy that TaxRef is linked to.
create table if not exists pinv_gbif.cor_taxon_key (
  col_key text primary key,
  gbif_key text not null
);

-- The link that users click is url_source/entity_source_pk_value.
do $$
declare
  link constant text := 'https://www.gbif.org/occurrence';
  present gn_synthese.t_sources;
begin
  select * into present from gn_synthese.t_sources where name_source = 'GBIF';
  if not found then
    if not has_table_privilege('gn_synthese.t_sources', 'insert')
       or not has_sequence_privilege('gn_synthese.t_sources_id_source_seq', 'usage') then
      raise exception E'there is no source GBIF, and role % may not make it. Who administers this GeoNature runs:\n  insert into gn_synthese.t_sources (name_source, desc_source, entity_source_pk_field, url_source) values (''GBIF'', ''Global Biodiversity Information Facility'', ''gbifID'', ''%'');\n', current_user, link
        using errcode = 'insufficient_privilege';
    end if;
    insert into gn_synthese.t_sources (name_source, desc_source, entity_source_pk_field, url_source)
    values ('GBIF', 'Global Biodiversity Information Facility', 'gbifID', link);
  elsif present.url_source is null and has_table_privilege('gn_synthese.t_sources', 'update') then
    update gn_synthese.t_sources
       set url_source = link, entity_source_pk_field = coalesce(entity_source_pk_field, 'gbifID')
     where id_source = present.id_source;
  elsif present.url_source is distinct from link then
    raise notice 'The link of the source GBIF is %, not %; it was left as it is.',
      coalesce(present.url_source, 'empty'), link;
  end if;
end $$;

-- One row for each gbifID. Only for this source: other sources repeat their keys, GeoNature's imports all share one.
do $$
declare
  source constant integer := (select id_source from gn_synthese.t_sources where name_source = 'GBIF');
  many integer;
  list text;
begin
  if exists (select from pg_index
              where indrelid = 'gn_synthese.synthese'::regclass and indisunique and indisvalid
                and pg_get_expr(indpred, indrelid) = format('(id_source = %s)', source)) then
    return;
  end if;
  select count(*), string_agg(format('%s: id_synthese %s', key, ids), E'\n  ' order by rank) filter (where rank <= 10)
    into many, list
    from (select entity_source_pk_value as key, string_agg(id_synthese::text, ', ' order by id_synthese) as ids,
                 row_number() over (order by entity_source_pk_value) as rank
            from gn_synthese.synthese
           where id_source = source and entity_source_pk_value is not null
           group by entity_source_pk_value having count(*) > 1) as duplicates;
  if many > 10 then
    list := list || format(E'\n  and %s more', many - 10);
  end if;
  if many > 0 then
    raise exception E'the source GBIF (id_source %) has % gbifID more than once. Keep one row of each:\n  %\n', source, many, list
      using errcode = 'unique_violation';
  end if;
end $$;

-- An index that an interrupted build left behind is not valid: it is dropped, and built again. It is built
-- beside the work of others (concurrently), for which PostgreSQL wants no transaction around it.
with source as (
  select id_source, format('synthese_source_%s_key', id_source) as name
    from gn_synthese.t_sources where name_source = 'GBIF'
),
present as (
  select indexrelid::regclass::text as name, indisvalid
    from pg_index, source
   where indrelid = 'gn_synthese.synthese'::regclass and indisunique and indnkeyatts = 1
     and pg_get_indexdef(indexrelid, 1, true) = 'entity_source_pk_value'
     and pg_get_expr(indpred, indrelid) = format('(id_source = %s)', id_source)
),
steps as (
  select 1 as step, format('drop index concurrently %s', name) as statement from present where not indisvalid
  union all
  select 2, format('create unique index concurrently %I on gn_synthese.synthese (entity_source_pk_value) where id_source = %s',
                   name, id_source)
    from source where not exists (select from present where indisvalid)
)
select case
         when pg_has_role(relowner, 'usage') then statement
         else format('do %L', format('begin raise exception using errcode = ''insufficient_privilege'', message = %L; end',
                format(E'only the owner of gn_synthese.synthese can do what is missing. Role %I runs once:\n  %s;\n', pg_get_userbyid(relowner), statement)))
       end as statement
  from steps, pg_class
 where pg_class.oid = 'gn_synthese.synthese'::regclass
 order by step
\gexec
