CREATE TABLE identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider IN ('google', 'apple', 'facebook', 'x')),
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 255),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    label text CHECK (char_length(label) BETWEEN 1 AND 254),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT identities_subject_key UNIQUE (provider, issuer, subject),
    CONSTRAINT identities_user_provider_key UNIQUE (user_id, provider)
);
COMMENT ON TABLE identities IS 'Accounts at other providers: each signs in by itself.';
COMMENT ON COLUMN identities.subject IS 'With the issuer, who it is. Never the e-mail address: those change hands.';
COMMENT ON COLUMN identities.label IS 'How the provider called it when it was linked, for its owner to recognise it. Proves nothing.';

CREATE TABLE authorization_requests (
    state_hash bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    provider text NOT NULL CHECK (provider IN ('google', 'apple', 'facebook', 'x')),
    user_id uuid REFERENCES users ON DELETE CASCADE,
    nonce_hash bytea CHECK (octet_length(nonce_hash) = 32),
    code_challenge text CHECK (char_length(code_challenge) = 43),
    redirect_uri text CHECK (char_length(redirect_uri) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((nonce_hash IS NULL) <> (code_challenge IS NULL)),
    CHECK ((code_challenge IS NULL) = (redirect_uri IS NULL))
);
COMMENT ON TABLE authorization_requests IS 'Questions to other providers that wait for their answer; it takes them away.';
COMMENT ON COLUMN authorization_requests.state_hash IS 'SHA-256 of the state; the state itself is never stored.';
COMMENT ON COLUMN authorization_requests.user_id IS 'Who links an identity or proves it again; null: somebody signs in.';
COMMENT ON COLUMN authorization_requests.nonce_hash IS 'SHA-256 of what the ID token must hold.';
COMMENT ON COLUMN authorization_requests.code_challenge IS 'S256 of the code verifier (RFC 7636), which the app keeps.';
CREATE INDEX authorization_requests_user_id_idx ON authorization_requests (user_id);
CREATE INDEX authorization_requests_expires_at_idx ON authorization_requests (expires_at);
