ALTER TABLE one_time_tokens
    DROP CONSTRAINT one_time_tokens_purpose_check,
    ADD CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN ('verify_email', 'reset_password'));

CREATE TABLE password_reset_asks (
    id uuid PRIMARY KEY,
    address citext NOT NULL CHECK (char_length(address) BETWEEN 3 AND 254),
    asked_at timestamptz NOT NULL
);
COMMENT ON TABLE password_reset_asks IS
    'Addresses for which somebody wants a new password, until the worker has seen to it. Known or not: asking does the same.';
