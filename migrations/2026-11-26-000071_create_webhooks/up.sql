-- Who is told what happens here, by Standard Webhooks.
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    business_id uuid REFERENCES businesses ON DELETE CASCADE,
    url text NOT NULL CHECK (char_length(url) <= 500),
    description text CHECK (char_length(description) BETWEEN 1 AND 200),
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0 AND event_types <@ ARRAY[
        'booking.requested', 'booking.confirmed', 'booking.declined', 'booking.expired', 'booking.cancelled',
        'booking.rescheduled', 'booking.suspended', 'booking.completed', 'booking.no_show',
        'business.updated', 'business.verified', 'business.deleted', 'webhook.test']),
    state text NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    disabled_reason text CHECK (disabled_reason IN ('gone', 'failing')),
    secret_sealed bytea NOT NULL,
    old_secret_sealed bytea,
    old_secret_until timestamptz,
    failing_since timestamptz,
    version integer NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL)),
    CHECK ((old_secret_sealed IS NULL) = (old_secret_until IS NULL))
);
COMMENT ON COLUMN webhooks.owner_id IS 'Who made it and gets the mails.';
COMMENT ON COLUMN webhooks.business_id IS 'Whose it is; none: the owner''s own.';
COMMENT ON COLUMN webhooks.old_secret_sealed IS 'Signs too while the secret is rotated.';
COMMENT ON COLUMN webhooks.failing_since IS 'Since when no delivery got through; none: the last one did.';
CREATE INDEX webhooks_owner_id_idx ON webhooks (owner_id);
CREATE INDEX webhooks_business_id_idx ON webhooks (business_id);

-- An event for one of them. It is written in the transaction of what it tells.
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event_id uuid NOT NULL,
    event_type text NOT NULL CHECK (event_type IN (
        'booking.requested', 'booking.confirmed', 'booking.declined', 'booking.expired', 'booking.cancelled',
        'booking.rescheduled', 'booking.suspended', 'booking.completed', 'booking.no_show',
        'business.updated', 'business.verified', 'business.deleted', 'webhook.test')),
    occurred_at timestamptz NOT NULL,
    data jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'dropped')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    round_start integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    finished_at timestamptz,
    CHECK (round_start BETWEEN 0 AND attempts),
    CHECK ((state = 'pending') = (finished_at IS NULL)),
    UNIQUE (webhook_id, event_id)
);
COMMENT ON COLUMN webhook_deliveries.event_id IS 'The webhook-id of every attempt.';
COMMENT ON COLUMN webhook_deliveries.round_start IS 'How many attempts there were before somebody asked for it again.';
COMMENT ON COLUMN webhook_deliveries.claimed_until IS 'Until then a worker is at it.';
CREATE INDEX webhook_deliveries_webhook_id_idx ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_occurred_at_idx ON webhook_deliveries (occurred_at);

CREATE TABLE webhook_attempts (
    delivery_id uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number integer NOT NULL CHECK (number > 0),
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL CHECK (duration_ms >= 0),
    status integer CHECK (status BETWEEN 100 AND 999),
    error text CHECK (error IN (
        'bad_address', 'refused_address', 'unresolvable', 'unreachable', 'tls', 'protocol', 'too_large', 'timeout')),
    answer text CHECK (char_length(answer) <= 500),
    PRIMARY KEY (delivery_id, number),
    CHECK ((status IS NULL) <> (error IS NULL))
);
COMMENT ON COLUMN webhook_attempts.answer IS 'The beginning of what the other side answered.';

-- Writes an event for everybody who wants it, and the jobs that deliver it. Called by triggers, so that nobody who
-- changes a booking or a business can forget to.
CREATE FUNCTION announce(what text, happened timestamptz, about jsonb, people uuid[], business uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    event uuid := uuid_v7();
    made uuid[];
    queues text[];
BEGIN
    WITH added AS (
        INSERT INTO webhook_deliveries (id, webhook_id, event_id, event_type, occurred_at, data, state)
        SELECT uuid_v7(), w.id, event, what, happened, about, 'pending' FROM webhooks w
         WHERE w.state = 'active' AND what = ANY (w.event_types)
           AND (w.business_id = business OR (w.business_id IS NULL AND w.owner_id = ANY (people)))
        RETURNING id, webhook_id
    ) SELECT array_agg(id), array_agg('webhook:' || webhook_id) INTO made, queues FROM added;
    IF made IS NOT NULL THEN
        PERFORM enqueue_jobs(
            array_fill('webhooks.deliver'::text, ARRAY[cardinality(made)]),
            array(SELECT json_build_object('delivery_id', id, 'attempt', 0)
                    FROM unnest(made) WITH ORDINALITY AS one(id, position) ORDER BY position),
            queues,
            array_fill(interval '0', ARRAY[cardinality(made)]),
            array_fill(NULL::text, ARRAY[cardinality(made)]),
            14);
    END IF;
END;
$$;

CREATE FUNCTION announce_booking(what text, happened timestamptz, booking bookings)
RETURNS void LANGUAGE sql AS $$
    SELECT announce(what, happened, jsonb_strip_nulls(jsonb_build_object(
        'booking_id', booking.id, 'state', booking.state, 'mentor_id', booking.mentor_id,
        'mentee_id', booking.mentee_id, 'business_id', booking.business_id,
        'starts_at', to_char(booking.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'ends_at', to_char(booking.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
        ARRAY[booking.mentor_id, booking.mentee_id], NULL)
$$;

CREATE FUNCTION announce_booking_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    booking bookings;
BEGIN
    SELECT * INTO booking FROM bookings WHERE id = NEW.booking_id;
    PERFORM announce_booking('booking.' || NEW.to_state, NEW.at, booking);
    RETURN NULL;
END;
$$;
CREATE TRIGGER booking_events_announce AFTER INSERT ON booking_events
    FOR EACH ROW WHEN (NEW.from_state IS DISTINCT FROM NEW.to_state) EXECUTE FUNCTION announce_booking_state();

CREATE FUNCTION announce_booking_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_booking('booking.rescheduled', NEW.updated_at, NEW);
    RETURN NULL;
END;
$$;
CREATE TRIGGER bookings_announce AFTER UPDATE ON bookings
    FOR EACH ROW WHEN (OLD.starts_at IS DISTINCT FROM NEW.starts_at) EXECUTE FUNCTION announce_booking_time();

CREATE FUNCTION announce_business(what text, happened timestamptz, business uuid)
RETURNS void LANGUAGE sql AS $$
    SELECT announce(what, happened, jsonb_build_object('business_id', business),
        array(SELECT user_id FROM business_members WHERE business_id = business), business)
$$;

CREATE FUNCTION announce_business_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_business(
        CASE WHEN NEW.deleted_at IS NULL THEN 'business.updated' ELSE 'business.deleted' END, NEW.updated_at, NEW.id);
    RETURN NULL;
END;
$$;
CREATE TRIGGER businesses_announce AFTER UPDATE ON businesses
    FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION announce_business_change();

CREATE FUNCTION announce_verification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM announce_business('business.verified', now(), NEW.business_id);
    RETURN NULL;
END;
$$;
CREATE TRIGGER business_registrations_announce AFTER UPDATE ON business_registrations
    FOR EACH ROW WHEN (NEW.status = 'reviewed' AND OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION announce_verification();
