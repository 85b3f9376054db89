-- How much of TaxRef can be found by GBIF's keys.
with links as (
  select distinct cd_nom from taxonomie.taxref_liens where ct_name = 'GBIF' and ct_sp_id <> ''
),
counts as (
  select count(*) as taxa,
         count(*) filter (where cd_nom in (select cd_nom from links)) as linked,
         (select count(*) from links) as links
    from taxonomie.taxref where cd_nom = cd_ref and regne = 'Animalia'
)
select case
         when links = 0 then 'problem'
         when linked < taxa * 0.8 then 'warning'
         else 'ok'
       end as level,
       case
         when links = 0 then
           'taxonomie.taxref_liens has no link to GBIF, so that no taxon would be found. Import the links of TaxRef (`geonature taxref` of TaxHub), or fill pinv_gbif.cor_taxon by hand.'
         else format('%s of %s accepted animal taxa of TaxRef (%s %%) have a link to GBIF.%s', linked, taxa,
                     round(100.0 * linked / greatest(taxa, 1)),
                     case when linked < taxa * 0.8 then
                       ' Records of the others are rejected as taxon_unknown: `taxa_by_name: true` finds some, pinv_gbif.cor_taxon takes the rest.'
                     end)
       end as message
  from counts;
