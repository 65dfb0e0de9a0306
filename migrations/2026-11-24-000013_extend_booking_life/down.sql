DROP TABLE blocks;
DROP TABLE booking_cascades;
ALTER TABLE bookings DROP COLUMN cascaded_from;
ALTER TABLE offerings DROP COLUMN weekly;
