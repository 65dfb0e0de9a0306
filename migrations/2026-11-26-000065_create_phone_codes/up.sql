CREATE TABLE phone_codes (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('verify_phone', 'reset_password')),
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{7,14}$'),
    user_id uuid REFERENCES users ON DELETE CASCADE,
    session_id uuid REFERENCES sessions ON DELETE CASCADE,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    code_hash bytea CHECK (octet_length(code_hash) = 32),
    sent_at timestamptz,
    tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    used_at timestamptz,
    CHECK (expires_at <= asked_at + interval '10 minutes'),
    CHECK (used_at IS NULL OR (code_hash IS NOT NULL AND tries > 0)),
    CHECK (purpose <> 'verify_phone' OR (user_id IS NOT NULL AND session_id IS NOT NULL))
);
COMMENT ON TABLE phone_codes IS
    'Codes that went to phones or are to go. Numbers with and without an account are asked for alike.';
COMMENT ON COLUMN phone_codes.id IS 'Names the request that the code is bound to.';
COMMENT ON COLUMN phone_codes.user_id IS 'Who proves the number or, once the worker has found out, whose password is reset.';
COMMENT ON COLUMN phone_codes.session_id IS 'Only there does the code prove the number.';
COMMENT ON COLUMN phone_codes.code_hash IS
    'HMAC-SHA-256 of request, purpose and code, under a key derived from the master key. None: no code was sent.';
COMMENT ON COLUMN phone_codes.tries IS 'Counted before the code is looked at.';
CREATE INDEX phone_codes_number_idx ON phone_codes (number, asked_at);
CREATE INDEX phone_codes_user_id_idx ON phone_codes (user_id);
CREATE INDEX phone_codes_session_id_idx ON phone_codes (session_id);
