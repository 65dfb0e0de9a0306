DROP TABLE external_busy;
DROP TABLE external_calendars;
DROP TABLE calendar_feeds;
