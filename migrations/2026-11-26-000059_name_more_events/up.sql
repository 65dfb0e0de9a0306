ALTER TABLE auth_events DROP CONSTRAINT auth_events_kind_check;
ALTER TABLE auth_events ADD CONSTRAINT auth_events_kind_check CHECK (kind IN (
    'registered', 'email_verified', 'signed_in', 'sign_in_refused', 'session_ended', 'refresh_reused',
    'password_changed', 'password_reset', 'email_change_asked', 'email_changed', 'email_change_undone',
    'role_granted', 'role_revoked', 'account_active', 'account_locked', 'account_closing', 'account_deleted',
    'factor_added', 'factor_removed', 'factor_passed', 'factor_refused', 'factor_reset_asked', 'factor_reset_refused',
    'factors_reset', 'recovery_codes_made', 'recovery_code_used', 'identity_linked', 'identity_unlinked',
    'consent_given', 'consent_withdrawn', 'export_asked', 'export_downloaded', 'data_request_made',
    'data_request_answered', 'deletion_asked', 'deletion_cancelled', 'account_erased', 'api_key_created',
    'api_key_rotated', 'api_key_revoked', 'phone_asked', 'phone_verified', 'phone_changed', 'phone_removed',
    'phone_change_undone'));
