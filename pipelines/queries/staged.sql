-- The staged records with what else is known of them: one row each, for `map_sinp`.
select
  t.*,
  u.uuid as inaturalist_uuid,
  u.status as inaturalist_status,
  m.media_urls,
  -- What the data must be cited as: the download of the last run that filled the staging table.
  (
    select c.doi
      from runner.citation c
     where c.doi is not null and c.run = (select max(f.run) from runner.flow f where f.flow = 'occurrences')
     order by c.doi
     limit 1
  ) as download_doi
from pinv_gbif.tmp_gbif_data t
left join pinv_gbif.cor_uuid_inaturalist u using (id_inaturalist)
left join (
  select gbif_id, json_agg(distinct media_url order by media_url)::text as media_urls
    from pinv_gbif.cor_multimedia
   where media_url is not null
   group by gbif_id
) m using (gbif_id)
