-- Staged records that the INPN itself (PatriNat) has published: most GeoNatures got them from the INPN already, or gave
-- them to it. Only after a first staging.
select 'warning' as level,
       format('%s published by the INPN itself (data set %s): in the SINP already, and perhaps here. Leave the data set out of the query, or look at `--flow duplicates` after the load.',
              case count(*) when 1 then '1 staged record was' else count(*) || ' staged records were' end, dataset_key) as message
  from pinv_gbif.tmp_gbif_data
 where institution_code ~* '(^|[^[:alpha:]])(inpn|patrinat|spn)([^[:alpha:]]|$)'
 group by dataset_key
 order by count(*) desc;
