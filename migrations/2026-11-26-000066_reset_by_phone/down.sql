DELETE FROM one_time_tokens WHERE purpose = 'reset_by_phone';
ALTER TABLE one_time_tokens
    DROP CONSTRAINT one_time_tokens_purpose_check,
    ADD CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN ('verify_email', 'reset_password'));
