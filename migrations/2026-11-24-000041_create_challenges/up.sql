CREATE TABLE sign_in_challenges (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    device_hash bytea CHECK (octet_length(device_hash) = 32),
    device_name text CHECK (char_length(device_name) BETWEEN 1 AND 100),
    platform text CHECK (platform IN ('android', 'ios', 'web', 'other')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
COMMENT ON TABLE sign_in_challenges IS
    'Sign-ins whose password was right and that wait for a second factor. They go with a change of the password.';
COMMENT ON COLUMN sign_in_challenges.token_hash IS 'SHA-256 of the token; the token itself is never stored.';
COMMENT ON COLUMN sign_in_challenges.device_hash IS
    'SHA-256 of the token of the known device that it was given to; no other device may answer it.';
CREATE INDEX sign_in_challenges_user_id_idx ON sign_in_challenges (user_id);
CREATE INDEX sign_in_challenges_expires_at_idx ON sign_in_challenges (expires_at);
