CREATE TABLE sync_changes (
    scope uuid NOT NULL,
    collection text NOT NULL CHECK (collection IN ('businesses', 'bookings')),
    id uuid NOT NULL,
    row_xid bigint NOT NULL,
    gone boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (scope, collection, id)
);
COMMENT ON TABLE sync_changes IS
    'The last change of each thing as one scope sees it, written by triggers. What a scope no longer sees is gone from it.';
COMMENT ON COLUMN sync_changes.scope IS 'An account, or the nil UUID: everybody.';
COMMENT ON COLUMN sync_changes.row_xid IS
    'The transaction of the change. Readers take those below the oldest that runs, so that one which commits late is not missed.';
CREATE INDEX sync_changes_read_idx ON sync_changes (scope, row_xid, collection, id);
CREATE INDEX sync_changes_gone_idx ON sync_changes (changed_at) WHERE gone;

CREATE TABLE sync_horizon (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    row_xid bigint NOT NULL
);
COMMENT ON TABLE sync_horizon IS 'Of changes up to this transaction some tombstones are forgotten: older tokens start anew.';
INSERT INTO sync_horizon VALUES (true, 0);

CREATE FUNCTION note_change(scope uuid, collection text, id uuid, gone boolean) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sync_changes AS kept VALUES (scope, collection, id, pg_current_xact_id()::text::bigint, gone, now())
    ON CONFLICT ON CONSTRAINT sync_changes_pkey DO UPDATE
        SET row_xid = EXCLUDED.row_xid, gone = EXCLUDED.gone, changed_at = EXCLUDED.changed_at
        WHERE NOT (kept.gone AND EXCLUDED.gone)
$$;
COMMENT ON FUNCTION note_change(uuid, text, uuid, boolean) IS 'Says that a scope sees a thing changed, or no longer.';

-- What was never seen needs no tombstone.
CREATE FUNCTION note_if_seen(a_scope uuid, a_collection text, an_id uuid) RETURNS void LANGUAGE sql AS $$
    SELECT note_change(a_scope, a_collection, an_id, true)
    WHERE EXISTS (SELECT FROM sync_changes WHERE scope = a_scope AND collection = a_collection AND id = an_id)
$$;

CREATE FUNCTION note_business() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    everybody constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF NEW.state = 'active' AND NEW.deleted_at IS NULL THEN
        PERFORM note_change(everybody, 'businesses', NEW.id, false);
    ELSE
        PERFORM note_if_seen(everybody, 'businesses', NEW.id);
    END IF;
    PERFORM note_change(user_id, 'businesses', NEW.id, NEW.deleted_at IS NOT NULL)
        FROM business_members WHERE business_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER businesses_are_noted AFTER INSERT OR UPDATE ON businesses
    FOR EACH ROW EXECUTE FUNCTION note_business();

CREATE FUNCTION note_business_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM note_change(OLD.user_id, 'businesses', OLD.business_id, true);
    ELSE
        PERFORM note_change(NEW.user_id, 'businesses', NEW.business_id, false);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER business_members_are_noted AFTER INSERT OR UPDATE OR DELETE ON business_members
    FOR EACH ROW EXECUTE FUNCTION note_business_member();

CREATE FUNCTION note_business_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_change(user_id, 'businesses', NEW.business_id, false)
        FROM business_members WHERE business_id = NEW.business_id;
    RETURN NULL;
END $$;
CREATE TRIGGER business_registrations_are_noted AFTER UPDATE ON business_registrations
    FOR EACH ROW EXECUTE FUNCTION note_business_registration();

CREATE FUNCTION note_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_change(NEW.mentor_id, 'bookings', NEW.id, false);
    PERFORM note_change(NEW.mentee_id, 'bookings', NEW.id, false);
    RETURN NULL;
END $$;
CREATE TRIGGER bookings_are_noted AFTER INSERT OR UPDATE ON bookings
    FOR EACH ROW EXECUTE FUNCTION note_booking();
