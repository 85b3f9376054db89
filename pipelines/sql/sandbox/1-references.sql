-- The reference schemas of a GeoNature to try pipelines on: users, code lists, areas, taxonomy, parameters.
-- Names, types, defaults and constraints are those of GeoNature 2.17; the rest is as small as can be.

-- By name: where a role is called like a schema, "$user" would come first.
create extension if not exists postgis schema public;

create schema if not exists utilisateurs;
create schema if not exists ref_nomenclatures;
create schema if not exists ref_geo;
create schema if not exists ref_habitats;
create schema if not exists taxonomie;
create schema if not exists gn_commons;

-- GeoNature takes uuid_generate_v4() of the extension uuid-ossp; gen_random_uuid() makes the same and is built in.

create table if not exists utilisateurs.bib_organismes (
  id_organisme serial,
  uuid_organisme uuid not null default gen_random_uuid(),
  nom_organisme varchar(500) not null,
  adresse_organisme varchar(128),
  cp_organisme varchar(5),
  ville_organisme varchar(100),
  tel_organisme varchar(14),
  fax_organisme varchar(14),
  email_organisme varchar(100),
  url_organisme varchar(255),
  url_logo varchar(255),
  id_parent integer references utilisateurs.bib_organismes,
  additional_data jsonb default '{}',
  meta_create_date timestamp default now(),
  meta_update_date timestamp default now(),
  primary key (id_organisme),
  unique (uuid_organisme)
);

create table if not exists utilisateurs.t_roles (
  groupe boolean not null default false,
  id_role serial,
  uuid_role uuid not null default gen_random_uuid(),
  identifiant varchar(100),
  nom_role varchar(50),
  prenom_role varchar(50),
  desc_role text,
  pass varchar(100),
  pass_plus text,
  email varchar(250),
  id_organisme integer references utilisateurs.bib_organismes,
  remarques text,
  active boolean default true,
  champs_addi jsonb,
  date_insert timestamp,
  date_update timestamp,
  primary key (id_role),
  unique (uuid_role)
);

create or replace function utilisateurs.is_group(id_role integer) returns boolean
language sql stable as $$
  select coalesce((select groupe from utilisateurs.t_roles as role where role.id_role = is_group.id_role), false);
$$;

create table if not exists ref_nomenclatures.bib_nomenclatures_types (
  id_type serial,
  mnemonique varchar(255),
  label_default varchar(255) not null,
  definition_default text,
  label_fr varchar(255) not null,
  definition_fr text,
  label_en varchar(255),
  definition_en text,
  label_es varchar(255),
  definition_es text,
  label_de varchar(255),
  definition_de text,
  label_it varchar(255),
  definition_it text,
  source varchar(50),
  statut varchar(20),
  meta_create_date timestamp default now(),
  meta_update_date timestamp default now(),
  primary key (id_type),
  unique (mnemonique)
);

create table if not exists ref_nomenclatures.t_nomenclatures (
  id_nomenclature serial,
  id_type integer not null references ref_nomenclatures.bib_nomenclatures_types,
  cd_nomenclature varchar(255) not null,
  mnemonique varchar(255),
  label_default varchar(255) not null,
  definition_default text,
  label_fr varchar(255) not null,
  definition_fr text,
  label_en varchar(255),
  definition_en text,
  label_es varchar(255),
  definition_es text,
  label_de varchar(255),
  definition_de text,
  label_it varchar(255),
  definition_it text,
  source varchar(50),
  statut varchar(20),
  id_broader integer references ref_nomenclatures.t_nomenclatures,
  hierarchy varchar(255),
  meta_create_date timestamp default now(),
  meta_update_date timestamp,
  active boolean not null default true,
  primary key (id_nomenclature),
  unique (id_type, cd_nomenclature)
);

create table if not exists ref_nomenclatures.defaults_nomenclatures_value (
  mnemonique_type varchar(255) not null references ref_nomenclatures.bib_nomenclatures_types (mnemonique),
  id_organism integer not null references utilisateurs.bib_organismes,
  id_nomenclature integer not null references ref_nomenclatures.t_nomenclatures,
  primary key (mnemonique_type, id_organism)
);

create or replace function ref_nomenclatures.get_id_nomenclature_type(mytype varchar) returns integer
language plpgsql as $$
declare
  answer integer;
begin
  select id_type into answer from ref_nomenclatures.bib_nomenclatures_types where mnemonique = mytype;
  return answer;
end;
$$;

-- An unknown code is no error: the answer is null.
create or replace function ref_nomenclatures.get_id_nomenclature(mytype varchar, mycdnomenclature varchar) returns integer
language plpgsql stable as $$
declare
  answer integer;
begin
  select id_nomenclature into answer
    from ref_nomenclatures.t_nomenclatures
   where id_type = ref_nomenclatures.get_id_nomenclature_type(mytype) and cd_nomenclature = mycdnomenclature;
  return answer;
end;
$$;

create or replace function ref_nomenclatures.get_cd_nomenclature(myidnomenclature integer) returns varchar
language plpgsql stable as $$
declare
  answer varchar;
begin
  select cd_nomenclature into answer
    from ref_nomenclatures.t_nomenclatures where id_nomenclature = myidnomenclature;
  return answer;
end;
$$;

create or replace function ref_nomenclatures.get_default_nomenclature_value(mytype varchar, myidorganism integer default 0)
returns integer
language plpgsql stable as $$
declare
  answer integer;
begin
  select id_nomenclature into answer
    from ref_nomenclatures.defaults_nomenclatures_value
   where mnemonique_type = mytype and id_organism in (0, myidorganism)
   order by id_organism desc
   limit 1;
  return answer;
end;
$$;

-- What the CHECKs call. It raises, so that a wrong type is SQLSTATE P0001 and no 23514.
create or replace function ref_nomenclatures.check_nomenclature_type_by_mnemonique(id integer, mytype varchar)
returns boolean
language plpgsql as $$
begin
  if id is null then
    return true;
  end if;
  if exists (
    select from ref_nomenclatures.t_nomenclatures as code join ref_nomenclatures.bib_nomenclatures_types using (id_type)
     where code.id_nomenclature = id and id_type = ref_nomenclatures.get_id_nomenclature_type(mytype)
  ) then
    return true;
  end if;
  raise exception 'Error : id_nomenclature --> (%) and nomenclature --> (%) type didn''t match. Use nomenclature with corresponding type (mnemonique).', id, mytype;
end;
$$;

-- A CHECK for each pair of column and type; NOT VALID, as in GeoNature: only for rows that are new or change.
-- In `checks`, ` | ` separates name, column and type.
create or replace procedure ref_nomenclatures.add_type_checks(target regclass, checks text[])
language plpgsql as $$
declare
  entry text;
  part text[];
begin
  foreach entry in array checks loop
    part := string_to_array(entry, ' | ');
    continue when exists (select from pg_constraint where conrelid = target and conname = part[1]);
    execute format(
      'alter table %s add constraint %I check (ref_nomenclatures.check_nomenclature_type_by_mnemonique(%I, %L)) not valid',
      target, part[1], part[2], part[3]);
  end loop;
end;
$$;

do $$
begin
  if not exists (
    select from pg_constraint
     where conname = 'check_defaults_nomenclatures_value_is_nomenclature_in_type'
       and conrelid = 'ref_nomenclatures.defaults_nomenclatures_value'::regclass
  ) then
    alter table ref_nomenclatures.defaults_nomenclatures_value
      add constraint check_defaults_nomenclatures_value_is_nomenclature_in_type
      check (ref_nomenclatures.check_nomenclature_type_by_mnemonique(id_nomenclature, mnemonique_type)) not valid;
  end if;
end $$;
create table if not exists ref_geo.bib_areas_types (
  id_type serial,
  type_name varchar(200) not null,
  type_code varchar(25) not null,
  type_desc text,
  ref_name varchar(200),
  ref_version integer,
  num_version varchar(50),
  size_hierarchy integer,
  primary key (id_type),
  unique (type_code)
);

create table if not exists ref_geo.l_areas (
  id_area serial,
  id_type integer not null references ref_geo.bib_areas_types,
  area_name varchar(250),
  area_code varchar(25),
  geom geometry(MultiPolygon,2154),
  centroid geometry(Point,2154),
  source varchar(250),
  comment text,
  enable boolean not null default true,
  additional_data jsonb,
  meta_create_date timestamp,
  meta_update_date timestamp,
  geom_4326 geometry(MultiPolygon,4326),
  description text,
  primary key (id_area),
  unique (id_type, area_code),
  constraint enforce_geotype_l_areas_geom check (geometrytype(geom) = 'MULTIPOLYGON'),
  constraint enforce_srid_l_areas_geom check (st_srid(geom) = 2154),
  constraint enforce_geotype_l_areas_centroid check (geometrytype(centroid) = 'POINT'),
  constraint enforce_srid_l_areas_centroid check (st_srid(centroid) = 2154)
);

create index if not exists index_l_areas_geom on ref_geo.l_areas using gist (geom);
create index if not exists index_l_areas_geom_4326 on ref_geo.l_areas using gist (geom_4326);
create index if not exists index_l_areas_id_type on ref_geo.l_areas (id_type);

create table if not exists ref_habitats.habref (
  cd_hab integer primary key,
  lb_code varchar(50),
  lb_hab_fr varchar(500)
);

create table if not exists taxonomie.bib_taxref_statuts (
  id_statut char(1) primary key,
  nom_statut varchar(50) not null
);

create table if not exists taxonomie.bib_taxref_habitats (
  id_habitat integer primary key,
  nom_habitat varchar(50) not null
);

create table if not exists taxonomie.bib_taxref_rangs (
  id_rang varchar(10) primary key,
  nom_rang varchar(20) not null,
  tri_rang integer
);

create table if not exists taxonomie.taxref (
  cd_nom integer not null,
  id_statut char(1) references taxonomie.bib_taxref_statuts,
  id_habitat integer references taxonomie.bib_taxref_habitats,
  id_rang varchar(10) references taxonomie.bib_taxref_rangs,
  regne varchar(20),
  phylum varchar(50),
  classe varchar(50),
  ordre varchar(50),
  famille varchar(50),
  sous_famille varchar(50),
  tribu varchar(50),
  cd_taxsup integer,
  cd_sup integer,
  cd_ref integer,
  lb_nom varchar(250),
  lb_auteur varchar(500),
  nom_complet varchar(500),
  nom_complet_html varchar(500),
  nom_valide varchar(500),
  nom_vern varchar(1000),
  nom_vern_eng varchar(500),
  group1_inpn varchar(50),
  group2_inpn varchar(50),
  url text,
  group3_inpn varchar(250),
  cd_ba integer,
  nomenclatural_comment varchar(500),
  primary key (cd_nom)
);

create table if not exists taxonomie.taxref_liens (
  ct_name varchar(250) not null,
  ct_type varchar(250) not null,
  ct_authors text,
  ct_title varchar,
  ct_url varchar(250),
  cd_nom integer not null references taxonomie.taxref,
  ct_sp_id varchar not null,
  url_sp text,
  primary key (ct_name, cd_nom, ct_sp_id)
);

create table if not exists taxonomie.t_meta_taxref (
  referencial_name varchar not null,
  version integer not null,
  update_date timestamp default now(),
  primary key (referencial_name, version)
);

create index if not exists i_taxref_cd_nom on taxonomie.taxref (cd_nom);
create index if not exists i_taxref_cd_ref on taxonomie.taxref (cd_ref);
create index if not exists i_taxref_hierarchy on taxonomie.taxref (regne, phylum, classe, ordre, famille);

create or replace function taxonomie.is_kingdom(kingdom text) returns boolean
language sql stable as $$
  select kingdom = '0' or exists (select from taxonomie.taxref where regne = kingdom);
$$;

create or replace function taxonomie.is_group2(name text) returns boolean
language sql stable as $$
  select name = '0' or exists (select from taxonomie.taxref where group2_inpn = name);
$$;

create table if not exists gn_commons.t_modules (
  id_module serial,
  module_code varchar(50) not null,
  module_label varchar(255) not null,
  module_picto varchar(255),
  module_desc text,
  module_group varchar(50),
  module_path varchar(255),
  module_external_url varchar(255),
  module_target varchar(10),
  module_comment text,
  active_frontend boolean not null,
  active_backend boolean not null,
  module_doc_url varchar(255),
  module_order integer,
  type varchar(255) not null default 'base',
  meta_create_date timestamp default now(),
  meta_update_date timestamp default now(),
  ng_module varchar(500),
  primary key (id_module),
  unique (module_code),
  constraint check_urls_not_null check (module_path is not null or module_external_url is not null),
  unique (module_path)
);

create table if not exists gn_commons.t_parameters (
  id_parameter serial,
  id_organism integer references utilisateurs.bib_organismes,
  parameter_name varchar(100) not null,
  parameter_desc text,
  parameter_value text not null,
  parameter_extra_value varchar(255),
  primary key (id_parameter),
  unique (id_organism, parameter_name)
);

create table if not exists gn_commons.bib_tables_location (
  id_table_location serial,
  table_desc varchar(255),
  schema_name varchar(50) not null,
  table_name varchar(50) not null,
  pk_field varchar(50) not null,
  uuid_field_name varchar(50) not null,
  primary key (id_table_location),
  unique (schema_name, table_name)
);

create table if not exists gn_commons.t_medias (
  id_media serial,
  unique_id_media uuid not null default gen_random_uuid(),
  id_nomenclature_media_type integer not null references ref_nomenclatures.t_nomenclatures,
  id_table_location integer not null references gn_commons.bib_tables_location,
  uuid_attached_row uuid,
  title_fr varchar(255),
  title_en varchar(255),
  title_it varchar(255),
  title_es varchar(255),
  title_de varchar(255),
  media_url varchar(255),
  media_path varchar(255),
  author varchar(100),
  description_fr text,
  description_en text,
  description_it text,
  description_es text,
  description_de text,
  is_public boolean not null default true,
  meta_create_date timestamp default now(),
  meta_update_date timestamp default now(),
  primary key (id_media)
);

create table if not exists gn_commons.t_validations (
  id_validation serial,
  uuid_attached_row uuid not null,
  id_nomenclature_valid_status integer references ref_nomenclatures.t_nomenclatures,
  validation_auto boolean not null default true,
  id_validator integer references utilisateurs.t_roles,
  validation_comment text,
  validation_date timestamp default now(),
  primary key (id_validation)
);

create table if not exists gn_commons.t_history_actions (
  id_history_action serial primary key,
  id_table_location integer not null references gn_commons.bib_tables_location,
  uuid_attached_row uuid not null,
  operation_type char(1) check (operation_type in ('I', 'U', 'D')),
  operation_date timestamp,
  table_content json
);

create or replace function gn_commons.get_default_parameter(myparamname text, myidorganisme integer default null)
returns text
language plpgsql stable as $$
declare
  answer text;
begin
  select parameter_value into answer
    from gn_commons.t_parameters
   where parameter_name = myparamname and id_organism is not distinct from myidorganisme
   limit 1;
  return answer;
end;
$$;

call ref_nomenclatures.add_type_checks('gn_commons.t_medias', array[
  'check_t_medias_media_type | id_nomenclature_media_type | TYPE_MEDIA'
]);
call ref_nomenclatures.add_type_checks('gn_commons.t_validations', array[
  'check_t_validations_valid_status | id_nomenclature_valid_status | STATUT_VALID'
]);
