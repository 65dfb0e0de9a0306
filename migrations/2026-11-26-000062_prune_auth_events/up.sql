CREATE TABLE auth_event_checkpoints (
    position bigint PRIMARY KEY CHECK (position > 0),
    seal_hash bytea NOT NULL CHECK (octet_length(seal_hash) = 32),
    events_before timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE auth_event_checkpoints IS
    'Where the chain of the security events begins, after those that were kept long enough were deleted: append-only.';
COMMENT ON COLUMN auth_event_checkpoints.position IS 'Of the last seal that was deleted.';
COMMENT ON COLUMN auth_event_checkpoints.seal_hash IS 'Its hash, on which the next one builds.';
COMMENT ON COLUMN auth_event_checkpoints.events_before IS 'All that was deleted is older.';
COMMENT ON COLUMN auth_event_checkpoints.hash IS 'HMAC-SHA-256 of the rest, under a key that the database does not have.';

CREATE TRIGGER auth_event_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth_event_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a checkpoint stands for may go, and nothing else.
DROP TRIGGER auth_events_append_only ON auth_events;
CREATE TRIGGER auth_events_append_only BEFORE UPDATE OR TRUNCATE ON auth_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TRIGGER auth_event_seals_append_only ON auth_event_seals;
CREATE TRIGGER auth_event_seals_append_only BEFORE UPDATE OR TRUNCATE ON auth_event_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_unless_pruned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    goes boolean;
BEGIN
    IF TG_TABLE_NAME = 'auth_event_seals' THEN
        goes := OLD.position <= (SELECT max(position) FROM auth_event_checkpoints);
    ELSE
        goes := OLD.at < (SELECT max(events_before) FROM auth_event_checkpoints);
    END IF;
    IF goes IS NOT TRUE THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END;
$$;
CREATE TRIGGER auth_events_keep BEFORE DELETE ON auth_events
    FOR EACH ROW EXECUTE FUNCTION keep_unless_pruned();
CREATE TRIGGER auth_event_seals_keep BEFORE DELETE ON auth_event_seals
    FOR EACH ROW EXECUTE FUNCTION keep_unless_pruned();
