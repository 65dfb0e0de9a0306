DROP TABLE waitlist_entries;
DROP TABLE group_seats;
DROP TABLE group_sessions;
DROP FUNCTION check_group_seats;
