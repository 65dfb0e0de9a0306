CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    credential_id bytea NOT NULL CONSTRAINT passkeys_credential_key UNIQUE
        CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    label text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 60),
    credential jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
COMMENT ON TABLE passkeys IS 'Keys on devices that say whose they are: each signs in by itself.';
COMMENT ON COLUMN passkeys.credential IS 'Public key, signature counter and backup state, as the library writes them. No secret.';
CREATE INDEX passkeys_user_id_idx ON passkeys (user_id);

CREATE TABLE passkey_ceremonies (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id uuid REFERENCES users ON DELETE CASCADE,
    state jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE passkey_ceremonies IS 'Challenges for passkeys that wait for their answer; it takes them away.';
COMMENT ON COLUMN passkey_ceremonies.user_id IS 'Who adds a passkey; null: somebody signs in.';
CREATE INDEX passkey_ceremonies_user_id_idx ON passkey_ceremonies (user_id);
CREATE INDEX passkey_ceremonies_expires_at_idx ON passkey_ceremonies (expires_at);

ALTER TABLE sessions
    DROP CONSTRAINT sessions_first_factor_check,
    ADD CONSTRAINT sessions_first_factor_check CHECK (first_factor IN ('password', 'operator', 'passkey'));
