ALTER TABLE calendars ADD COLUMN rev bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN calendars.rev IS 'Goes up with every change that can change slots.';
