-- What `runner doctor` asks of a GeoNature before the first run; psql runs it too. Nothing is changed.
-- Each check gives rows of level (ok, warning, problem, stop) and message; add your own in the same form.
\ir checks/geonature.sql
\ir checks/postgis.sql
\ir checks/columns.sql
\ir checks/rights.sql
\ir checks/source.sql
\ir checks/source-index.sql
\ir checks/projection.sql
\ir checks/taxa.sql
\ir checks/staged-taxa.sql
\ir checks/sensitivity.sql
\ir checks/areas.sql
\ir checks/loaded-before.sql
\ir checks/adoptable.sql
