-- PostGIS makes the geometries.
select case when extversion is null then 'problem' else 'ok' end as level,
       case
         when extversion is not null then format('PostGIS %s.', extversion)
         when exists (select from pg_available_extensions where name = 'postgis') then
           'PostGIS is not in this database. A superuser runs: create extension postgis schema public;'
         else 'PostGIS is not installed on this server. Install its package, then: create extension postgis schema public;'
       end as message
  from (select) as one left join pg_extension on extname = 'postgis';
