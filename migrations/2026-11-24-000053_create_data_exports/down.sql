DROP TABLE data_exports;
DROP FUNCTION release_data_export;
