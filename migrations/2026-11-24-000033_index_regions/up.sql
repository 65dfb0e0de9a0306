-- The list of a province or regency, newest first: its own walk instead of one through the whole country. Not partial,
-- since PostgreSQL uses what it knows of an expression only from an index on all rows.
CREATE INDEX businesses_province_idx ON businesses (left(region_code, 2), id DESC);
CREATE INDEX businesses_regency_idx ON businesses (left(region_code, 5), id DESC);
