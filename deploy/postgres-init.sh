#!/bin/sh
# PostgreSQL's image runs this once, on an empty volume: an account that is no superuser, and its database.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat /run/secrets/karya_database_password`
CREATE ROLE karya LOGIN PASSWORD :'password';
-- So that the worker sees how far delta sync is behind, whoever writes.
GRANT pg_read_all_stats TO karya;
CREATE DATABASE karya OWNER karya;
SQL
