DROP TABLE subsectors;
DROP TABLE regions;
DROP TABLE reference_datasets;
