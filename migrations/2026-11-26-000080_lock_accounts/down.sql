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
-- What happened stays on record, whatever its kind.
ALTER TABLE auth_events DROP CONSTRAINT auth_events_kind_check;
ALTER TABLE auth_events ADD CONSTRAINT auth_events_kind_check CHECK (kind IN (
    'registered', 'email_verified', 'signed_in', 'sign_in_refused', 'session_ended', 'refresh_reused',
    'password_changed', 'password_reset', 'email_change_asked', 'email_changed', 'email_change_undone',
    'role_granted', 'role_revoked', 'account_active', 'account_locked', 'account_deleted',
    'factor_added', 'factor_removed', 'factor_passed', 'factor_refused', 'recovery_codes_made',
    'recovery_code_used', 'consent_given', 'consent_withdrawn', 'export_asked', 'export_downloaded',
    'deletion_asked', 'deletion_cancelled', 'account_erased')) NOT VALID;
