-- How GBIF's taxa are found in TaxRef, as two views that the flow `synthese` looks up in. Run before every load.

-- By key. GBIF's own keys are in TaxRef's links; those of the Catalogue of Life lead there by cor_taxon_key.
create or replace view pinv_gbif.v_taxon_link as
select taxref_liens.ct_sp_id::text as taxon_key, taxref.cd_nom, taxref.cd_ref
  from taxonomie.taxref_liens
  join taxonomie.taxref using (cd_nom)
 where taxref_liens.ct_name = 'GBIF'
union all
select cor_taxon_key.col_key, taxref.cd_nom, taxref.cd_ref
  from pinv_gbif.cor_taxon_key
  join taxonomie.taxref_liens on taxref_liens.ct_sp_id = cor_taxon_key.gbif_key and taxref_liens.ct_name = 'GBIF'
  join taxonomie.taxref using (cd_nom);

-- By name, author and year included.
create or replace view pinv_gbif.v_taxon_name as
select nom_complet::text as name, cd_nom from taxonomie.taxref where nom_complet is not null
union
select lb_nom || ' ' || lb_auteur, cd_nom from taxonomie.taxref where lb_auteur <> '';
