-- Observations of the source GBIF that another source may have too: the same taxon on the same day, within the
-- precision of the place, and an observer whose name shares a word. INPN, LPO and iNaturalist republish each
-- other. For a person to look at: nothing is merged.
with ours as (
  select s.*, t.cd_ref, t.lb_nom
    from gn_synthese.synthese as s
    join gn_synthese.t_sources using (id_source)
    join taxonomie.taxref as t using (cd_nom)
   where name_source = 'GBIF'
),
theirs as (
  select s.*, t.cd_ref, name_source
    from gn_synthese.synthese as s
    join gn_synthese.t_sources using (id_source)
    join taxonomie.taxref as t using (cd_nom)
   where name_source <> 'GBIF'
)
select ours.id_synthese, ours.entity_source_pk_value as "gbifID", ours.cd_ref, ours.lb_nom, ours.date_min::date as day,
       round(ST_Distance(ours.the_geom_local, theirs.the_geom_local)) as distance_m, ours.observers,
       theirs.name_source as other_source, theirs.id_synthese as other_id_synthese,
       theirs.entity_source_pk_value as other_key, theirs.observers as other_observers
  from ours
  join theirs on theirs.cd_ref = ours.cd_ref and theirs.date_min::date = ours.date_min::date
 -- A place without a precision counts as 100 m.
 where ST_DWithin(ours.the_geom_local, theirs.the_geom_local, greatest(ours.precision, theirs.precision, 100))
   and exists (
     select from regexp_split_to_table(lower(ours.observers), '[^[:alpha:]]+') as word
      where length(word) > 2
        and word = any (regexp_split_to_array(lower(theirs.observers), '[^[:alpha:]]+'))
   )
 order by ours.id_synthese, theirs.id_synthese
