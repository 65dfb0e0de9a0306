DROP TABLE booking_documents;
DROP FUNCTION release_booking_document();
DROP TABLE stored_objects;
