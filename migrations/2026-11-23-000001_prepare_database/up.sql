CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- unaccent() is only STABLE because its dictionary could change; generated columns and indexes need IMMUTABLE.
CREATE FUNCTION fold(input text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN lower(public.unaccent('public.unaccent'::regdictionary, input));
COMMENT ON FUNCTION fold(text) IS 'Lower case without accents: the form in which text is searched.';

-- Great-circle distance on a sphere of the mean Earth radius (IUGG R1); points are (longitude, latitude).
CREATE FUNCTION distance_m(a point, b point) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN 2 * 6371008.8 * asin(least(1, sqrt(
        sin(radians(b[1] - a[1]) / 2) ^ 2
        + cos(radians(a[1])) * cos(radians(b[1])) * sin(radians(b[0] - a[0]) / 2) ^ 2)));
COMMENT ON FUNCTION distance_m(point, point) IS 'Haversine distance in metres.';
