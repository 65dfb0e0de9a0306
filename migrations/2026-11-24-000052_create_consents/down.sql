DROP TABLE consents;
DROP TABLE legal_documents;
