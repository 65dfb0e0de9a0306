DROP FUNCTION distance_m(point, point);
DROP FUNCTION fold(text);
DROP EXTENSION pgcrypto;
DROP EXTENSION unaccent;
DROP EXTENSION btree_gist;
DROP EXTENSION pg_trgm;
DROP EXTENSION citext;
