-- The step that the hand procedure never had, in plain SQL as one would write it by hand: the bench's other side.
-- `insert … select … on conflict do update … where … is distinct from …`, the mapping of pipelines/sinp in SQL.

create schema if not exists bench;

create or replace function bench.upsert_gbif_data() returns bigint language plpgsql as $function$
declare
  touched bigint;
begin
  execute format($sql$
with code as materialized (
  select types.mnemonique as type, cd_nomenclature as code, id_nomenclature
    from ref_nomenclatures.t_nomenclatures
    join ref_nomenclatures.bib_nomenclatures_types as types using (id_type)
),
media as materialized (
  select gbif_id, jsonb_agg(distinct media_url order by media_url) as urls from pinv_gbif.cor_multimedia group by gbif_id
),
taxon as materialized (
  select distinct on (ct_sp_id) ct_sp_id as taxon_key, taxref.cd_nom
    from taxonomie.taxref_liens join taxonomie.taxref using (cd_nom)
   where ct_name = 'GBIF' order by ct_sp_id, cd_nom <> cd_ref, cd_nom
),
known as materialized (
  select gbif_id, coalesce(a.cd_nom, b.cd_nom, c.cd_nom) as cd_nom
    from pinv_gbif.tmp_gbif_data as staged
    left join taxon as a on a.taxon_key = staged.taxonkey
    left join taxon as b on b.taxon_key = staged.accepted_taxon_key
    left join taxon as c on c.taxon_key = staged.species_key
)
insert into gn_synthese.synthese as present (unique_id_sinp, id_source, entity_source_pk_value, id_dataset, reference_biblio, count_min, count_max, cd_nom, nom_cite, meta_v_taxref, sample_number_proof, digital_proof, non_digital_proof, altitude_min, altitude_max, depth_min, depth_max, place_name, the_geom_4326, the_geom_point, the_geom_local, "precision", date_min, date_max, observers, determiner, comment_description, additional_data, last_action, id_nomenclature_geo_object_nature, id_nomenclature_grp_typ, id_nomenclature_obs_technique, id_nomenclature_bio_status, id_nomenclature_bio_condition, id_nomenclature_naturalness, id_nomenclature_exist_proof, id_nomenclature_valid_status, id_nomenclature_life_stage, id_nomenclature_sex, id_nomenclature_obj_count, id_nomenclature_type_count, id_nomenclature_sensitivity, id_nomenclature_observation_status, id_nomenclature_blurring, id_nomenclature_source_status, id_nomenclature_info_geo_type, id_nomenclature_behaviour, id_nomenclature_biogeo_status, id_nomenclature_determination_method)
select f.uuid,
       source.id_source,
       t.gbif_id::text,
       datasets.id_dataset,
       left(coalesce(t.associated_references, t.bibliographic_citation), 5000),
       f.number,
       f.number,
       taxon.cd_nom,
       coalesce(t.verbatim_scientific_name, t.scientific_name),
       (select parameter_value from gn_commons.t_parameters where parameter_name = 'taxref_version'),
       case when f.is_specimen then t.catalog_number end,
       f.digital_proof,
       f.specimen,
       case when f.blurring <> 'OUI' then floor(t.elevation::float8 - coalesce(t.elevation_accuracy::float8, 0))::integer end,
       case when f.blurring <> 'OUI' then ceil(t.elevation::float8 + coalesce(t.elevation_accuracy::float8, 0))::integer end,
       case when f.blurring <> 'OUI' then floor(t.depth::float8 - coalesce(t.depth_accuracy::float8, 0))::integer end,
       case when f.blurring <> 'OUI' then ceil(t.depth::float8 + coalesce(t.depth_accuracy::float8, 0))::integer end,
       left(coalesce(t.locality, t.verbatim_locality), 500),
       f.point,
       f.point,
       st_transform(f.point, (select find_srid('gn_synthese', 'synthese', 'the_geom_local'))),
       case when t.coordinate_uncertainty_meters::float8 > 0 then ceil(t.coordinate_uncertainty_meters::float8)::integer end,
       t.date_min,
       t.date_max,
       regexp_replace(t.recorded_by, '\s*[|;]\s*', ', ', 'g'),
       regexp_replace(t.identified_by, '\s*[|;]\s*', ', ', 'g'),
       t.occurrence_remarks,
       jsonb_build_object('gbif', jsonb_strip_nulls(jsonb_build_object(
         'gbifID', t.gbif_id::text, 'occurrenceID', t.occurrence_id, 'datasetKey', t.dataset_key, 'license', t.license, 'rightsHolder', t.rights_holder,
         'references', t."references", 'scientificName', t.scientific_name, 'taxonKey', t.taxonkey, 'eventDate', t.event_date, 'basisOfRecord', t.basis_of_record,
         'occurrenceStatus', t.occurrence_status, 'sex', t.sex, 'lifeStage', t.life_stage, 'reproductiveCondition', t.reproductive_condition,
         'vitality', t.vitality, 'behavior', t.behavior, 'degreeOfEstablishment', t.degree_of_establishment, 'establishmentMeans', t.establishment_means,
         'mediaURLs', media.urls))),
       'I',
       n_geo_object_nature.id_nomenclature,
       n_grp_typ.id_nomenclature,
       n_obs_technique.id_nomenclature,
       n_bio_status.id_nomenclature,
       n_bio_condition.id_nomenclature,
       n_naturalness.id_nomenclature,
       n_exist_proof.id_nomenclature,
       n_valid_status.id_nomenclature,
       n_life_stage.id_nomenclature,
       n_sex.id_nomenclature,
       n_obj_count.id_nomenclature,
       n_type_count.id_nomenclature,
       n_sensitivity.id_nomenclature,
       n_observation_status.id_nomenclature,
       n_blurring.id_nomenclature,
       n_source_status.id_nomenclature,
       n_info_geo_type.id_nomenclature,
       n_behaviour.id_nomenclature,
       n_biogeo_status.id_nomenclature,
       n_determination_method.id_nomenclature
  from pinv_gbif.tmp_gbif_data as t
  join gn_synthese.t_sources as source on source.name_source = 'GBIF'
  join gn_meta.t_datasets as datasets on datasets.unique_dataset_id = t.dataset_key
  join known as taxon on taxon.gbif_id = t.gbif_id and taxon.cd_nom is not null
  left join pinv_gbif.cor_uuid_inaturalist as inaturalist on inaturalist.id_inaturalist = t.id_inaturalist
  left join media on media.gbif_id = t.gbif_id
 cross join lateral (
   select case when t.id_inaturalist is not null then inaturalist.uuid
               when t.occurrence_id ~ '^[0-9a-f-]{36}$' then t.occurrence_id::uuid
               else md5(t.dataset_key::text || ':' || coalesce(t.occurrence_id, t.gbif_id::text))::uuid end as uuid,
          st_setsrid(st_makepoint(t.decimal_longitude::float8, t.decimal_latitude::float8), 4326) as point,
          t.dataset_key in ('50c9509d-22c7-4a22-a47d-8c48425ef4a7', '8a863029-f435-446a-821e-275f4f641165') as is_platform,
          case when coalesce(t.information_withheld, t.data_generalizations) is null
               then case when t.dataset_key in ('50c9509d-22c7-4a22-a47d-8c48425ef4a7', '8a863029-f435-446a-821e-275f4f641165') then 'NON' else 'NSP' end
               when lower(concat_ws(' ', t.information_withheld, t.data_generalizations)) ~ 'coordinate uncertainty increased|coordinates hidden|obscured|hidden|generali|blur'
               then 'OUI' else 'NSP' end as blurring,
          case when t.dynamic_properties like '{%%' then t.dynamic_properties::jsonb ->> 'evidenceOfPresence' end as evidence,
          case when t.individual_count ~ '^[1-9]\d*$' then t.individual_count::integer end as number,
          case when t.media_type is not null then t."references" end as digital_proof,
          t.basis_of_record in ('PRESERVED_SPECIMEN', 'FOSSIL_SPECIMEN', 'LIVING_SPECIMEN', 'MATERIAL_SAMPLE', 'MATERIAL_ENTITY') as is_specimen,
          case when t.basis_of_record in ('PRESERVED_SPECIMEN', 'FOSSIL_SPECIMEN', 'LIVING_SPECIMEN', 'MATERIAL_SAMPLE', 'MATERIAL_ENTITY')
               then nullif(concat_ws(' : ', t.institution_code, t.collection_code, t.catalog_number), '') end as specimen
 ) as f
  left join code as n_geo_object_nature on n_geo_object_nature.type = 'NAT_OBJ_GEO' and n_geo_object_nature.code = case when f.blurring = 'OUI' then 'In' when t.coordinate_uncertainty_meters is null or t.coordinate_uncertainty_meters::float8 <= 0 then 'NSP' when ceil(t.coordinate_uncertainty_meters::float8) <= 100 then 'St' else 'In' end
  left join code as n_grp_typ on n_grp_typ.type = 'TYP_GRP' and n_grp_typ.code = 'OBS'
  left join code as n_obs_technique on n_obs_technique.type = 'METH_OBS' and n_obs_technique.code = case when f.evidence is not null then case f.evidence when 'organism' then '0' when 'feather' then '11' when 'hair' then '11' when 'scat' then '6'
                 when 'track' then '4' when 'molt' then case when t."order" in ('Odonata', 'Ephemeroptera', 'Plecoptera', 'Hemiptera') then '5' else '7' end
                 when 'leafmine' then '22' when 'construction' then '8' when 'bone' then '20' when 'gall' then '20' when 'egg' then '20' else '21' end
               when f.is_platform and t.basis_of_record = 'HUMAN_OBSERVATION' and t.media_type ~ 'StillImage|MovingImage'
               then case when t.media_type ~ 'Sound' then '25' else '0' end
               when t.media_type ~ 'Sound' and t.basis_of_record in ('HUMAN_OBSERVATION', 'MACHINE_OBSERVATION') then '1' else '21' end
  left join code as n_bio_status on n_bio_status.type = 'STATUT_BIO' and n_bio_status.code = case when t.reproductive_condition is null then case when t.life_stage in ('Flowering', 'Fruiting') then '3' when t.life_stage = 'Vegetative' then '13' else '1' end
               when lower(t.reproductive_condition) ~ 'non-?reproductive|non-?breeding|not breeding' then '2'
               when lower(t.reproductive_condition) ~ 'flower|fruit|gravid|pregnant|lactating|breeding|reproductive|egg-laying|copulat' then '3' else '1' end
  left join code as n_bio_condition on n_bio_condition.type = 'ETA_BIO' and n_bio_condition.code = case lower(t.vitality) when 'alive' then '2' when 'dead' then '3' when 'undetermined' then '0' when 'unknown' then '0' else '1' end
  left join code as n_naturalness on n_naturalness.type = 'NATURALITE' and n_naturalness.code = case when t.degree_of_establishment is null then case when t.dataset_key = '50c9509d-22c7-4a22-a47d-8c48425ef4a7' then '1' else '0' end
               when t.degree_of_establishment in ('captive', 'cultivated', 'managed') then '2' when t.degree_of_establishment = 'released' then '4'
               when t.degree_of_establishment in ('unestablished', 'failing') then '0' else '1' end
  left join code as n_exist_proof on n_exist_proof.type = 'PREUVE_EXIST' and n_exist_proof.code = case when f.digital_proof is not null or f.specimen is not null then '1' else '0' end
  left join code as n_valid_status on n_valid_status.type = 'STATUT_VALID' and n_valid_status.code = '0'
  left join code as n_life_stage on n_life_stage.type = 'STADE_VIE' and n_life_stage.code = case t.life_stage when 'Adult' then '2' when 'Imago' then '15' when 'Subadult' then case when t."order" = 'Ephemeroptera' then '16' else '5' end
               when 'Immature' then '4' when 'Juvenile' then '3' when 'Larva' then '6' when 'Caterpillar' then '7' when 'Nymph' then '6'
               when 'Pupa' then case t."order" when 'Lepidoptera' then '12' when 'Diptera' then '14' else '13' end when 'Egg' then '9' else '0' end
  left join code as n_sex on n_sex.type = 'SEXE' and n_sex.code = case lower(t.sex) when 'female' then '2' when 'male' then '3' when 'mixed' then '5' when 'indeterminate' then '1' when 'hermaphrodite' then '4' when 'other' then '0' when 'unknown' then '0' else '6' end
  left join code as n_obj_count on n_obj_count.type = 'OBJ_DENBR' and n_obj_count.code = case when f.number is null then 'NSP' else 'IND' end
  left join code as n_type_count on n_type_count.type = 'TYP_DENBR' and n_type_count.code = case when f.number is null then 'NSP' else 'Co' end
  left join code as n_sensitivity on n_sensitivity.type = 'SENSIBILITE' and n_sensitivity.code = '0'
  left join code as n_observation_status on n_observation_status.type = 'STATUT_OBS' and n_observation_status.code = case upper(t.occurrence_status) when 'PRESENT' then 'Pr' when 'ABSENT' then 'No' else 'NSP' end
  left join code as n_blurring on n_blurring.type = 'DEE_FLOU' and n_blurring.code = f.blurring
  left join code as n_source_status on n_source_status.type = 'STATUT_SOURCE' and n_source_status.code = case when t.basis_of_record in ('HUMAN_OBSERVATION', 'OBSERVATION', 'MACHINE_OBSERVATION') then 'Te'
               when t.basis_of_record in ('PRESERVED_SPECIMEN', 'FOSSIL_SPECIMEN', 'LIVING_SPECIMEN', 'MATERIAL_SAMPLE', 'MATERIAL_ENTITY') then 'Co'
               when t.basis_of_record in ('MATERIAL_CITATION', 'LITERATURE') then 'Li' else 'NSP' end
  left join code as n_info_geo_type on n_info_geo_type.type = 'TYP_INF_GEO' and n_info_geo_type.code = '1'
  left join code as n_behaviour on n_behaviour.type = 'OCC_COMPORTEMENT' and n_behaviour.code = case when t.behavior is null then '1' when lower(t.behavior) ~ 'mating|copulat' then '19' when lower(t.behavior) ~ 'oviposit|egg-laying' then '23'
               when lower(t.behavior) ~ 'foraging|feeding|hunting' then '8' when lower(t.behavior) ~ 'flying|in flight' then '10' when lower(t.behavior) ~ 'resting' then '17' else '1' end
  left join code as n_biogeo_status on n_biogeo_status.type = 'STAT_BIOGEO' and n_biogeo_status.code = case t.establishment_means when 'native' then '2' when 'nativeReintroduced' then '2' when 'introduced' then '3' when 'invasive' then '4'
               when 'vagrant' then '6' when 'uncertain' then '0' else case when t.degree_of_establishment in ('invasive', 'widespreadInvasive') then '4' else '1' end end
  left join code as n_determination_method on n_determination_method.type = 'METH_DETERMIN' and n_determination_method.code = case when t.basis_of_record = 'PRESERVED_SPECIMEN' then '19' when f.is_platform and t.media_type ~ 'StillImage|MovingImage' then '22' else '1' end
 where f.uuid is not null and t.date_min is not null and t.date_min <= now()
   and t.decimal_longitude is not null and t.decimal_latitude is not null
   and t.basis_of_record not in ('FOSSIL_SPECIMEN', 'LIVING_SPECIMEN') and t.occurrence_status is distinct from 'ABSENT'
on conflict (entity_source_pk_value) where id_source = %1$s do update
   set id_dataset = excluded.id_dataset, reference_biblio = excluded.reference_biblio, count_min = excluded.count_min, count_max = excluded.count_max, cd_nom = excluded.cd_nom, nom_cite = excluded.nom_cite, meta_v_taxref = excluded.meta_v_taxref, sample_number_proof = excluded.sample_number_proof, digital_proof = excluded.digital_proof, non_digital_proof = excluded.non_digital_proof, altitude_min = excluded.altitude_min, altitude_max = excluded.altitude_max, depth_min = excluded.depth_min, depth_max = excluded.depth_max, place_name = excluded.place_name, the_geom_4326 = excluded.the_geom_4326, the_geom_point = excluded.the_geom_point, the_geom_local = excluded.the_geom_local, "precision" = excluded."precision", date_min = excluded.date_min, date_max = excluded.date_max, observers = excluded.observers, determiner = excluded.determiner, comment_description = excluded.comment_description, additional_data = excluded.additional_data, id_nomenclature_geo_object_nature = excluded.id_nomenclature_geo_object_nature, id_nomenclature_grp_typ = excluded.id_nomenclature_grp_typ, id_nomenclature_obs_technique = excluded.id_nomenclature_obs_technique, id_nomenclature_bio_status = excluded.id_nomenclature_bio_status, id_nomenclature_bio_condition = excluded.id_nomenclature_bio_condition, id_nomenclature_naturalness = excluded.id_nomenclature_naturalness, id_nomenclature_exist_proof = excluded.id_nomenclature_exist_proof, id_nomenclature_life_stage = excluded.id_nomenclature_life_stage, id_nomenclature_sex = excluded.id_nomenclature_sex, id_nomenclature_obj_count = excluded.id_nomenclature_obj_count, id_nomenclature_type_count = excluded.id_nomenclature_type_count, id_nomenclature_observation_status = excluded.id_nomenclature_observation_status, id_nomenclature_blurring = excluded.id_nomenclature_blurring, id_nomenclature_source_status = excluded.id_nomenclature_source_status, id_nomenclature_info_geo_type = excluded.id_nomenclature_info_geo_type, id_nomenclature_behaviour = excluded.id_nomenclature_behaviour, id_nomenclature_biogeo_status = excluded.id_nomenclature_biogeo_status, id_nomenclature_determination_method = excluded.id_nomenclature_determination_method, last_action = 'U'
 where (present.id_dataset, present.reference_biblio, present.count_min, present.count_max, present.cd_nom, present.nom_cite, present.meta_v_taxref, present.sample_number_proof, present.digital_proof, present.non_digital_proof, present.altitude_min, present.altitude_max, present.depth_min, present.depth_max, present.place_name, present.the_geom_4326, present.the_geom_point, present.the_geom_local, present."precision", present.date_min, present.date_max, present.observers, present.determiner, present.comment_description, present.additional_data, present.id_nomenclature_geo_object_nature, present.id_nomenclature_grp_typ, present.id_nomenclature_obs_technique, present.id_nomenclature_bio_status, present.id_nomenclature_bio_condition, present.id_nomenclature_naturalness, present.id_nomenclature_exist_proof, present.id_nomenclature_life_stage, present.id_nomenclature_sex, present.id_nomenclature_obj_count, present.id_nomenclature_type_count, present.id_nomenclature_observation_status, present.id_nomenclature_blurring, present.id_nomenclature_source_status, present.id_nomenclature_info_geo_type, present.id_nomenclature_behaviour, present.id_nomenclature_biogeo_status, present.id_nomenclature_determination_method)
       is distinct from (excluded.id_dataset, excluded.reference_biblio, excluded.count_min, excluded.count_max, excluded.cd_nom, excluded.nom_cite, excluded.meta_v_taxref, excluded.sample_number_proof, excluded.digital_proof, excluded.non_digital_proof, excluded.altitude_min, excluded.altitude_max, excluded.depth_min, excluded.depth_max, excluded.place_name, excluded.the_geom_4326, excluded.the_geom_point, excluded.the_geom_local, excluded."precision", excluded.date_min, excluded.date_max, excluded.observers, excluded.determiner, excluded.comment_description, excluded.additional_data, excluded.id_nomenclature_geo_object_nature, excluded.id_nomenclature_grp_typ, excluded.id_nomenclature_obs_technique, excluded.id_nomenclature_bio_status, excluded.id_nomenclature_bio_condition, excluded.id_nomenclature_naturalness, excluded.id_nomenclature_exist_proof, excluded.id_nomenclature_life_stage, excluded.id_nomenclature_sex, excluded.id_nomenclature_obj_count, excluded.id_nomenclature_type_count, excluded.id_nomenclature_observation_status, excluded.id_nomenclature_blurring, excluded.id_nomenclature_source_status, excluded.id_nomenclature_info_geo_type, excluded.id_nomenclature_behaviour, excluded.id_nomenclature_biogeo_status, excluded.id_nomenclature_determination_method)
$sql$, (select id_source from gn_synthese.t_sources where name_source = 'GBIF'));
  get diagnostics touched = row_count;
  return touched;
end $function$;
