-- The taxa of the records that are staged: what share of them is known here. Only after a first staging.
with staged as (
  select coalesce(scientific_name, '(no name)') as name, taxonkey, accepted_taxon_key, species_key, count(*) as records
    from pinv_gbif.tmp_gbif_data group by 1, 2, 3, 4
),
-- All at once: taxref_liens has no index on the key.
linked as materialized (
  select distinct taxon_key from pinv_gbif.v_taxon_link
   where taxon_key in (select unnest(array[taxonkey, accepted_taxon_key, species_key]) from staged)
),
known as (
  select name, records,
         taxonkey in (select taxon_key from linked)
           or accepted_taxon_key in (select taxon_key from linked)
           or species_key in (select taxon_key from linked)
           or taxonkey in (select taxon_key from pinv_gbif.cor_taxon where taxon_key is not null)
           or name in (select scientific_name from pinv_gbif.cor_taxon where taxon_key is null) as is_known
    from staged
),
unknown as (
  select name, sum(records) as records, row_number() over (order by sum(records) desc, name) as rank
    from known where is_known is not true group by name
),
counts as (
  select sum(records) as records, coalesce(sum(records) filter (where is_known is not true), 0) as lost,
         (select string_agg(format('%s (%s)', name, records), ', ' order by rank) from unknown where rank <= 5) as most
    from known
)
select case when lost = 0 then 'ok' else 'warning' end as level,
       case
         when lost = 0 then format('All %s staged records have a taxon that is known here.', records)
         else format('%s of %s staged records have a taxon without a link to TaxRef, most of all: %s. Fill pinv_gbif.cor_taxon (taxon_key, scientific_name, cd_nom) for them.', lost, records, most)
       end as message
  from counts where records > 0;
