-- Ajoute la source
create schema if not exists s;
comment on schema s is 'Données déjà vues';
