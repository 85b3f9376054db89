create schema if not exists s;
\ir circle-back.sql
