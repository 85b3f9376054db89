-- A GeoNature to try pipelines on, in an empty database with PostGIS; to run again changes nothing.
-- It has the schemas, tables, constraints and triggers that a load meets, in the names of GeoNature 2.17,
-- all code lists, a few departments, and the taxa and data sets of samples/demo.zip.
-- The local projection is 2154, or the database's setting `sandbox.srid`.

-- Its functions and triggers have GeoNature's names: in a true GeoNature they would take the place of its own.
do $$
begin
  if not exists (select from pg_namespace where nspname = 'gn_synthese') then
    create schema gn_synthese;
    comment on schema gn_synthese is 'sandbox';
  elsif obj_description('gn_synthese'::regnamespace, 'pg_namespace') is distinct from 'sandbox' then
    raise exception 'database % has a GeoNature already, and the sandbox would overwrite it. Leave sql/geonature-sandbox.sql out of `setup`, or name an empty database', current_database();
  end if;
end $$;

\ir sandbox/1-references.sql
\ir sandbox/2-synthese.sql
\ir sandbox/3-triggers.sql
\ir sandbox/4-instance.sql
\ir sandbox/5-code-lists.sql
\ir sandbox/6-sample.sql
