-- The local projection is that of the synthese, and should be that of the areas too.
select case
         when srid is null or not is_known then 'problem'
         when areas is distinct from srid then 'warning'
         else 'ok'
       end as level,
       case
         when srid is null then 'gn_synthese.synthese has no column the_geom_local with a projection. Is the GeoNature whole?'
         when not is_known then format('The local projection, SRID %s, is not in spatial_ref_sys. Add it, or reinstall PostGIS.', srid)
         when areas is distinct from srid then
           format('The local projection of the synthese is %s, that of ref_geo.l_areas %s: rows would not be linked to areas. Bring the two in line.', srid, coalesce(areas::text, 'none'))
         else format('The local projection is %s, of the areas too.', srid)
       end as message
  from (
    select max(postgis_typmod_srid(atttypmod)) filter (where nspname = 'gn_synthese') as srid,
           max(postgis_typmod_srid(atttypmod)) filter (where nspname = 'ref_geo') as areas
      from pg_attribute
      join pg_class on pg_class.oid = attrelid
      join pg_namespace on pg_namespace.oid = relnamespace
     where (nspname, relname, attname) in (('gn_synthese', 'synthese', 'the_geom_local'), ('ref_geo', 'l_areas', 'geom'))
  ) as projections,
  lateral (select exists (select from spatial_ref_sys where spatial_ref_sys.srid = projections.srid)) as known (is_known);
