CREATE TABLE phones (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    number text NOT NULL CONSTRAINT phones_number_key UNIQUE CHECK (number ~ '^\+[1-9][0-9]{7,14}$'),
    verified_at timestamptz NOT NULL
);
COMMENT ON TABLE phones IS 'Telephone numbers that accounts have proved to be theirs. A number has one account at most.';
COMMENT ON COLUMN phones.number IS 'E.164.';

CREATE TABLE phone_changes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    old_number text NOT NULL CHECK (old_number ~ '^\+[1-9][0-9]{7,14}$'),
    new_number text CHECK (new_number ~ '^\+[1-9][0-9]{7,14}$'),
    changed_at timestamptz NOT NULL,
    undo_hash bytea UNIQUE CHECK (octet_length(undo_hash) = 32),
    undo_until timestamptz NOT NULL,
    undone_at timestamptz
);
COMMENT ON TABLE phone_changes IS 'Numbers that accounts gave up for others: undone from the old number.';
COMMENT ON COLUMN phone_changes.new_number IS 'None: the number was removed.';
COMMENT ON COLUMN phone_changes.undo_hash IS 'SHA-256 of the token that went to the old number.';
CREATE INDEX phone_changes_user_id_idx ON phone_changes (user_id, changed_at);
