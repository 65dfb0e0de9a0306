CREATE TABLE group_sessions (
    id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL REFERENCES mentors,
    title text NOT NULL CHECK (char_length(title) BETWEEN 3 AND 120),
    description text CHECK (char_length(description) <= 2000),
    mode text NOT NULL CHECK (mode IN ('online', 'phone', 'chat', 'in_person')),
    place text CHECK (char_length(place) <= 300),
    meeting_url text CHECK (meeting_url ~ '^https://' AND char_length(meeting_url) <= 300),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    capacity smallint NOT NULL CHECK (capacity BETWEEN 2 AND 200),
    waitlist_capacity smallint NOT NULL CHECK (waitlist_capacity BETWEEN 0 AND 200),
    seats_taken smallint NOT NULL DEFAULT 0,
    next_position integer NOT NULL DEFAULT 1 CHECK (next_position >= 1),
    state text NOT NULL CHECK (state IN ('open', 'cancelled')),
    attendance_taken_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (starts_at < ends_at AND ends_at - starts_at <= interval '8 hours' AND isfinite(starts_at) AND isfinite(ends_at)),
    CONSTRAINT group_sessions_seats_fit CHECK (seats_taken BETWEEN 0 AND capacity)
);
COMMENT ON TABLE group_sessions IS
    'A session with many seats. Its row is locked before any calendar by whoever changes seats or the waitlist.';
COMMENT ON COLUMN group_sessions.seats_taken IS 'How many seats are held or confirmed; a deferred trigger compares.';
COMMENT ON COLUMN group_sessions.next_position IS 'What the next to join the waitlist gets.';
CREATE INDEX group_sessions_mentor_id_idx ON group_sessions (mentor_id, starts_at);
CREATE INDEX group_sessions_upcoming_idx ON group_sessions (starts_at, id) WHERE state = 'open';

CREATE TABLE group_seats (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES group_sessions ON DELETE CASCADE,
    mentee_id uuid NOT NULL REFERENCES users,
    state text NOT NULL CHECK (state IN ('held', 'confirmed', 'released')),
    attended boolean,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (attended IS NULL OR state = 'confirmed')
);
COMMENT ON COLUMN group_seats.state IS 'Held: offered to somebody from the waitlist, who has not answered.';
CREATE UNIQUE INDEX group_seats_live_key ON group_seats (session_id, mentee_id) WHERE state IN ('held', 'confirmed');
CREATE INDEX group_seats_session_id_idx ON group_seats (session_id, state);
CREATE INDEX group_seats_mentee_id_idx ON group_seats (mentee_id);

CREATE TABLE waitlist_entries (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES group_sessions ON DELETE CASCADE,
    mentee_id uuid NOT NULL REFERENCES users,
    position integer NOT NULL CHECK (position >= 1),
    state text NOT NULL CHECK (state IN ('waiting', 'offered', 'accepted', 'lapsed', 'left')),
    seat_id uuid REFERENCES group_seats ON DELETE CASCADE,
    offer_expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((state = 'offered') = (offer_expires_at IS NOT NULL)),
    CHECK (state NOT IN ('offered', 'accepted') OR seat_id IS NOT NULL)
);
COMMENT ON COLUMN waitlist_entries.position IS 'Goes up within a session and is never given twice.';
CREATE UNIQUE INDEX waitlist_entries_position_key ON waitlist_entries (session_id, position);
CREATE UNIQUE INDEX waitlist_entries_live_key ON waitlist_entries (session_id, mentee_id) WHERE state IN ('waiting', 'offered');
CREATE INDEX waitlist_entries_mentee_id_idx ON waitlist_entries (mentee_id);
CREATE INDEX waitlist_entries_seat_id_idx ON waitlist_entries (seat_id);

CREATE FUNCTION check_group_seats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    session uuid;
    counted integer;
    stated integer;
BEGIN
    IF TG_TABLE_NAME = 'group_sessions' THEN
        session := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        session := OLD.session_id;
    ELSE
        session := NEW.session_id;
    END IF;
    SELECT seats_taken INTO stated FROM group_sessions WHERE id = session;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO counted FROM group_seats WHERE session_id = session AND state IN ('held', 'confirmed');
    IF counted <> stated THEN
        RAISE check_violation USING
            MESSAGE = format('group session %s says %s seats are taken and has %s', session, stated, counted),
            CONSTRAINT = 'group_sessions_seats_counted', TABLE = 'group_sessions';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION check_group_seats IS 'At the end of a transaction seats_taken is the number of live seats.';
CREATE CONSTRAINT TRIGGER group_sessions_seats_counted AFTER INSERT OR UPDATE OF seats_taken ON group_sessions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_group_seats();
CREATE CONSTRAINT TRIGGER group_seats_counted AFTER INSERT OR UPDATE OF state OR DELETE ON group_seats
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_group_seats();
