-- Not part of the sandbox: makes it one of the instances whose sensitivity triggers do nothing, so that what a load
-- writes stays. To run geonature-sandbox.sql again brings the triggers back.

create or replace function gn_synthese.fct_tri_calculate_sensitivity_on_each_statement() returns trigger
language plpgsql as $$
begin
  return null;
end;
$$;

create or replace function gn_synthese.fct_tri_update_sensitivity_on_each_row() returns trigger
language plpgsql as $$
begin
  return new;
end;
$$;
