CREATE TABLE idempotency_keys (
    actor uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 299),
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor, operation, key)
);
COMMENT ON TABLE idempotency_keys IS
    'Replies to POST requests that carried an Idempotency-Key, written in the same transaction as their effect.';
COMMENT ON COLUMN idempotency_keys.actor IS 'The account, or the nil UUID for callers without one.';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'Keyed hash of address and body: another request under the same key is refused.';
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
