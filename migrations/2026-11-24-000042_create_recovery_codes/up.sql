CREATE TABLE recovery_codes (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
COMMENT ON TABLE recovery_codes IS 'Each stands in for a second factor, once. They go with the last factor.';
COMMENT ON COLUMN recovery_codes.code_hash IS
    'HMAC-SHA-256 of account and code, under a key derived from the master key; a code has 120 random bits.';
CREATE INDEX recovery_codes_user_id_idx ON recovery_codes (user_id);
