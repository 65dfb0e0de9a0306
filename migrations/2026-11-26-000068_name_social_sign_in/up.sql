ALTER TABLE sessions
    DROP CONSTRAINT sessions_first_factor_check,
    ADD CONSTRAINT sessions_first_factor_check CHECK (first_factor IN ('password', 'operator', 'passkey', 'social'));

ALTER TABLE sign_in_challenges
    ADD COLUMN first_factor text NOT NULL DEFAULT 'password'
        CONSTRAINT sign_in_challenges_first_factor_check CHECK (first_factor IN ('password', 'operator', 'passkey', 'social'));
COMMENT ON COLUMN sign_in_challenges.first_factor IS 'What was shown already.';
COMMENT ON TABLE sign_in_challenges IS
    'Sign-ins whose first factor was right and that wait for a second. They go when what began them may not sign in any more.';

ALTER TABLE auth_events
    DROP CONSTRAINT auth_events_kind_check,
    ADD CONSTRAINT auth_events_kind_check CHECK (kind IN (
        'registered', 'email_verified', 'signed_in', 'sign_in_refused', 'session_ended', 'refresh_reused',
        'password_changed', 'password_reset', 'email_change_asked', 'email_changed', 'email_change_undone',
        'role_granted', 'role_revoked', 'account_active', 'account_locked', 'account_deleted',
        'factor_added', 'factor_removed', 'factor_passed', 'factor_refused', 'recovery_codes_made',
        'recovery_code_used', 'identity_linked', 'identity_unlinked', 'consent_given', 'consent_withdrawn',
        'export_asked', 'export_downloaded', 'deletion_asked', 'deletion_cancelled', 'account_erased'));
