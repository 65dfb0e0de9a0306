CREATE TABLE email_changes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    session_id uuid REFERENCES sessions ON DELETE SET NULL,
    old_address citext NOT NULL CHECK (char_length(old_address) BETWEEN 3 AND 254),
    new_address citext NOT NULL CHECK (char_length(new_address) BETWEEN 3 AND 254),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    mailed_at timestamptz,
    confirm_hash bytea UNIQUE CHECK (octet_length(confirm_hash) = 32),
    confirmed_at timestamptz,
    undo_hash bytea UNIQUE CHECK (octet_length(undo_hash) = 32),
    undo_until timestamptz,
    undone_at timestamptz,
    CHECK ((confirmed_at IS NULL) = (undo_until IS NULL)),
    CHECK (undone_at IS NULL OR confirmed_at IS NOT NULL)
);
COMMENT ON TABLE email_changes IS 'Changes of an address: asked for, confirmed at the new address, undone from the old one.';
COMMENT ON COLUMN email_changes.session_id IS 'Which session asked: it goes on when the change is confirmed.';
COMMENT ON COLUMN email_changes.mailed_at IS 'When something was sent to the new address.';
COMMENT ON COLUMN email_changes.confirm_hash IS 'SHA-256 of the token that went to the new address.';
COMMENT ON COLUMN email_changes.undo_hash IS 'SHA-256 of the token that went to the old address.';
CREATE INDEX email_changes_user_id_idx ON email_changes (user_id, asked_at);
CREATE INDEX email_changes_session_id_idx ON email_changes (session_id);
CREATE INDEX email_changes_mailed_idx ON email_changes (new_address, mailed_at);
