DROP TABLE business_members;
DROP TABLE business_registrations;
DROP TABLE business_slugs;
DROP TABLE businesses;
DROP FUNCTION keep_business_slug();
DROP FUNCTION public_point(double precision, double precision, boolean);
DROP FUNCTION require_business_owner();
DROP FUNCTION search_rank(tsvector, text, text);
DROP FUNCTION search_query(text);
