CREATE TABLE calendars (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    zone text NOT NULL DEFAULT 'Asia/Jakarta' CHECK (char_length(zone) <= 40),
    region_code text COLLATE "C" REFERENCES regions,
    weekly int4multirange NOT NULL DEFAULT '{}' CHECK (weekly <@ int4multirange(int4range(0, 10080))),
    holiday_policy text NOT NULL DEFAULT 'closed' CHECK (holiday_policy IN ('closed', 'closed_also_cuti_bersama', 'ignore')),
    daily_cap smallint CHECK (daily_cap BETWEEN 1 AND 50),
    weekly_cap smallint CHECK (weekly_cap BETWEEN 1 AND 200),
    paused_until timestamptz CHECK (isfinite(paused_until)),
    rev bigint NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE calendars IS
    'The time of a person, mentor or mentee. Its row is the lock that every change of that time takes first, in the order of the ids.';
COMMENT ON COLUMN calendars.zone IS 'IANA name: in it the weekly hours and the caps are meant.';
COMMENT ON COLUMN calendars.weekly IS 'Open minutes of a week that starts on Monday at 00:00.';
COMMENT ON COLUMN calendars.rev IS 'Goes up with every change that can change slots.';
CREATE INDEX calendars_region_code_idx ON calendars (region_code);

CREATE TABLE availability_schedules (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    weekly int4multirange NOT NULL CHECK (weekly <@ int4multirange(int4range(0, 10080))),
    CHECK (valid_from <= valid_to AND isfinite(valid_from) AND isfinite(valid_to)),
    CONSTRAINT availability_schedules_no_overlap
        EXCLUDE USING gist (user_id WITH =, daterange(valid_from, valid_to, '[]') WITH &&)
);
COMMENT ON TABLE availability_schedules IS 'Weekly hours that replace the usual ones on the dates they cover, such as in Ramadan.';

CREATE TABLE availability_overrides (
    user_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    local_date date NOT NULL CHECK (isfinite(local_date)),
    windows int4multirange NOT NULL CHECK (windows <@ int4multirange(int4range(0, 1440))),
    PRIMARY KEY (user_id, local_date)
);
COMMENT ON COLUMN availability_overrides.windows IS 'Open minutes of that date in the zone of the calendar; empty: closed.';

CREATE TABLE time_off (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text CHECK (char_length(reason) <= 200),
    CHECK (starts_at < ends_at AND ends_at - starts_at <= interval '400 days' AND isfinite(starts_at) AND isfinite(ends_at))
);
CREATE INDEX time_off_user_id_idx ON time_off (user_id, ends_at);

CREATE TABLE mentors (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('applied', 'approved', 'rejected', 'suspended')),
    headline text NOT NULL CHECK (char_length(headline) BETWEEN 3 AND 120),
    about text CHECK (char_length(about) <= 4000),
    expertise text[] NOT NULL CHECK (cardinality(expertise) BETWEEN 1 AND 15),
    subsectors text[] NOT NULL CHECK (cardinality(subsectors) BETWEEN 1 AND 17),
    languages text[] NOT NULL CHECK (cardinality(languages) BETWEEN 1 AND 10),
    regions text[] NOT NULL DEFAULT '{}' CHECK (cardinality(regions) <= 20),
    ethics_accepted_at timestamptz NOT NULL,
    review_note text CHECK (char_length(review_note) <= 1000),
    reviewed_by uuid REFERENCES users ON DELETE SET NULL,
    reviewed_at timestamptz,
    response_minutes integer CHECK (response_minutes >= 0),
    completed_sessions integer NOT NULL DEFAULT 0 CHECK (completed_sessions >= 0),
    rating_sum integer NOT NULL DEFAULT 0,
    rating_count integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (rating_sum BETWEEN rating_count AND 5 * rating_count)
);
COMMENT ON COLUMN mentors.regions IS 'Kemendagri codes in which the mentor meets people in person.';
COMMENT ON COLUMN mentors.response_minutes IS 'Median time to answer a request, over the last fifty.';
CREATE INDEX mentors_state_idx ON mentors (state, created_at);
CREATE INDEX mentors_reviewed_by_idx ON mentors (reviewed_by);
CREATE INDEX mentors_subsectors_idx ON mentors USING gin (subsectors);
CREATE INDEX mentors_expertise_idx ON mentors USING gin (expertise);

CREATE TABLE offerings (
    id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL REFERENCES mentors ON DELETE CASCADE,
    title text NOT NULL CHECK (char_length(title) BETWEEN 3 AND 120),
    description text CHECK (char_length(description) <= 2000),
    mode text NOT NULL CHECK (mode IN ('online', 'phone', 'chat', 'in_person')),
    durations smallint[] NOT NULL CHECK (cardinality(durations) BETWEEN 1 AND 6 AND 5 <= ALL (durations) AND 480 >= ALL (durations)),
    interval_min smallint NOT NULL CHECK (interval_min BETWEEN 5 AND 480),
    before_min smallint NOT NULL CHECK (before_min BETWEEN 0 AND 240),
    after_min smallint NOT NULL CHECK (after_min BETWEEN 0 AND 240),
    notice_min integer NOT NULL CHECK (notice_min BETWEEN 0 AND 43200),
    horizon_days smallint NOT NULL CHECK (horizon_days BETWEEN 1 AND 365),
    needs_approval boolean NOT NULL,
    cancel_notice_min integer NOT NULL CHECK (cancel_notice_min BETWEEN 0 AND 43200),
    meeting_url text CHECK (meeting_url ~ '^https://' AND char_length(meeting_url) <= 300),
    place text CHECK (char_length(place) <= 300),
    questions jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(questions) = 'array'),
    active boolean NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE offerings IS 'What a mentor offers: a kind of session with its rules.';
COMMENT ON COLUMN offerings.meeting_url IS 'Address of the video room; {code} stands for the code of the booking.';
CREATE INDEX offerings_mentor_id_idx ON offerings (mentor_id);

CREATE TABLE time_claims (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('hold', 'request', 'booking', 'group', 'seat')),
    ref_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    before_min smallint NOT NULL DEFAULT 0 CHECK (before_min BETWEEN 0 AND 240),
    after_min smallint NOT NULL DEFAULT 0 CHECK (after_min BETWEEN 0 AND 240),
    expires_at timestamptz,
    during tstzrange NOT NULL GENERATED ALWAYS AS (tstzrange(starts_at, ends_at, '[)')) STORED,
    CHECK (starts_at < ends_at AND ends_at - starts_at <= interval '8 hours' AND isfinite(starts_at) AND isfinite(ends_at)),
    CHECK ((kind IN ('hold', 'request')) = (expires_at IS NOT NULL)),
    CONSTRAINT time_claims_no_overlap EXCLUDE USING gist (owner_id WITH =, during WITH &&)
);
COMMENT ON TABLE time_claims IS 'Time of a person that is taken, whoever they are in it: no two claims of one owner overlap.';
COMMENT ON COLUMN time_claims.expires_at IS 'A hold or request is nothing after this; readers skip it, writers remove it under the lock.';
CREATE INDEX time_claims_read_idx ON time_claims (owner_id, starts_at) INCLUDE (ends_at, kind, expires_at);
-- Without it, holds and requests of a person are looked for in the index of the constraint, which takes 40 ms.
CREATE INDEX time_claims_expiring_idx ON time_claims (owner_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX time_claims_ref_id_idx ON time_claims (ref_id);

CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    code text NOT NULL CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{8}$'),
    offering_id uuid NOT NULL REFERENCES offerings,
    mentor_id uuid NOT NULL REFERENCES mentors,
    mentee_id uuid NOT NULL REFERENCES users,
    business_id uuid REFERENCES businesses ON DELETE SET NULL,
    state text NOT NULL CHECK (state IN
        ('requested', 'confirmed', 'declined', 'expired', 'cancelled', 'suspended', 'completed', 'no_show')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    zone text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('online', 'phone', 'chat', 'in_person')),
    place text CHECK (char_length(place) <= 300),
    region_code text COLLATE "C",
    topic text CHECK (char_length(topic) <= 2000),
    answers jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(answers) = 'array'),
    series_id uuid,
    series_index smallint,
    expires_at timestamptz,
    suspended_from text CHECK (suspended_from IN ('requested', 'confirmed')),
    cancelled_by text CHECK (cancelled_by IN ('mentor', 'mentee', 'staff', 'system')),
    reason_code text CHECK (reason_code ~ '^[a-z_]{1,40}$'),
    late boolean NOT NULL DEFAULT false,
    no_show_party text CHECK (no_show_party IN ('mentor', 'mentee', 'both')),
    mentor_checked_in_at timestamptz,
    mentee_checked_in_at timestamptz,
    reschedule_count smallint NOT NULL DEFAULT 0 CHECK (reschedule_count >= 0),
    sequence integer NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (starts_at < ends_at),
    CHECK (mentor_id <> mentee_id),
    CHECK ((state = 'requested') = (expires_at IS NOT NULL)),
    CHECK ((state = 'suspended') = (suspended_from IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL)),
    CHECK ((state = 'no_show') = (no_show_party IS NOT NULL)),
    CHECK ((series_id IS NULL) = (series_index IS NULL))
);
COMMENT ON COLUMN bookings.code IS 'Eight letters and digits (Crockford base 32) to read aloud.';
COMMENT ON COLUMN bookings.zone IS 'IANA zone of the mentor''s calendar when it was booked.';
COMMENT ON COLUMN bookings.sequence IS 'SEQUENCE of the invitation (RFC 5545 section 3.8.7.4).';
CREATE UNIQUE INDEX bookings_code_key ON bookings (code);
CREATE UNIQUE INDEX bookings_series_key ON bookings (series_id, series_index);
CREATE INDEX bookings_offering_id_idx ON bookings (offering_id);
CREATE INDEX bookings_mentor_id_idx ON bookings (mentor_id, starts_at);
CREATE INDEX bookings_mentee_id_idx ON bookings (mentee_id, starts_at);
CREATE INDEX bookings_business_id_idx ON bookings (business_id);

CREATE TABLE booking_events (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    at timestamptz NOT NULL,
    actor_id uuid REFERENCES users ON DELETE SET NULL,
    from_state text,
    to_state text NOT NULL,
    reason_code text
);
COMMENT ON TABLE booking_events IS 'What happened to a booking, append-only. No actor: the system.';
CREATE INDEX booking_events_booking_id_idx ON booking_events (booking_id, at);
CREATE INDEX booking_events_actor_id_idx ON booking_events (actor_id);
