-- Whether GeoNature computes the sensitivity of new and changed rows, or its triggers were made to do nothing.
with triggers (name, purpose) as (values
  ('tri_insert_calculate_sensitivity', 'new rows'),
  ('tri_update_calculate_sensitivity', 'changed rows')
),
states as (
  select name, purpose,
         case
           when pg_trigger.oid is null then 'is not there'
           when tgenabled in ('D', 'R') then 'is switched off'
           when prosrc !~* 'id_nomenclature_sensitivity' then 'does nothing (its function was replaced)'
         end as flaw
    from triggers
    left join pg_trigger on tgname = name and tgrelid = 'gn_synthese.synthese'::regclass
    left join pg_proc on pg_proc.oid = tgfoid
),
rules as (select count(*) as active from gn_sensitivity.t_sensitivity_rules where active)
select case when flaw is null and active > 0 then 'ok' else 'warning' end as level,
       case
         when flaw is not null then
           format('%s %s: %s keep the sensitivity that is loaded, 0, whatever the rules say (active: %s). Restore it, or compute the sensitivity after each load and before data go out.', name, flaw, purpose, active)
         when active = 0 then
           format('%s works, and no rule is active in gn_sensitivity.t_sensitivity_rules: %s get the sensitivity 0. Load the rules before data go out.', name, purpose)
         else format('%s computes the sensitivity of %s (%s active rules).', name, purpose, active)
       end as message
  from states, rules
 order by name;
