ALTER TABLE users
    ADD COLUMN state_by uuid REFERENCES users ON DELETE SET NULL,
    ADD COLUMN lock_reason text CHECK (lock_reason IN ('compromised', 'fraud', 'abuse', 'legal', 'requested')),
    ADD COLUMN lock_note text CHECK (char_length(lock_note) BETWEEN 1 AND 1000);
UPDATE users SET lock_reason = 'abuse' WHERE state = 'locked';
ALTER TABLE users ADD CONSTRAINT users_lock_check
    CHECK ((state = 'locked') = (lock_reason IS NOT NULL) AND (lock_note IS NULL OR state = 'locked'));
COMMENT ON COLUMN users.state_by IS 'The member of staff who set the state; none if the owner or the system did.';
COMMENT ON COLUMN users.lock_note IS 'For staff: a ticket, what was seen.';
CREATE INDEX users_state_by_idx ON users (state_by);
CREATE INDEX users_locked_idx ON users (id) WHERE state = 'locked';

-- Whoever sets another state need not think of the lock.
CREATE FUNCTION clear_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lock_reason := NULL;
    NEW.lock_note := NULL;
    RETURN NEW;
END;
$$;
CREATE TRIGGER users_clear_lock BEFORE UPDATE OF state ON users
    FOR EACH ROW WHEN (OLD.state = 'locked' AND NEW.state <> 'locked') EXECUTE FUNCTION clear_lock();

CREATE OR REPLACE FUNCTION record_state_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth_events (id, at, kind, user_id, actor_id, reason)
    VALUES (uuid_v7(), now(), 'account_' || NEW.state, NEW.id, NEW.state_by, NEW.lock_reason);
    RETURN NULL;
END;
$$;

-- Somebody who lost every second factor: two members of staff and a day's wait stand in for them.
CREATE TABLE factor_resets (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    evidence text NOT NULL CHECK (char_length(evidence) BETWEEN 10 AND 1000),
    asked_by uuid REFERENCES users ON DELETE SET NULL,
    asked_at timestamptz NOT NULL,
    not_before timestamptz NOT NULL CHECK (not_before >= asked_at),
    expires_at timestamptz NOT NULL CHECK (expires_at > not_before),
    settled_by uuid REFERENCES users ON DELETE SET NULL,
    settled_at timestamptz,
    CHECK ((state = 'open') = (settled_at IS NULL)),
    CONSTRAINT factor_resets_four_eyes CHECK (state <> 'approved' OR settled_by <> asked_by),
    CONSTRAINT factor_resets_wait CHECK (state <> 'approved' OR settled_at BETWEEN not_before AND expires_at)
);
COMMENT ON TABLE factor_resets IS 'Requests of staff to remove all second factors of somebody who lost them.';
COMMENT ON COLUMN factor_resets.evidence IS 'How the person proved who they are.';
COMMENT ON COLUMN factor_resets.settled_by IS 'Who approved or refused; none if the owner showed a factor after all.';
CREATE UNIQUE INDEX factor_resets_open_key ON factor_resets (user_id) WHERE state = 'open';
CREATE INDEX factor_resets_user_id_idx ON factor_resets (user_id);
CREATE INDEX factor_resets_asked_by_idx ON factor_resets (asked_by);
CREATE INDEX factor_resets_settled_by_idx ON factor_resets (settled_by);
