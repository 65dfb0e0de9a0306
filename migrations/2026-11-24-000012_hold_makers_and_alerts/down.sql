UPDATE group_sessions SET state = 'open' WHERE state = 'suspended';
ALTER TABLE group_sessions
    DROP CONSTRAINT group_sessions_state_check,
    ADD CONSTRAINT group_sessions_state_check CHECK (state IN ('open', 'cancelled'));
DROP TABLE group_suspensions;
DROP TABLE booking_suspensions;
DROP TABLE session_alerts;
ALTER TABLE time_claims DROP COLUMN held_by;
