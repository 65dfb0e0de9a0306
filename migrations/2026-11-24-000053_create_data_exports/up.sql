CREATE TABLE data_exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('preparing', 'ready')),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz,
    object_key text CONSTRAINT data_exports_object UNIQUE REFERENCES stored_objects,
    size integer CHECK (size > 0),
    CHECK ((state = 'ready') = (ready_at IS NOT NULL)),
    CHECK ((state = 'ready') = (expires_at IS NOT NULL)),
    CHECK ((state = 'ready') = (object_key IS NOT NULL)),
    CHECK ((state = 'ready') = (size IS NOT NULL))
);
COMMENT ON TABLE data_exports IS 'Copies of everything that is stored on a person, for that person.';
COMMENT ON COLUMN data_exports.due_at IS 'When the law wants it to be ready: 3 times 24 hours after it was asked for (UU 27/2022 art. 32).';
COMMENT ON COLUMN data_exports.object_key IS 'The object is sealed under a key from the master key.';
CREATE UNIQUE INDEX data_exports_preparing_key ON data_exports (user_id) WHERE state = 'preparing';
CREATE INDEX data_exports_user_id_idx ON data_exports (user_id, asked_at);
CREATE INDEX data_exports_expires_at_idx ON data_exports (expires_at);
CREATE INDEX data_exports_due_at_idx ON data_exports (due_at) WHERE state = 'preparing';

-- However a row goes, also with its account: its object goes too.
CREATE FUNCTION release_data_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stored_objects SET remove_at = created_at WHERE key = OLD.object_key;
    RETURN NULL;
END $$;
CREATE TRIGGER data_exports_release_object AFTER DELETE ON data_exports
    FOR EACH ROW EXECUTE FUNCTION release_data_export();
