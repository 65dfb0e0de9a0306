CREATE TABLE totp_factors (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    label text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 60),
    secret_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint,
    last_used_at timestamptz,
    CONSTRAINT totp_factors_step_check CHECK ((confirmed_at IS NULL) = (last_step IS NULL))
);
COMMENT ON TABLE totp_factors IS 'Authenticator apps (RFC 6238). One that is not confirmed yet protects nothing.';
COMMENT ON COLUMN totp_factors.secret_sealed IS 'Sealed under the master key; tied to the row.';
COMMENT ON COLUMN totp_factors.last_step IS 'Time step of the last code that was taken: it and those before are used up.';
CREATE INDEX totp_factors_user_id_idx ON totp_factors (user_id);
CREATE UNIQUE INDEX totp_factors_pending_key ON totp_factors (user_id) WHERE confirmed_at IS NULL;
CREATE INDEX totp_factors_pending_created_at_idx ON totp_factors (created_at) WHERE confirmed_at IS NULL;

ALTER TABLE sessions
    ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN first_factor text NOT NULL DEFAULT 'password' CHECK (first_factor IN ('password', 'operator')),
    ADD COLUMN second_factor text CHECK (second_factor IN ('totp', 'recovery_code'));
UPDATE sessions SET authenticated_at = created_at;
COMMENT ON COLUMN sessions.authenticated_at IS 'When the owner last proved who they are: the sign-in, or a step-up since.';
