DROP INDEX businesses_regency_idx;
DROP INDEX businesses_province_idx;
