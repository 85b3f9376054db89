create schema if not exists s;

\ir not-there.sql
