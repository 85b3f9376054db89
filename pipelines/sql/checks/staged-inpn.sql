-- Staged records that the INPN itself (PatriNat) has published: most GeoNatures got them from the INPN already, or gave
-- them to it. Only after a first staging.
select 'warning' as level,
       format('%s staged records were published by the INPN itself (data set %s): they are in the SINP already, and perhaps here. Leave the data set out of the query, or look at `--flow duplicates` after the load.', count(*), dataset_key) as message
  from pinv_gbif.tmp_gbif_data
 where institution_code ~* '(^|[^[:alpha:]])(inpn|patrinat|spn)([^[:alpha:]]|$)'
 group by dataset_key
 order by count(*) desc;
