CREATE TABLE reference_datasets (
    name text PRIMARY KEY,
    checksum bytea NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reference_datasets IS 'Which edition of each shipped data set the reference tables hold.';

CREATE TABLE regions (
    code text COLLATE "C" PRIMARY KEY CHECK (code ~ '^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$'),
    parent_code text COLLATE "C" REFERENCES regions,
    name text NOT NULL CHECK (name <> ''),
    CHECK (parent_code IS NOT DISTINCT FROM nullif(regexp_replace(code, '\.?[^.]+$', ''), ''))
);
COMMENT ON TABLE regions IS 'Administrative regions by Kemendagri code (Kepmendagri 300.2.2-2430/2025), province to village.';
CREATE INDEX regions_parent_code_idx ON regions (parent_code);

CREATE TABLE subsectors (
    code text PRIMARY KEY CHECK (code ~ '^[a-z]+(_[a-z]+)*$'),
    position smallint NOT NULL UNIQUE
);
COMMENT ON TABLE subsectors IS 'The 17 subsectors of the Indonesian creative economy.';
