-- Security events: what happened to accounts and sessions. Rows are written in the transaction of what they tell.
CREATE TABLE auth_events (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'registered', 'email_verified', 'signed_in', 'sign_in_refused', 'session_ended', 'refresh_reused',
        'password_changed', 'password_reset', 'email_change_asked', 'email_changed', 'email_change_undone',
        'role_granted', 'role_revoked', 'account_active', 'account_locked', 'account_deleted',
        'factor_added', 'factor_removed', 'factor_passed', 'factor_refused', 'recovery_codes_made',
        'recovery_code_used', 'consent_given', 'consent_withdrawn', 'export_asked', 'export_downloaded',
        'deletion_asked', 'deletion_cancelled', 'account_erased')),
    user_id uuid,
    session_id uuid,
    actor_id uuid,
    reason text CHECK (reason ~ '^[a-z_]{1,40}$'),
    ip_prefix text CHECK (char_length(ip_prefix) <= 64),
    request_id uuid
);
COMMENT ON TABLE auth_events IS
    'Security events, append-only. No foreign keys: an event outlives the account and the session that it is about.';
COMMENT ON COLUMN auth_events.user_id IS 'Whose account; none where somebody tried an address without one.';
COMMENT ON COLUMN auth_events.actor_id IS 'Which member of staff did it, if one did.';
COMMENT ON COLUMN auth_events.ip_prefix IS 'IPv4 /24 or IPv6 /48.';
CREATE INDEX auth_events_user_id_idx ON auth_events (user_id, id);

-- The chain is made in batches, behind the transactions: a chain that each event joins by itself would let one
-- sign-in at a time through.
CREATE TABLE auth_event_seals (
    position bigint PRIMARY KEY CHECK (position > 0),
    event_id uuid NOT NULL UNIQUE REFERENCES auth_events,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE auth_event_seals IS 'The chain of the security events, append-only.';
COMMENT ON COLUMN auth_event_seals.hash IS
    'HMAC-SHA-256, under a key that the database does not have, of the hash before, the position and the event.';

CREATE TABLE auth_events_to_seal (
    event_id uuid PRIMARY KEY REFERENCES auth_events
);
COMMENT ON TABLE auth_events_to_seal IS 'Events that the chain does not have yet: at most a minute of them.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER auth_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER auth_event_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth_event_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION wait_for_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth_events_to_seal SELECT id FROM added;
    RETURN NULL;
END;
$$;
CREATE TRIGGER auth_events_wait AFTER INSERT ON auth_events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION wait_for_seal();

-- Roles and states are recorded here, so that nobody who changes them can forget to.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(us / 1000) FROM 3) || int2send((28672 + us % 1000 * 4096 / 1000)::smallint)
        FROM 1 FOR 8), 'hex')::uuid
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS now
$$;
COMMENT ON FUNCTION uuid_v7() IS 'RFC 9562, section 5.7, with microseconds (6.2, method 3): sorts by the time at which it was made.';

CREATE FUNCTION record_role_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO auth_events (id, at, kind, user_id, reason)
        VALUES (uuid_v7(), now(), 'role_revoked', OLD.user_id, OLD.role);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO auth_events (id, at, kind, user_id, actor_id, reason)
        VALUES (uuid_v7(), NEW.granted_at, 'role_granted', NEW.user_id, NEW.granted_by, NEW.role);
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER user_roles_record AFTER INSERT OR DELETE OR UPDATE OF user_id, role ON user_roles
    FOR EACH ROW EXECUTE FUNCTION record_role_change();

CREATE FUNCTION record_state_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth_events (id, at, kind, user_id) VALUES (uuid_v7(), now(), 'account_' || NEW.state, NEW.id);
    RETURN NULL;
END;
$$;
CREATE TRIGGER users_record_state AFTER UPDATE OF state ON users
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION record_state_change();
