-- The source GBIF, which setup makes.
select case
         when found = 0 and can_make then 'ok'
         when found <> 1 then 'problem'
         when url is distinct from link then 'warning'
         else 'ok'
       end as level,
       case
         when found > 1 then
           format('gn_synthese.t_sources has %s sources GBIF (id_source %s). Keep one, and move the rows of the others to it.', found, ids)
         when found = 0 and can_make then 'There is no source GBIF yet: setup makes it.'
         when found = 0 then
           format(E'There is no source GBIF, and role %s may not make it. Who administers this GeoNature runs:\n'
                  '  insert into gn_synthese.t_sources (name_source, desc_source, entity_source_pk_field, url_source) values (''GBIF'', ''Global Biodiversity Information Facility'', ''gbifID'', %L);', current_user, link)
         when url is distinct from link then
           format('The link of the source GBIF is %s, and not %s, so that records are not found by it. Setup fills one that is empty and leaves any other.', coalesce(url, 'empty'), link)
         else format('The source GBIF is there (id_source %s).', ids)
       end as message
  from (
    select count(*) as found, string_agg(id_source::text, ', ' order by id_source) as ids, max(url_source) as url,
           'https://www.gbif.org/occurrence' as link,
           has_table_privilege('gn_synthese.t_sources', 'insert')
             and has_sequence_privilege('gn_synthese.t_sources_id_source_seq', 'usage') as can_make
      from gn_synthese.t_sources where name_source = 'GBIF'
  ) as sources;
