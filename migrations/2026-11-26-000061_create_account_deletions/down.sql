CREATE OR REPLACE FUNCTION require_business_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target uuid;
BEGIN
    IF TG_TABLE_NAME = 'businesses' THEN
        target := NEW.id;
    ELSE
        target := OLD.business_id;
    END IF;
    -- Two owners who leave at the same moment must see each other.
    PERFORM 1 FROM businesses WHERE id = target FOR UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM business_members WHERE business_id = target AND role = 'owner') THEN
        RAISE EXCEPTION 'business % has no owner', target
            USING ERRCODE = 'check_violation', CONSTRAINT = 'businesses_have_an_owner';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER users_keep_closing ON users;
DROP FUNCTION keep_closing;
DROP TABLE account_deletions;

-- What was recorded stays as it is: not valid.
ALTER TABLE auth_events
    DROP CONSTRAINT auth_events_kind_check,
    ADD CONSTRAINT auth_events_kind_check CHECK (kind IN (
    'registered', 'email_verified', 'signed_in', 'sign_in_refused', 'session_ended', 'refresh_reused',
    'password_changed', 'password_reset', 'email_change_asked', 'email_changed', 'email_change_undone',
    'role_granted', 'role_revoked', 'account_active', 'account_locked', 'account_deleted', 'factor_added',
    'factor_removed', 'factor_passed', 'factor_refused', 'factor_reset_asked', 'factor_reset_refused',
    'factors_reset', 'recovery_codes_made', 'recovery_code_used', 'identity_linked', 'identity_unlinked',
    'consent_given', 'consent_withdrawn', 'export_asked', 'export_downloaded', 'deletion_asked', 'deletion_cancelled',
    'account_erased', 'api_key_created', 'api_key_rotated', 'api_key_revoked', 'phone_asked', 'phone_verified',
    'phone_changed', 'phone_removed', 'phone_change_undone')) NOT VALID;
UPDATE sessions SET revoke_reason = 'logout' WHERE revoke_reason = 'account_closing';
ALTER TABLE sessions
    DROP CONSTRAINT sessions_revoke_reason_check,
    ADD CONSTRAINT sessions_revoke_reason_check CHECK (revoke_reason IN
        ('logout', 'reuse', 'replaced', 'locked', 'credential_change', 'admin'));
UPDATE users SET state = 'active' WHERE state = 'closing';
ALTER TABLE users
    DROP CONSTRAINT users_state_check,
    ADD CONSTRAINT users_state_check CHECK (state IN ('active', 'locked', 'deleted'));
