CREATE TABLE stored_objects (
    key text PRIMARY KEY CHECK (char_length(key) BETWEEN 1 AND 200),
    remove_at timestamptz CHECK (isfinite(remove_at)),
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE stored_objects IS
    'What is, or may be, in the storage. Written before the object is, so that nothing there is ever unknown.';
COMMENT ON COLUMN stored_objects.remove_at IS 'From then on nobody needs it; null while a row elsewhere does.';
CREATE INDEX stored_objects_remove_at_idx ON stored_objects (remove_at) WHERE remove_at IS NOT NULL;

CREATE TABLE booking_documents (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    uploader_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    place smallint NOT NULL CONSTRAINT booking_documents_five CHECK (place BETWEEN 1 AND 5),
    object_key text NOT NULL CONSTRAINT booking_documents_object UNIQUE REFERENCES stored_objects,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    kind text NOT NULL CHECK (kind IN ('pdf', 'jpeg', 'png', 'webp', 'text', 'docx', 'xlsx')),
    size integer NOT NULL CHECK (size BETWEEN 1 AND 10485760),
    digest text NOT NULL CHECK (char_length(digest) = 43),
    announced boolean NOT NULL DEFAULT false,
    remove_at timestamptz NOT NULL CHECK (isfinite(remove_at)),
    created_at timestamptz NOT NULL,
    CONSTRAINT booking_documents_place UNIQUE (booking_id, uploader_id, place)
);
COMMENT ON COLUMN booking_documents.place IS 'Which of the uploader''s five places on this booking it takes.';
COMMENT ON COLUMN booking_documents.announced IS 'Whether the other side has been told.';
COMMENT ON COLUMN booking_documents.remove_at IS 'When it is removed, unless the session was moved.';
CREATE INDEX booking_documents_uploader_id_idx ON booking_documents (uploader_id);
CREATE INDEX booking_documents_remove_at_idx ON booking_documents (remove_at);

-- However a row goes, also with its booking or its account: its object goes too.
CREATE FUNCTION release_booking_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stored_objects SET remove_at = created_at WHERE key = OLD.object_key;
    RETURN NULL;
END $$;
CREATE TRIGGER booking_documents_release_object AFTER DELETE ON booking_documents
    FOR EACH ROW EXECUTE FUNCTION release_booking_document();
