-- Rows of the source GBIF that count as not sensitive although a rule is active for their taxon. A rule may hold for
-- some places, dates or behaviours alone, so this is to be looked at, and need not be wrong.
with rules as (
  select distinct cd_ref from gn_sensitivity.t_sensitivity_rules join taxonomie.taxref using (cd_nom) where active
),
counts as (
  select lb_nom, count(*) as rows
    from gn_synthese.synthese as s
    join gn_synthese.t_sources using (id_source)
    join taxonomie.taxref as t using (cd_nom)
   where name_source = 'GBIF' and t.cd_ref in (select cd_ref from rules)
     and s.id_nomenclature_sensitivity = ref_nomenclatures.get_id_nomenclature('SENSIBILITE', '0')
   group by lb_nom
),
most as (
  select string_agg(format('%s (%s)', lb_nom, rows), ', ' order by rows desc, lb_nom) as taxa
    from (select * from counts order by rows desc, lb_nom limit 5) as first
)
select case when sum(rows) is null then 'ok' else 'warning' end as level,
       case
         when sum(rows) is null then 'No row from GBIF counts as not sensitive although its taxon has a rule.'
         else format('Rows from GBIF that count as not sensitive although their taxon has a rule: %s, most of all %s. A rule may hold for some places or dates alone; if the triggers did nothing when they were loaded, or a rule is newer than the rows, compute their sensitivity anew before data go out: with the triggers at work, `update gn_synthese.synthese set cd_nom = cd_nom where id_source = %s;` does.', sum(rows), (select taxa from most), (select id_source from gn_synthese.t_sources where name_source = 'GBIF'))
       end as message
  from counts
having exists (select from gn_synthese.synthese join gn_synthese.t_sources using (id_source) where name_source = 'GBIF');
