CREATE TABLE users (
    id uuid PRIMARY KEY,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'locked', 'deleted')),
    display_name text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 100),
    locale text NOT NULL DEFAULT 'id' CHECK (locale IN ('id', 'en')),
    timezone text NOT NULL DEFAULT 'Asia/Jakarta'
        CHECK (timezone IN ('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura')),
    token_epoch integer NOT NULL DEFAULT 0,
    is_demo boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN users.token_epoch IS 'Raised to end every access token at once: lock, role or password change.';
COMMENT ON COLUMN users.is_demo IS 'Made by the demo seed; production refuses to start with such rows.';

CREATE TABLE emails (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    address citext NOT NULL CHECK (char_length(address) BETWEEN 3 AND 254),
    verified_at timestamptz,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE emails IS
    'Addresses and the accounts that claim them. Anyone may claim; only the one who proves the mailbox has it.';
CREATE UNIQUE INDEX emails_verified_address_key ON emails (address) WHERE verified_at IS NOT NULL;
CREATE INDEX emails_claimed_address_idx ON emails (address, created_at) WHERE verified_at IS NULL;

CREATE TABLE passwords (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    phc text NOT NULL CHECK (phc LIKE '$argon2id$%'),
    pepper_id smallint,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN passwords.phc IS 'PHC string: algorithm, parameters, salt and hash.';
COMMENT ON COLUMN passwords.pepper_id IS 'Which configured pepper went into the hash; none when null.';

CREATE TABLE user_roles (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('mentor', 'verifier', 'moderator', 'alert_operator', 'admin')),
    granted_by uuid REFERENCES users ON DELETE SET NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, role)
);
COMMENT ON TABLE user_roles IS 'Roles beyond the one everybody has. Ownership of a business is a membership, not a role.';
CREATE INDEX user_roles_granted_by_idx ON user_roles (granted_by);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    device_name text CHECK (char_length(device_name) BETWEEN 1 AND 100),
    platform text CHECK (platform IN ('android', 'ios', 'web', 'other')),
    ip_prefix text CHECK (char_length(ip_prefix) <= 64),
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text CHECK (revoke_reason IN ('logout', 'reuse', 'replaced', 'locked', 'credential_change', 'admin')),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
COMMENT ON TABLE sessions IS 'One signed-in device: the family of its refresh tokens.';
COMMENT ON COLUMN sessions.ip_prefix IS 'IPv4 /24 or IPv6 /48: enough to recognise a place, too little to follow a person.';
COMMENT ON COLUMN sessions.expires_at IS 'Absolute end, whatever the use.';
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    parent_hash bytea UNIQUE REFERENCES refresh_tokens ON DELETE SET NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    successor_sealed bytea,
    CHECK ((used_at IS NULL) = (successor_sealed IS NULL))
);
COMMENT ON COLUMN refresh_tokens.token_hash IS 'SHA-256 of the token; the token itself is never stored.';
COMMENT ON COLUMN refresh_tokens.parent_hash IS 'The token that this one replaced; a token has one successor at most.';
COMMENT ON COLUMN refresh_tokens.successor_sealed IS
    'The next token, sealed under a key derived from this one, for a client that lost the reply.';
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE one_time_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    purpose text NOT NULL CHECK (purpose IN ('verify_email')),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens (user_id);

CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('next', 'active', 'retiring')),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    private_key_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    state_since timestamptz NOT NULL
);
COMMENT ON TABLE signing_keys IS 'Ed25519 keys of the access tokens; every replica reads them here.';
CREATE UNIQUE INDEX signing_keys_active_key ON signing_keys (state) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_next_key ON signing_keys (state) WHERE state = 'next';
