CREATE TABLE sign_in_attempts (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    attempts integer NOT NULL CHECK (attempts >= 0),
    last_at timestamptz NOT NULL,
    blocked_until timestamptz
);
COMMENT ON TABLE sign_in_attempts IS
    'Tries at a password that were not right, by strangers for an address, or by one known device. Known addresses and unknown ones count alike.';
COMMENT ON COLUMN sign_in_attempts.key IS 'SHA-256 of the address, or of the hash of the device token.';
CREATE INDEX sign_in_attempts_last_at_idx ON sign_in_attempts (last_at);

CREATE TABLE known_devices (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
COMMENT ON TABLE known_devices IS 'Devices that signed in before: strangers'' tries at the password do not delay them.';
CREATE INDEX known_devices_user_id_idx ON known_devices (user_id);
CREATE INDEX known_devices_last_seen_at_idx ON known_devices (last_seen_at);
