-- The staging tables of GBIF data. Run before every load: what is there already stays.

do $$
begin
  -- `if not exists` would ask for the right to make it even when it is there.
  if exists (select from pg_namespace where nspname = 'pinv_gbif') then
    return;
  end if;
  if not has_database_privilege(current_database(), 'create') then
    raise exception E'there is no schema pinv_gbif, and role % may not make it. Who administers the database runs:\n  create schema pinv_gbif authorization %;\n', current_user, quote_ident(current_user)
      using errcode = 'insufficient_privilege';
  end if;
  create schema pinv_gbif;
end $$;

create table if not exists pinv_gbif.tmp_gbif_data (
  gbif_id bigint primary key
);

create table if not exists pinv_gbif.cor_multimedia (
  gbif_id bigint,
  media_url text
);

create table if not exists pinv_gbif.cor_uuid_inaturalist (
  id_inaturalist bigint primary key
);

-- One that was made by hand for the answers of the R script has no time and no status: what is in it was found.
alter table pinv_gbif.cor_uuid_inaturalist
  add column if not exists id_inaturalist bigint,
  add column if not exists uuid uuid,
  add column if not exists uri text,
  add column if not exists status text not null default 'found',
  add column if not exists asked_at timestamptz;
create unique index if not exists cor_uuid_inaturalist_id on pinv_gbif.cor_uuid_inaturalist (id_inaturalist);

-- Tables that were made by hand from the wiki have types that real values do not fit: a date can be an
-- interval, a taxon key has letters. Columns that are missing are added, those that are too narrow become text.
do $$
declare
  column_name text;
  present text;
begin
  foreach column_name in array array[
    'modified', 'references', 'basis_of_record', 'occurrence_id', 'recorded_by', 'individual_count', 'sex',
    'life_stage', 'reproductive_condition', 'caste', 'behavior', 'vitality', 'occurrence_status',
    'occurrence_remarks', 'event_date', 'verbatim_locality', 'identified_by', 'scientific_name', 'issue',
    'taxonkey', 'verbatim_scientific_name', 'other_catalog_numbers',
    'license', 'rights_holder', 'bibliographic_citation', 'associated_references', 'information_withheld',
    'data_generalizations', 'dynamic_properties', 'institution_code', 'collection_code', 'catalog_number',
    'organism_quantity', 'organism_quantity_type', 'establishment_means', 'degree_of_establishment',
    'pathway', 'type_status', 'locality', 'year', 'month', 'day', 'elevation', 'elevation_accuracy', 'depth',
    'depth_accuracy', 'media_type', 'kingdom', 'order', 'accepted_taxon_key', 'species_key',
    'last_interpreted'
  ] loop
    select format_type(atttypid, atttypmod) into present
      from pg_attribute
     where attrelid = 'pinv_gbif.tmp_gbif_data'::regclass and attname = column_name and not attisdropped;
    if not found then
      execute format('alter table pinv_gbif.tmp_gbif_data add column %I text', column_name);
    elsif present <> 'text' then
      execute format('alter table pinv_gbif.tmp_gbif_data alter column %I type text', column_name);
      raise notice 'Column % of pinv_gbif.tmp_gbif_data was %, it is text now.', column_name, present;
    end if;
  end loop;
end $$;

alter table pinv_gbif.tmp_gbif_data
  add column if not exists decimal_latitude numeric,
  add column if not exists decimal_longitude numeric,
  add column if not exists coordinate_uncertainty_meters numeric,
  add column if not exists dataset_key uuid,
  add column if not exists date_min timestamp,
  add column if not exists date_max timestamp,
  add column if not exists id_inaturalist bigint;

create index if not exists tmp_gbif_data_id_inaturalist on pinv_gbif.tmp_gbif_data (id_inaturalist);
create index if not exists cor_multimedia_gbif_id on pinv_gbif.cor_multimedia (gbif_id);
