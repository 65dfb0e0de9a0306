CREATE FUNCTION region_lines(codes text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN ARRAY(SELECT DISTINCT left(code, length) FROM unnest(codes) AS code, unnest(ARRAY[2, 5, 8, 13]) AS length ORDER BY 1);
COMMENT ON FUNCTION region_lines(text[]) IS 'These regions (Kemendagri codes) and all above them.';

ALTER TABLE mentors
    ADD COLUMN region_lines text[] NOT NULL GENERATED ALWAYS AS (region_lines(regions)) STORED,
    ADD CONSTRAINT mentors_languages_known CHECK (languages <@ ARRAY
        ['id', 'en', 'jv', 'su', 'min', 'bug', 'ban', 'mad', 'ace', 'bjn', 'bbc', 'mak', 'sas', 'ms', 'pmy', 'zh', 'ja', 'ar', 'inl']);
COMMENT ON COLUMN mentors.region_lines IS 'The regions and all above them: who looks in a province finds mentors of its towns.';
CREATE INDEX mentors_languages_idx ON mentors USING gin (languages);
CREATE INDEX mentors_regions_idx ON mentors USING gin (regions);
CREATE INDEX mentors_region_lines_idx ON mentors USING gin (region_lines);

ALTER TABLE offerings
    ADD CONSTRAINT offerings_place_in_person CHECK (mode <> 'in_person' OR place IS NOT NULL);
