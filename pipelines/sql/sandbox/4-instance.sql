-- What an instance has of its own: organisations, a validator, parameters, areas.

insert into utilisateurs.bib_organismes (id_organisme, nom_organisme)
values (0, 'ALL'), (1, 'Observatoire régional des invertébrés'), (2, 'Autre')
on conflict (id_organisme) do nothing;

insert into utilisateurs.t_roles (id_role, groupe, identifiant, nom_role, prenom_role, id_organisme)
values (1, true, null, 'Validateurs', null, null),
       (2, false, 'validatrice', 'CURIE', 'Marie', 1),
       (3, false, 'observateur', 'FABRE', 'Jean-Henri', 1)
on conflict (id_role) do nothing;

insert into gn_commons.t_modules (id_module, module_code, module_label, module_path, active_frontend, active_backend)
values (1, 'GEONATURE', 'GeoNature', 'geonature', true, false),
       (2, 'SYNTHESE', 'Synthèse', 'synthese', true, false),
       (3, 'IMPORT', 'Import', 'import', true, true)
on conflict (id_module) do nothing;

insert into gn_commons.t_parameters (parameter_name, parameter_desc, parameter_value)
select 'taxref_version', 'Version of TaxRef', 'Taxref V17.0'
 where not exists (select from gn_commons.t_parameters where parameter_name = 'taxref_version');
insert into taxonomie.t_meta_taxref (referencial_name, version) values ('taxref', 17) on conflict do nothing;

insert into gn_commons.bib_tables_location (table_desc, schema_name, table_name, pk_field, uuid_field_name)
values ('Observations', 'gn_synthese', 'synthese', 'id_synthese', 'unique_id_sinp'),
       ('Médias', 'gn_commons', 't_medias', 'id_media', 'unique_id_media')
on conflict (schema_name, table_name) do nothing;

insert into gn_synthese.t_sources (name_source, desc_source, entity_source_pk_field)
values ('Occtax', 'Observations that were typed in', 'pr_occtax.cor_counting_occtax.id_counting_occtax')
on conflict (name_source) do nothing;

-- The rows above have numbers of their own; the sequences go on behind them.
select setval('utilisateurs.bib_organismes_id_organisme_seq', (select max(id_organisme) from utilisateurs.bib_organismes)),
       setval('utilisateurs.t_roles_id_role_seq', (select max(id_role) from utilisateurs.t_roles)),
       setval('gn_commons.t_modules_id_module_seq', (select max(id_module) from gn_commons.t_modules));

insert into ref_geo.bib_areas_types (type_name, type_code, type_desc)
values ('Communes', 'COM', 'Type commune'),
       ('Départements', 'DEP', 'Type département'),
       ('Régions', 'REG', 'Type région'),
       ('Mailles 10*10', 'M10', 'Type maille INPN 10*10km'),
       ('Mailles 5*5', 'M5', 'Type maille INPN 5*5km')
on conflict (type_code) do nothing;

-- Half of the region's departments, their borders much simplified.
insert into ref_geo.l_areas (id_type, area_name, area_code, geom, centroid, source, geom_4326, meta_create_date)
select id_type, name, code, st_transform(border, srid), st_transform(st_centroid(border), srid), 'sandbox', border, now()
  from ref_geo.bib_areas_types,
       (values
         ('01', 'Ain', '4.85 45.83,4.74 45.95,4.75 46.05,4.79 46.18,4.85 46.26,4.94 46.51,5.20 46.50,5.31 46.45,5.41 46.32,5.47 46.27,5.65 46.33,5.73 46.26,5.95 46.31,6.06 46.42,6.17 46.37,6.12 46.25,5.96 46.13,5.83 46.10,5.80 45.95,5.78 45.75,5.62 45.61,5.42 45.73,5.20 45.79,5.00 45.81,4.85 45.83'),
         ('26', 'Drôme', '4.80 45.31,4.92 45.30,5.15 45.12,5.30 45.06,5.50 44.88,5.45 44.72,5.65 44.69,5.80 44.65,5.63 44.50,5.45 44.42,5.55 44.28,5.68 44.19,5.50 44.12,5.30 44.15,5.15 44.22,4.99 44.28,4.81 44.27,4.65 44.33,4.70 44.56,4.77 44.72,4.84 44.90,4.83 45.05,4.80 45.18,4.80 45.31'),
         ('38', 'Isère', '5.10 45.62,5.16 45.77,5.20 45.79,5.42 45.73,5.62 45.61,5.70 45.53,5.85 45.45,6.00 45.44,6.13 45.44,6.20 45.30,6.12 45.18,6.26 45.12,6.33 45.07,6.26 44.98,6.36 44.85,5.97 44.82,5.80 44.75,5.65 44.69,5.45 44.72,5.50 44.88,5.30 45.06,5.15 45.12,4.92 45.30,4.80 45.31,4.76 45.45,4.87 45.53,5.10 45.62'),
         ('42', 'Loire', '3.69 45.99,3.80 45.83,3.75 45.62,3.90 45.36,4.10 45.36,4.37 45.26,4.56 45.23,4.76 45.33,4.76 45.45,4.53 45.62,4.37 45.74,4.36 45.90,4.25 46.05,4.39 46.22,4.25 46.26,3.90 46.27,3.79 46.20,3.69 45.99'),
         ('63', 'Puy-de-Dôme', '2.56 46.14,2.80 46.24,3.10 46.10,3.40 46.06,3.69 45.99,3.80 45.83,3.75 45.62,3.90 45.36,3.55 45.38,3.40 45.40,3.10 45.35,2.90 45.32,2.61 45.48,2.50 45.74,2.38 45.82,2.57 45.97,2.56 46.14'),
         ('69', 'Rhône', '4.39 46.22,4.60 46.29,4.79 46.18,4.75 46.05,4.74 45.95,4.85 45.83,5.00 45.81,5.20 45.79,5.16 45.77,5.10 45.62,4.87 45.53,4.76 45.45,4.53 45.62,4.37 45.74,4.36 45.90,4.25 46.05,4.39 46.22')
       ) as department (code, name, corners),
       st_multi(st_geomfromtext('POLYGON((' || corners || '))', 4326)) as border,
       find_srid('ref_geo', 'l_areas', 'geom') as srid
 where type_code = 'DEP'
   and not exists (select from ref_geo.l_areas as present where present.id_type = bib_areas_types.id_type and area_code = code);
