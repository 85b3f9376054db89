-- What happens by itself when rows change. The costs and the traps are those of GeoNature 2.17:
-- docs/geonature.md lists them, bench/triggers.ts measures them.

-- The date of creation or change of the source can never be stored in these columns.
create or replace function gn_commons.fct_trg_meta_dates_change() returns trigger
language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.meta_create_date = now();
  else
    new.meta_update_date = now();
    if new.meta_create_date is null then
      new.meta_create_date = now();
    end if;
  end if;
  return new;
end;
$$;

create or replace trigger tri_meta_dates_change_synthese before insert or update on gn_synthese.synthese
  for each row execute function gn_commons.fct_trg_meta_dates_change();
create or replace trigger tri_meta_dates_change_t_sources before insert or update on gn_synthese.t_sources
  for each row execute function gn_commons.fct_trg_meta_dates_change();
create or replace trigger tri_meta_dates_change_t_datasets before insert or update on gn_meta.t_datasets
  for each row execute function gn_commons.fct_trg_meta_dates_change();
create or replace trigger tri_meta_dates_change_t_acquisition_frameworks
  before insert or update on gn_meta.t_acquisition_frameworks
  for each row execute function gn_commons.fct_trg_meta_dates_change();
create or replace trigger tri_meta_dates_change_t_medias before insert or update on gn_commons.t_medias
  for each row execute function gn_commons.fct_trg_meta_dates_change();

-- Sensitivity.

create or replace function taxonomie.find_cdref(mycdnom integer) returns integer
language plpgsql stable as $$
declare
  answer integer;
begin
  select cd_ref into answer from taxonomie.taxref where cd_nom = mycdnom;
  return answer;
end;
$$;

-- The severest of the rules that hold for the taxon on that day, at that place, for what it was doing.
create or replace function gn_sensitivity.get_id_nomenclature_sensitivity(
  my_date_obs date, my_cd_ref integer, my_geom geometry, my_criterias jsonb
) returns integer
language plpgsql as $$
declare
  answer integer;
begin
  select rule.id_nomenclature_sensitivity into answer
    from gn_sensitivity.t_sensitivity_rules as rule
    join taxonomie.taxref as taxon using (cd_nom)
   where rule.active and taxon.cd_ref = my_cd_ref
     and my_date_obs >= current_date - make_interval(years => rule.sensitivity_duration)
     and (rule.date_min is null
          or to_char(my_date_obs, 'MMDD') between to_char(rule.date_min, 'MMDD') and to_char(rule.date_max, 'MMDD'))
     and (not exists (select from gn_sensitivity.cor_sensitivity_area as link
                       where link.id_sensitivity = rule.id_sensitivity)
          or exists (select from gn_sensitivity.cor_sensitivity_area as link
                       join ref_geo.l_areas as area using (id_area)
                      where link.id_sensitivity = rule.id_sensitivity and st_intersects(area.geom, my_geom)))
     and (not exists (select from gn_sensitivity.cor_sensitivity_criteria as link
                       where link.id_sensitivity = rule.id_sensitivity)
          or exists (select from gn_sensitivity.cor_sensitivity_criteria as link
                       join jsonb_each_text(my_criterias) as given on given.value = link.id_criteria::text
                      where link.id_sensitivity = rule.id_sensitivity))
   order by ref_nomenclatures.get_cd_nomenclature(rule.id_nomenclature_sensitivity) desc
   limit 1;
  return coalesce(answer, ref_nomenclatures.get_id_nomenclature('SENSIBILITE', '0'));
end;
$$;

-- Writes every new row a second time, whatever sensitivity was inserted.
create or replace function gn_synthese.fct_tri_calculate_sensitivity_on_each_statement() returns trigger
language plpgsql as $$
begin
  update gn_synthese.synthese as target
     set id_nomenclature_sensitivity = gn_sensitivity.get_id_nomenclature_sensitivity(
           new_row.date_min::date, taxonomie.find_cdref(new_row.cd_nom), new_row.the_geom_local,
           jsonb_build_object(
             'STATUT_BIO', new_row.id_nomenclature_bio_status, 'OCC_COMPORTEMENT', new_row.id_nomenclature_behaviour))
    from new_rows as new_row
   where target.id_synthese = new_row.id_synthese;
  return null;
end;
$$;

create or replace trigger tri_insert_calculate_sensitivity after insert on gn_synthese.synthese
  referencing new table as new_rows
  for each statement execute function gn_synthese.fct_tri_calculate_sensitivity_on_each_statement();

create or replace function gn_synthese.fct_tri_update_sensitivity_on_each_row() returns trigger
language plpgsql as $$
begin
  new.id_nomenclature_sensitivity = gn_sensitivity.get_id_nomenclature_sensitivity(
    new.date_min::date, taxonomie.find_cdref(new.cd_nom), new.the_geom_local,
    jsonb_build_object(
      'STATUT_BIO', new.id_nomenclature_bio_status, 'OCC_COMPORTEMENT', new.id_nomenclature_behaviour));
  return new;
end;
$$;

-- Fires as soon as one of the columns is in the SET list, whether it changes or not.
create or replace trigger tri_update_calculate_sensitivity
  before update of date_min, date_max, cd_nom, the_geom_local, id_nomenclature_bio_status, id_nomenclature_behaviour
  on gn_synthese.synthese
  for each row execute function gn_synthese.fct_tri_update_sensitivity_on_each_row();

-- Areas. A point on a border is in both areas; a line or a polygon that only touches one is not in it. That it
-- touches is asked first, and of points too: so it costs what it costs in a GeoNature.

create or replace function gn_synthese.fct_trig_l_areas_insert_cor_area_synthese_on_each_statement() returns trigger
language plpgsql as $$
begin
  insert into gn_synthese.cor_area_synthese (id_synthese, id_area)
  select new_row.id_synthese, area.id_area
    from new_rows as new_row
    join ref_geo.l_areas as area on st_intersects(area.geom, new_row.the_geom_local)
   where area.enable
     and (not st_touches(area.geom, new_row.the_geom_local) or geometrytype(new_row.the_geom_local) = 'POINT');
  return null;
end;
$$;

create or replace trigger tri_insert_cor_area_synthese after insert on gn_synthese.synthese
  referencing new table as new_rows
  for each statement execute function gn_synthese.fct_trig_l_areas_insert_cor_area_synthese_on_each_statement();

-- A query for each row and type of area, planned each time: so it costs what was measured in a GeoNature, several
-- times what the same rows cost in one statement.
create or replace function gn_synthese.fct_trig_update_in_cor_area_synthese() returns trigger
language plpgsql as $$
declare
  type integer;
begin
  delete from gn_synthese.cor_area_synthese where id_synthese = new.id_synthese;
  for type in select id_type from ref_geo.bib_areas_types loop
    execute $query$
      insert into gn_synthese.cor_area_synthese (id_synthese, id_area)
      select $1, area.id_area
        from ref_geo.l_areas as area
       where area.enable and area.id_type = $3 and st_intersects(area.geom, $2)
         and (not st_touches(area.geom, $2) or geometrytype($2) = 'POINT')
    $query$ using new.id_synthese, new.the_geom_local, type;
  end loop;
  return null;
end;
$$;

-- Fires even when the geometry in the SET list is the one that is there.
create or replace trigger tri_update_cor_area_synthese after update of the_geom_local, the_geom_4326
  on gn_synthese.synthese
  for each row execute function gn_synthese.fct_trig_update_in_cor_area_synthese();

create or replace function gn_synthese.fct_trig_l_areas_change() returns trigger
language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    delete from gn_synthese.cor_area_synthese where id_area in (select id_area from changed_areas);
  end if;
  insert into gn_synthese.cor_area_synthese (id_synthese, id_area)
  select observation.id_synthese, area.id_area
    from changed_areas as area
    join gn_synthese.synthese as observation on st_intersects(area.geom, observation.the_geom_local)
   where area.enable
     and (not st_touches(area.geom, observation.the_geom_local) or geometrytype(observation.the_geom_local) = 'POINT');
  return null;
end;
$$;

create or replace trigger tri_insert_cor_area_synthese after insert on ref_geo.l_areas
  referencing new table as changed_areas
  for each statement execute function gn_synthese.fct_trig_l_areas_change();
create or replace trigger tri_update_cor_area_synthese after update on ref_geo.l_areas
  referencing new table as changed_areas
  for each statement execute function gn_synthese.fct_trig_l_areas_change();

-- Deleted rows leave a line for those who copy the synthese.

create or replace function gn_synthese.fct_tri_log_delete_on_synthese() returns trigger
language plpgsql as $$
begin
  insert into gn_synthese.t_log_synthese (id_synthese, last_action, meta_last_action_date)
  select id_synthese, 'D', now() from old_rows
  on conflict (id_synthese) do update
    set last_action = excluded.last_action, meta_last_action_date = excluded.meta_last_action_date;
  return null;
end;
$$;

create or replace trigger tri_log_delete_synthese after delete on gn_synthese.synthese
  referencing old table as old_rows
  for each statement execute function gn_synthese.fct_tri_log_delete_on_synthese();

-- Observers that have an account replace the text.

create or replace function gn_synthese.fct_tri_maj_observers_txt() returns trigger
language plpgsql as $$
declare
  changed integer := case when tg_op = 'DELETE' then old.id_synthese else new.id_synthese end;
begin
  update gn_synthese.synthese
     set observers = (
           select string_agg(concat_ws(' ', nom_role, prenom_role), ', ' order by nom_role, prenom_role)
             from gn_synthese.cor_observer_synthese join utilisateurs.t_roles using (id_role)
            where id_synthese = changed)
   where id_synthese = changed;
  return null;
end;
$$;

create or replace trigger trg_maj_synthese_observers_txt after insert or update or delete
  on gn_synthese.cor_observer_synthese
  for each row execute function gn_synthese.fct_tri_maj_observers_txt();

-- A validation hangs on the uuid, which no foreign key protects.

create or replace function gn_commons.fct_trg_add_validation_status() returns trigger
language plpgsql as $$
begin
  update gn_synthese.synthese
     set id_nomenclature_valid_status = new.id_nomenclature_valid_status,
         validation_comment = new.validation_comment,
         meta_validation_date = new.validation_date,
         validator = (select concat_ws(' ', nom_role, prenom_role) from utilisateurs.t_roles
                       where id_role = new.id_validator)
   where unique_id_sinp = new.uuid_attached_row;
  return null;
end;
$$;

create or replace trigger tri_insert_synthese_update_validation_status after insert on gn_commons.t_validations
  for each row execute function gn_commons.fct_trg_add_validation_status();

-- One line of history for each medium.

create or replace function gn_commons.fct_trg_log_changes() returns trigger
language plpgsql as $$
declare
  changed gn_commons.t_medias := case when tg_op = 'DELETE' then old else new end;
begin
  insert into gn_commons.t_history_actions
    (id_table_location, uuid_attached_row, operation_type, operation_date, table_content)
  values (changed.id_table_location, changed.unique_id_media, left(tg_op, 1), now(), row_to_json(changed));
  return null;
end;
$$;

create or replace trigger tri_log_changes_t_medias after insert or update or delete on gn_commons.t_medias
  for each row execute function gn_commons.fct_trg_log_changes();
