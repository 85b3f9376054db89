-- As many areas as a region has, for the bench: 14,455 made-up ones over Auvergne-Rhône-Alpes, of which a point
-- is in about four. Two grids, of 10 and 5 km, and 7,575 "communes" with 720 corners that overlap.
-- With so many corners the triggers cost what they were measured to cost in a GeoNature.

insert into ref_geo.l_areas (id_type, area_name, area_code, geom, centroid, source)
select id_type, format('%s km %s %s', size / 1000, x, y), format('%skmE%sN%s', size / 1000, x, y),
       st_multi(square), st_centroid(square), 'bench'
  from (values ('M10', 10000, 43, 32), ('M5', 5000, 86, 64)) as grid (code, size, columns, rows)
  join ref_geo.bib_areas_types on type_code = code,
       generate_series(1, columns) as x, generate_series(1, rows) as y,
       st_makeenvelope(640000 + (x - 1) * size, 6330000 + (y - 1) * size, 640000 + x * size, 6330000 + y * size, 2154)
         as square
on conflict do nothing;

insert into ref_geo.l_areas (id_type, area_name, area_code, geom, centroid, source)
select id_type, format('Commune %s', number), format('B%s', number), st_multi(border), st_centroid(border), 'bench'
  from ref_geo.bib_areas_types,
       generate_series(0, 7574) as number,
       lateral (
         select st_makepolygon(st_addpoint(line, st_startpoint(line))) as border
           from (select st_makeline(st_setsrid(st_makepoint(
                          640000 + 430000 * ((number % 101) + 0.5) / 101 + radius * cos(angle),
                          6330000 + 320000 * ((number / 101) + 0.5) / 75 + radius * sin(angle)), 2154) order by angle) as line
                   from (select corner * 2 * pi() / 720 as angle,
                                3500 * (1 + 0.08 * sin(corner * 2 * pi() * 9 / 720 + number)) as radius
                           from generate_series(0, 719) as corner) as corners) as ring
       ) as commune
 where type_code = 'COM'
on conflict do nothing;

analyze ref_geo.l_areas;
