-- A GeoNature to try pipelines on, in an empty database with PostGIS; to run again changes nothing.
-- It has the schemas, tables, constraints and triggers that a load meets, in the names of GeoNature 2.17,
-- all code lists, a few departments, and the taxa and data sets of samples/demo.zip.
-- The local projection is 2154, or the database's setting `sandbox.srid`.

\ir sandbox/1-references.sql
\ir sandbox/2-synthese.sql
\ir sandbox/3-triggers.sql
\ir sandbox/4-instance.sql
\ir sandbox/5-code-lists.sql
\ir sandbox/6-sample.sql
