-- and back
\ir circle.sql
