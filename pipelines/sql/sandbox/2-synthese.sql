-- The schemas that a load writes or whose tables refuse it: metadata, sensitivity, synthese.

create schema if not exists gn_meta;
create schema if not exists gn_imports;
create schema if not exists gn_sensitivity;
create schema if not exists gn_synthese;

create table if not exists gn_meta.t_acquisition_frameworks (
  id_acquisition_framework serial,
  unique_acquisition_framework_id uuid not null default gen_random_uuid(),
  acquisition_framework_name varchar(255) not null,
  acquisition_framework_desc text not null,
  id_nomenclature_territorial_level integer default ref_nomenclatures.get_default_nomenclature_value('NIVEAU_TERRITORIAL'),
  territory_desc text,
  keywords text,
  id_nomenclature_financing_type integer default ref_nomenclatures.get_default_nomenclature_value('TYPE_FINANCEMENT'),
  target_description text,
  ecologic_or_geologic_target text,
  acquisition_framework_parent_id integer,
  is_parent boolean,
  opened boolean default true,
  id_digitizer integer references utilisateurs.t_roles,
  acquisition_framework_start_date date not null,
  acquisition_framework_end_date date,
  meta_create_date timestamp not null,
  meta_update_date timestamp,
  initial_closing_date timestamp,
  additional_data jsonb default '{}',
  primary key (id_acquisition_framework),
  unique (unique_acquisition_framework_id)
);

create table if not exists gn_meta.t_datasets (
  id_dataset serial,
  unique_dataset_id uuid not null default gen_random_uuid(),
  id_acquisition_framework integer not null references gn_meta.t_acquisition_frameworks,
  dataset_name varchar(255) not null,
  dataset_shortname varchar(255) not null,
  dataset_desc text not null,
  id_nomenclature_data_type integer not null default ref_nomenclatures.get_default_nomenclature_value('DATA_TYP') references ref_nomenclatures.t_nomenclatures,
  keywords text,
  marine_domain boolean not null,
  terrestrial_domain boolean not null,
  id_nomenclature_dataset_objectif integer not null default ref_nomenclatures.get_default_nomenclature_value('JDD_OBJECTIFS') references ref_nomenclatures.t_nomenclatures,
  bbox_west real,
  bbox_east real,
  bbox_south real,
  bbox_north real,
  id_nomenclature_collecting_method integer not null default ref_nomenclatures.get_default_nomenclature_value('METHO_RECUEIL') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_data_origin integer not null default ref_nomenclatures.get_default_nomenclature_value('DS_PUBLIQUE') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_source_status integer not null default ref_nomenclatures.get_default_nomenclature_value('STATUT_SOURCE') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_resource_type integer not null default ref_nomenclatures.get_default_nomenclature_value('RESOURCE_TYP') references ref_nomenclatures.t_nomenclatures,
  active boolean not null default true,
  validable boolean default true,
  id_digitizer integer references utilisateurs.t_roles,
  id_taxa_list integer,
  meta_create_date timestamp not null,
  meta_update_date timestamp,
  additional_data jsonb default '{}',
  primary key (id_dataset),
  unique (unique_dataset_id)
);

create table if not exists gn_meta.cor_acquisition_framework_actor (
  id_cafa serial,
  id_acquisition_framework integer not null references gn_meta.t_acquisition_frameworks,
  id_role integer references utilisateurs.t_roles,
  id_organism integer references utilisateurs.bib_organismes,
  id_nomenclature_actor_role integer not null references ref_nomenclatures.t_nomenclatures,
  primary key (id_cafa),
  unique (id_acquisition_framework, id_organism, id_nomenclature_actor_role),
  unique (id_acquisition_framework, id_role, id_nomenclature_actor_role),
  constraint check_id_role_not_group check (not utilisateurs.is_group(id_role)),
  constraint check_is_actor_in_cor_acquisition_framework_actor check (id_role is not null or id_organism is not null)
);

create table if not exists gn_meta.cor_dataset_actor (
  id_cda serial,
  id_dataset integer not null references gn_meta.t_datasets,
  id_role integer references utilisateurs.t_roles,
  id_organism integer references utilisateurs.bib_organismes,
  id_nomenclature_actor_role integer not null references ref_nomenclatures.t_nomenclatures,
  primary key (id_cda),
  unique (id_dataset, id_organism, id_nomenclature_actor_role),
  unique (id_dataset, id_role, id_nomenclature_actor_role),
  constraint check_id_role_not_group check (not utilisateurs.is_group(id_role)),
  constraint check_is_actor_in_cor_dataset_actor check (id_role is not null or id_organism is not null)
);

call ref_nomenclatures.add_type_checks('gn_meta.t_acquisition_frameworks', array[
  'check_t_acquisition_frameworks_territorial_level | id_nomenclature_territorial_level | NIVEAU_TERRITORIAL',
  'check_t_acquisition_financing_type | id_nomenclature_financing_type | TYPE_FINANCEMENT'
]);
call ref_nomenclatures.add_type_checks('gn_meta.t_datasets', array[
  'check_t_datasets_data_type | id_nomenclature_data_type | DATA_TYP',
  'check_t_datasets_objectif | id_nomenclature_dataset_objectif | JDD_OBJECTIFS',
  'check_t_datasets_collecting_method | id_nomenclature_collecting_method | METHO_RECUEIL',
  'check_t_datasets_data_origin | id_nomenclature_data_origin | DS_PUBLIQUE',
  'check_t_datasets_source_status | id_nomenclature_source_status | STATUT_SOURCE',
  'check_t_datasets_resource_type | id_nomenclature_resource_type | RESOURCE_TYP'
]);
call ref_nomenclatures.add_type_checks('gn_meta.cor_acquisition_framework_actor', array[
  'check_cor_acquisition_framework_actor | id_nomenclature_actor_role | ROLE_ACTEUR'
]);
call ref_nomenclatures.add_type_checks('gn_meta.cor_dataset_actor', array[
  'check_cor_dataset_actor | id_nomenclature_actor_role | ROLE_ACTEUR'
]);

create table if not exists gn_imports.t_imports (
  id_import serial primary key,
  date_create_import timestamp default now()
);

create table if not exists gn_synthese.t_sources (
  id_source serial,
  name_source varchar(255) not null,
  desc_source text,
  entity_source_pk_field varchar(255),
  url_source varchar(255),
  meta_create_date timestamp default now(),
  meta_update_date timestamp default now(),
  id_module integer references gn_commons.t_modules,
  primary key (id_source),
  unique (name_source)
);

create table if not exists gn_synthese.defaults_nomenclatures_value (
  mnemonique_type varchar(50) not null references ref_nomenclatures.bib_nomenclatures_types (mnemonique),
  id_organism integer not null default 0 references utilisateurs.bib_organismes,
  regne varchar(20) not null default '0',
  group2_inpn varchar(255) not null default '0',
  id_nomenclature integer not null,
  primary key (mnemonique_type, id_organism, regne, group2_inpn),
  constraint check_gn_synthese_defaults_nomenclatures_value_isregne check (taxonomie.is_kingdom(regne)),
  constraint check_gn_synthese_defaults_nomenclatures_value_isgroup2inpn check (taxonomie.is_group2(group2_inpn))
);

-- Of several defaults, that of the narrowest organism, kingdom and group.
create or replace function gn_synthese.get_default_nomenclature_value(
  myidtype varchar, myidorganism integer default 0, myregne varchar default '0', mygroup2inpn varchar default '0'
) returns integer
language plpgsql as $$
declare
  answer integer;
begin
  select id_nomenclature into answer
    from gn_synthese.defaults_nomenclatures_value
   where mnemonique_type = myidtype
     and id_organism in (0, myidorganism) and regne in ('0', myregne) and group2_inpn in ('0', mygroup2inpn)
   order by group2_inpn desc, regne desc, id_organism desc
   limit 1;
  return answer;
end;
$$;

create table if not exists gn_synthese.synthese (
  id_synthese serial,
  unique_id_sinp uuid,
  unique_id_sinp_grp uuid,
  id_source integer not null references gn_synthese.t_sources,
  id_module integer references gn_commons.t_modules,
  entity_source_pk_value varchar,
  id_dataset integer references gn_meta.t_datasets,
  id_nomenclature_geo_object_nature integer default gn_synthese.get_default_nomenclature_value('NAT_OBJ_GEO') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_grp_typ integer default gn_synthese.get_default_nomenclature_value('TYP_GRP') references ref_nomenclatures.t_nomenclatures,
  grp_method varchar(255),
  id_nomenclature_obs_technique integer default gn_synthese.get_default_nomenclature_value('METH_OBS') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_bio_status integer default gn_synthese.get_default_nomenclature_value('STATUT_BIO') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_bio_condition integer default gn_synthese.get_default_nomenclature_value('ETA_BIO') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_naturalness integer default gn_synthese.get_default_nomenclature_value('NATURALITE'),
  id_nomenclature_exist_proof integer default gn_synthese.get_default_nomenclature_value('PREUVE_EXIST') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_valid_status integer default gn_synthese.get_default_nomenclature_value('STATUT_VALID') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_diffusion_level integer references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_life_stage integer default gn_synthese.get_default_nomenclature_value('STADE_VIE') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_sex integer default gn_synthese.get_default_nomenclature_value('SEXE') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_obj_count integer default gn_synthese.get_default_nomenclature_value('OBJ_DENBR') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_type_count integer default gn_synthese.get_default_nomenclature_value('TYP_DENBR') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_sensitivity integer references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_observation_status integer default gn_synthese.get_default_nomenclature_value('STATUT_OBS') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_blurring integer default gn_synthese.get_default_nomenclature_value('DEE_FLOU') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_source_status integer default gn_synthese.get_default_nomenclature_value('STATUT_SOURCE') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_info_geo_type integer default gn_synthese.get_default_nomenclature_value('TYP_INF_GEO') references ref_nomenclatures.t_nomenclatures,
  id_nomenclature_behaviour integer default gn_synthese.get_default_nomenclature_value('OCC_COMPORTEMENT'),
  id_nomenclature_biogeo_status integer default gn_synthese.get_default_nomenclature_value('STAT_BIOGEO') references ref_nomenclatures.t_nomenclatures,
  reference_biblio varchar(5000),
  count_min integer,
  count_max integer,
  cd_nom integer references taxonomie.taxref,
  cd_hab integer references ref_habitats.habref,
  nom_cite varchar(1000) not null,
  meta_v_taxref varchar(50) default gn_commons.get_default_parameter('taxref_version', null),
  sample_number_proof text,
  digital_proof text,
  non_digital_proof text,
  altitude_min integer,
  altitude_max integer,
  depth_min integer,
  depth_max integer,
  place_name varchar(500),
  the_geom_4326 geometry(Geometry,4326),
  the_geom_point geometry(Point,4326),
  the_geom_local geometry(Geometry,2154),
  "precision" integer,
  id_area_attachment integer references ref_geo.l_areas,
  date_min timestamp not null,
  date_max timestamp not null,
  validator varchar(1000),
  validation_comment text,
  observers varchar(1000),
  determiner varchar(1000),
  id_digitiser integer references utilisateurs.t_roles,
  id_nomenclature_determination_method integer default gn_synthese.get_default_nomenclature_value('METH_DETERMIN') references ref_nomenclatures.t_nomenclatures,
  comment_context text,
  comment_description text,
  additional_data jsonb,
  meta_validation_date timestamp,
  meta_create_date timestamp default now(),
  meta_update_date timestamp default now(),
  last_action char(1),
  id_import integer references gn_imports.t_imports on delete set null,
  primary key (id_synthese),
  unique (unique_id_sinp),
  constraint check_synthese_count_max check (count_max >= count_min),
  constraint check_synthese_altitude_max check (altitude_max >= altitude_min),
  constraint check_synthese_depth_max check (depth_max >= depth_min),
  constraint enforce_dims_the_geom_4326 check (st_ndims(the_geom_4326) = 2),
  constraint enforce_srid_the_geom_4326 check (st_srid(the_geom_4326) = 4326),
  constraint enforce_dims_the_geom_point check (st_ndims(the_geom_point) = 2),
  constraint enforce_geotype_the_geom_point check (geometrytype(the_geom_point) = 'POINT'),
  constraint enforce_srid_the_geom_point check (st_srid(the_geom_point) = 4326),
  constraint enforce_dims_the_geom_local check (st_ndims(the_geom_local) = 2),
  constraint enforce_srid_the_geom_local check (st_srid(the_geom_local) = 2154),
  constraint check_synthese_date_max check (date_max >= date_min)
);

create table if not exists gn_synthese.cor_area_synthese (
  id_synthese integer not null references gn_synthese.synthese on delete cascade on update cascade,
  id_area integer not null references ref_geo.l_areas,
  primary key (id_synthese, id_area)
);

create table if not exists gn_synthese.cor_observer_synthese (
  id_synthese integer not null references gn_synthese.synthese on delete cascade on update cascade,
  id_role integer not null references utilisateurs.t_roles,
  primary key (id_synthese, id_role)
);

create table if not exists gn_synthese.t_log_synthese (
  id_synthese serial,
  last_action char(1) not null,
  meta_last_action_date timestamp default now(),
  primary key (id_synthese)
);

create table if not exists gn_synthese.t_reports (
  id_report serial primary key,
  id_synthese integer not null references gn_synthese.synthese on delete cascade on update cascade,
  id_role integer not null references utilisateurs.t_roles,
  content varchar,
  creation_date timestamp default now()
);

-- There is no index on entity_source_pk_value, and no unique one but those of the constraints above.
create index if not exists i_synthese_id_source on gn_synthese.synthese (id_source);
create index if not exists i_synthese_id_dataset on gn_synthese.synthese (id_dataset);
create index if not exists i_synthese_cd_nom on gn_synthese.synthese (cd_nom);
create index if not exists i_synthese_date_min on gn_synthese.synthese (date_min desc);
create index if not exists i_synthese_date_max on gn_synthese.synthese (date_max desc);
create index if not exists i_synthese_altitude_min on gn_synthese.synthese (altitude_min);
create index if not exists i_synthese_altitude_max on gn_synthese.synthese (altitude_max);
create index if not exists i_synthese_id_digitiser on gn_synthese.synthese (id_digitiser);
create index if not exists i_synthese_id_import on gn_synthese.synthese (id_import);
create index if not exists i_synthese_the_geom_4326 on gn_synthese.synthese using gist (the_geom_4326);
create index if not exists i_synthese_the_geom_point on gn_synthese.synthese using gist (the_geom_point);
create index if not exists i_synthese_the_geom_local on gn_synthese.synthese using gist (the_geom_local);
create index if not exists i_cor_area_synthese_id_synthese on gn_synthese.cor_area_synthese (id_synthese);
create index if not exists i_cor_area_synthese_id_area on gn_synthese.cor_area_synthese (id_area);

call ref_nomenclatures.add_type_checks('gn_synthese.synthese', array[
  'check_synthese_geo_object_nature | id_nomenclature_geo_object_nature | NAT_OBJ_GEO',
  'check_synthese_typ_grp | id_nomenclature_grp_typ | TYP_GRP',
  'check_synthese_obs_meth | id_nomenclature_obs_technique | METH_OBS',
  'check_synthese_bio_status | id_nomenclature_bio_status | STATUT_BIO',
  'check_synthese_bio_condition | id_nomenclature_bio_condition | ETA_BIO',
  'check_synthese_naturalness | id_nomenclature_naturalness | NATURALITE',
  'check_synthese_exist_proof | id_nomenclature_exist_proof | PREUVE_EXIST',
  'check_synthese_valid_status | id_nomenclature_valid_status | STATUT_VALID',
  'check_synthese_diffusion_level | id_nomenclature_diffusion_level | NIV_PRECIS',
  'check_synthese_life_stage | id_nomenclature_life_stage | STADE_VIE',
  'check_synthese_sex | id_nomenclature_sex | SEXE',
  'check_synthese_obj_count | id_nomenclature_obj_count | OBJ_DENBR',
  'check_synthese_type_count | id_nomenclature_type_count | TYP_DENBR',
  'check_synthese_sensitivity | id_nomenclature_sensitivity | SENSIBILITE',
  'check_synthese_observation_status | id_nomenclature_observation_status | STATUT_OBS',
  'check_synthese_blurring | id_nomenclature_blurring | DEE_FLOU',
  'check_synthese_source_status | id_nomenclature_source_status | STATUT_SOURCE',
  'check_synthese_biogeo_status | id_nomenclature_biogeo_status | STAT_BIOGEO'
]);

do $$
begin
  if not exists (
    select from pg_constraint where conname = 'check_synthese_info_geo_type_id_area_attachment'
  ) then
    alter table gn_synthese.synthese
      add constraint check_synthese_info_geo_type_id_area_attachment
      check (not (
        ref_nomenclatures.get_cd_nomenclature(id_nomenclature_info_geo_type) = '2' and id_area_attachment is null
      )) not valid;
    alter table gn_synthese.defaults_nomenclatures_value
      add constraint check_gn_synthese_defaults_nomenclatures_value_is_nomenclature_
      check (ref_nomenclatures.check_nomenclature_type_by_mnemonique(id_nomenclature, mnemonique_type)) not valid;
  end if;
end $$;

-- Sensitivity rules: none are loaded, the function looks them up all the same, row by row.

create table if not exists gn_sensitivity.t_sensitivity_rules (
  id_sensitivity serial primary key,
  cd_nom integer not null references taxonomie.taxref,
  nom_cite varchar(1000),
  id_nomenclature_sensitivity integer not null references ref_nomenclatures.t_nomenclatures,
  sensitivity_duration integer not null,
  date_min date,
  date_max date,
  active boolean default true
);

create table if not exists gn_sensitivity.cor_sensitivity_area (
  id_sensitivity integer not null references gn_sensitivity.t_sensitivity_rules on delete cascade,
  id_area integer not null references ref_geo.l_areas,
  primary key (id_sensitivity, id_area)
);

create table if not exists gn_sensitivity.cor_sensitivity_criteria (
  id_sensitivity integer not null references gn_sensitivity.t_sensitivity_rules on delete cascade,
  id_criteria integer not null references ref_nomenclatures.t_nomenclatures,
  id_type_nomenclature integer not null references ref_nomenclatures.bib_nomenclatures_types,
  primary key (id_sensitivity, id_criteria)
);

-- The local projection is a setting: `alter database … set sandbox.srid = 2972` before the first run.
do $$
declare
  wanted integer := nullif(current_setting('sandbox.srid', true), '')::integer;
  present integer := find_srid('gn_synthese', 'synthese', 'the_geom_local');
  entry text[];
begin
  if wanted is null or wanted = present then
    return;
  end if;
  if exists (select from pg_trigger where tgrelid = 'gn_synthese.synthese'::regclass and not tgisinternal) then
    raise exception 'this sandbox was made with the projection %; for % make one in an empty database', present, wanted;
  end if;
  foreach entry slice 1 in array array[
    ['gn_synthese.synthese', 'the_geom_local', 'geometry', 'enforce_srid_the_geom_local'],
    ['ref_geo.l_areas', 'geom', 'multipolygon', 'enforce_srid_l_areas_geom'],
    ['ref_geo.l_areas', 'centroid', 'point', 'enforce_srid_l_areas_centroid']
  ] loop
    execute format(
      'alter table %1$s drop constraint %4$I, alter column %2$I type geometry(%3$s, %5$s) using st_transform(%2$I, %5$s),
       add constraint %4$I check (st_srid(%2$I) = %5$s)',
      entry[1], entry[2], entry[3], entry[4], wanted);
  end loop;
end $$;
