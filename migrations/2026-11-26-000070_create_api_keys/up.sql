-- Keys with which programs act for an account, within scopes.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
    scopes text[] NOT NULL CHECK (scopes <@ ARRAY[
        'profile:read', 'profile:write', 'businesses:read', 'businesses:write', 'mentors:read', 'mentors:write',
        'calendar:read', 'calendar:write', 'bookings:read', 'bookings:write', 'group_sessions:read',
        'group_sessions:write', 'notes:read', 'notes:write', 'feedback:read', 'feedback:write', 'mentorships:read',
        'mentorships:write', 'proof:read', 'proof:write', 'sync:read']),
    requests_per_minute integer CHECK (requests_per_minute BETWEEN 1 AND 10000),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    last_used_from text CHECK (char_length(last_used_from) <= 64)
);
COMMENT ON COLUMN api_keys.requests_per_minute IS 'Beside the limit of the client; none: only that.';
COMMENT ON COLUMN api_keys.last_used_at IS 'To the hour, so that a request costs no write.';
COMMENT ON COLUMN api_keys.last_used_from IS 'IPv4 /24 or IPv6 /48.';
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id);

-- A key has one secret, and two while it is rotated.
CREATE TABLE api_key_secrets (
    prefix text PRIMARY KEY CHECK (prefix ~ '^[0-9A-Za-z]{8}$'),
    key_id uuid NOT NULL REFERENCES api_keys ON DELETE CASCADE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    superseded_at timestamptz,
    CHECK (expires_at >= created_at AND expires_at <= created_at + interval '366 days'),
    CHECK (expires_at <= superseded_at + interval '7 days')
);
COMMENT ON COLUMN api_key_secrets.prefix IS 'Of the key, in clear text: finds it, and names it to people.';
COMMENT ON COLUMN api_key_secrets.hash IS 'SHA-256 of the whole key, which is 256 random bits.';
COMMENT ON COLUMN api_key_secrets.superseded_at IS 'Since when there is a newer one.';
CREATE INDEX api_key_secrets_key_id_idx ON api_key_secrets (key_id);
CREATE UNIQUE INDEX api_key_secrets_one_current ON api_key_secrets (key_id) WHERE superseded_at IS NULL;
CREATE UNIQUE INDEX api_key_secrets_one_superseded ON api_key_secrets (key_id) WHERE superseded_at IS NOT NULL;
