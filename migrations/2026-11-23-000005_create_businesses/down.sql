DROP TABLE business_members;
DROP TABLE business_registrations;
DROP TABLE businesses;
DROP FUNCTION require_business_owner();
DROP FUNCTION search_rank(tsvector, text, text);
DROP FUNCTION search_query(text);
