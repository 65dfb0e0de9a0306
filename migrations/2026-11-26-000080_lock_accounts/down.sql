DROP TABLE factor_resets;
CREATE OR REPLACE FUNCTION record_state_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth_events (id, at, kind, user_id) VALUES (uuid_v7(), now(), 'account_' || NEW.state, NEW.id);
    RETURN NULL;
END;
$$;
DROP TRIGGER users_clear_lock ON users;
DROP FUNCTION clear_lock();
DROP INDEX users_locked_idx;
ALTER TABLE users DROP COLUMN state_by, DROP COLUMN lock_reason, DROP COLUMN lock_note;
