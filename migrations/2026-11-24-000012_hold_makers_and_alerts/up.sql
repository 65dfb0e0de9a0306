-- Nobody can tell any more who made the holds that are there, and they last ten minutes.
DELETE FROM time_claims WHERE kind = 'hold';
ALTER TABLE time_claims
    ADD COLUMN held_by uuid REFERENCES users ON DELETE CASCADE,
    ADD CONSTRAINT time_claims_hold_has_maker CHECK ((kind = 'hold') = (held_by IS NOT NULL));
COMMENT ON COLUMN time_claims.held_by IS 'Who made the hold: it claims time of two people.';
CREATE INDEX time_claims_held_by_idx ON time_claims (held_by, expires_at);

INSERT INTO user_roles (user_id, role, granted_by, granted_at)
    SELECT user_id, 'mentor', reviewed_by, coalesce(reviewed_at, now()) FROM mentors WHERE state = 'approved'
    ON CONFLICT DO NOTHING;

CREATE TABLE session_alerts (
    id text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 255),
    regions text[] NOT NULL,
    modes text[] NOT NULL CHECK (modes <@ ARRAY['online', 'phone', 'chat', 'in_person']),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    lifted_at timestamptz
);
COMMENT ON TABLE session_alerts IS
    'Disaster alerts that reach sessions. Once lifted it stays lifted, whichever of the two messages came first.';
COMMENT ON COLUMN session_alerts.regions IS 'Kemendagri codes; regions below count too.';
CREATE INDEX session_alerts_standing_idx ON session_alerts (ends_at) WHERE lifted_at IS NULL;

CREATE TABLE booking_suspensions (
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    alert_id text NOT NULL REFERENCES session_alerts ON DELETE CASCADE,
    PRIMARY KEY (booking_id, alert_id)
);
COMMENT ON TABLE booking_suspensions IS 'Which alerts hold which bookings up: one goes on when the last of them is lifted.';
CREATE INDEX booking_suspensions_alert_id_idx ON booking_suspensions (alert_id);

CREATE TABLE group_suspensions (
    session_id uuid NOT NULL REFERENCES group_sessions ON DELETE CASCADE,
    alert_id text NOT NULL REFERENCES session_alerts ON DELETE CASCADE,
    PRIMARY KEY (session_id, alert_id)
);
COMMENT ON TABLE group_suspensions IS 'The same for group sessions.';
CREATE INDEX group_suspensions_alert_id_idx ON group_suspensions (alert_id);

ALTER TABLE group_sessions
    DROP CONSTRAINT group_sessions_state_check,
    ADD CONSTRAINT group_sessions_state_check CHECK (state IN ('open', 'suspended', 'cancelled'));
