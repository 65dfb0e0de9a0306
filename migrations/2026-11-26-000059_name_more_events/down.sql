-- What happened stays on record, whatever its kind.
ALTER TABLE auth_events DROP CONSTRAINT auth_events_kind_check;
ALTER TABLE auth_events ADD CONSTRAINT auth_events_kind_check CHECK (kind IN (
    'registered', 'email_verified', 'signed_in', 'sign_in_refused', 'session_ended', 'refresh_reused',
    'password_changed', 'password_reset', 'email_change_asked', 'email_changed', 'email_change_undone',
    'role_granted', 'role_revoked', 'account_active', 'account_locked', 'account_deleted', 'factor_added',
    'factor_removed', 'factor_passed', 'factor_refused', 'recovery_codes_made', 'recovery_code_used', 'consent_given',
    'consent_withdrawn', 'export_asked', 'export_downloaded', 'deletion_asked', 'deletion_cancelled', 'account_erased')) NOT VALID;
