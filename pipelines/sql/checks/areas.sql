-- Whether GeoNature links new rows to its areas.
with counts as (
  select (select count(*) from ref_geo.l_areas where enable) as areas,
         (select count(*) from pg_trigger
           where tgrelid = 'gn_synthese.synthese'::regclass and tgname = 'tri_insert_cor_area_synthese'
             and tgenabled in ('O', 'A')) as triggers
)
select case when areas > 0 and triggers > 0 then 'ok' else 'warning' end as level,
       case
         when triggers = 0 then
           'tri_insert_cor_area_synthese is not there or switched off: new rows are not linked to areas. Link them after each load, or restore it.'
         when areas = 0 then 'ref_geo.l_areas has no area that is enabled: new rows are linked to none.'
         else format('New rows are linked to %s areas.', areas)
       end as message
  from counts;
