-- Columns that setup and lookups read; those of the synthese are checked with the flow that writes them.
with needed (relation, columns) as (values
  ('gn_synthese.t_sources', 'id_source, name_source, desc_source, entity_source_pk_field, url_source'),
  ('gn_synthese.synthese', 'id_synthese, id_source, entity_source_pk_value, unique_id_sinp, id_dataset, cd_nom'),
  ('gn_meta.t_datasets', 'id_dataset, unique_dataset_id'),
  ('gn_commons.t_parameters', 'parameter_name, parameter_value, id_organism'),
  ('ref_nomenclatures.bib_nomenclatures_types', 'id_type, mnemonique'),
  ('ref_nomenclatures.t_nomenclatures', 'id_nomenclature, id_type, cd_nomenclature, active, statut'),
  ('taxonomie.taxref', 'cd_nom, cd_ref, regne, nom_complet, lb_nom, lb_auteur'),
  ('taxonomie.taxref_liens', 'cd_nom, ct_name, ct_sp_id')
),
lacking as (
  select relation || '.' || name as name
    from needed, unnest(string_to_array(columns, ', ')) as name
   where not exists (
     select from pg_attribute
       join pg_class on pg_class.oid = attrelid
       join pg_namespace on pg_namespace.oid = relnamespace
      where nspname || '.' || relname = relation and attname = name and not attisdropped)
)
select case when count(*) = 0 then 'ok' else 'problem' end as level,
       case
         when count(*) = 0 then 'The tables of GeoNature have all columns that setup and flows read.'
         else format('GeoNature lacks %s. Update it: the pipelines are tested with 2.17.', string_agg(name, ', ' order by name))
       end as message
  from lacking;
