-- The tables of the hand procedure; text where its types refuse real values (dates, taxon keys).
create schema if not exists bench;

create table if not exists bench.tmp_gbif_data (
  gbif_id bigint primary key,
  modified text,
  "references" text,
  basis_of_record text,
  occurrence_id text,
  recorded_by text,
  individual_count text,
  sex text,
  life_stage text,
  reproductive_condition text,
  caste text,
  behavior text,
  vitality text,
  occurrence_status text,
  occurrence_remarks text,
  event_date text,
  verbatim_locality text,
  decimal_latitude numeric,
  decimal_longitude numeric,
  coordinate_uncertainty_meters text,
  identified_by text,
  scientific_name text,
  dataset_key uuid,
  issue text,
  taxonkey text,
  verbatim_scientific_name text
);

create table if not exists bench.cor_multimedia (
  gbif_id bigint,
  media_url text
);
