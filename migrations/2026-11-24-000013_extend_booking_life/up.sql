ALTER TABLE offerings
    ADD COLUMN weekly int4multirange NOT NULL DEFAULT '{}' CHECK (weekly <@ int4multirange(int4range(0, 10080)));
COMMENT ON COLUMN offerings.weekly IS
    'Minutes of a week that starts on Monday at 00:00, on the clock of the mentor''s calendar, in which this is offered; none: in all open ones.';

ALTER TABLE bookings
    ADD COLUMN cascaded_from uuid REFERENCES bookings ON DELETE SET NULL;
COMMENT ON COLUMN bookings.cascaded_from IS 'The request that this one was made in place of.';
CREATE UNIQUE INDEX bookings_cascaded_from_key ON bookings (cascaded_from);

CREATE TABLE booking_cascades (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    hops_left smallint NOT NULL CHECK (hops_left BETWEEN 0 AND 3),
    wished_at timestamptz NOT NULL,
    asked uuid[] NOT NULL CHECK (cardinality(asked) BETWEEN 1 AND 4 AND array_position(asked, NULL) IS NULL)
);
COMMENT ON TABLE booking_cascades IS 'Requests that are passed on to another mentor when the asked one declines or does not answer.';
COMMENT ON COLUMN booking_cascades.hops_left IS 'To how many more mentors it may be passed on.';
COMMENT ON COLUMN booking_cascades.wished_at IS 'The start that the mentee asked for first.';
COMMENT ON COLUMN booking_cascades.asked IS 'The mentors who were asked, this one included.';

CREATE TABLE blocks (
    id uuid PRIMARY KEY,
    blocker_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    blocked_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    CONSTRAINT blocks_pair_key UNIQUE (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
COMMENT ON TABLE blocks IS
    'Who wants nothing to do with whom: neither of the two can book the other. Written under the lock on both calendars.';
CREATE INDEX blocks_blocker_id_idx ON blocks (blocker_id, id);
CREATE INDEX blocks_blocked_id_idx ON blocks (blocked_id);
