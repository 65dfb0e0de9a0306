CREATE TABLE calendar_feeds (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    rotated_at timestamptz
);
COMMENT ON TABLE calendar_feeds IS 'Addresses under which calendar programs read the sessions of a person.';
COMMENT ON COLUMN calendar_feeds.token_hash IS 'SHA-256 of the 256 random bits in the address.';
CREATE UNIQUE INDEX calendar_feeds_token_hash_key ON calendar_feeds (token_hash);
CREATE INDEX calendar_feeds_user_id_idx ON calendar_feeds (user_id);

CREATE TABLE external_calendars (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    url_sealed bytea,
    host text CHECK (char_length(host) <= 255),
    etag text CHECK (char_length(etag) <= 200),
    last_ok_at timestamptz,
    last_tried_at timestamptz,
    covered_until timestamptz,
    last_error text CHECK (last_error IN ('bad_address', 'refused_address', 'unreachable', 'timeout', 'redirects',
        'refused', 'not_found', 'bad_response', 'too_large', 'not_a_calendar', 'too_many_events')),
    event_count integer NOT NULL DEFAULT 0 CHECK (event_count >= 0),
    not_understood integer NOT NULL DEFAULT 0 CHECK (not_understood >= 0),
    created_at timestamptz NOT NULL,
    CHECK ((url_sealed IS NULL) = (host IS NULL))
);
COMMENT ON TABLE external_calendars IS 'Calendars elsewhere whose busy times close the calendar of a person.';
COMMENT ON COLUMN external_calendars.url_sealed IS 'Such addresses are secrets; none: the calendar was uploaded.';
COMMENT ON COLUMN external_calendars.covered_until IS 'Busy times after this are not known.';
CREATE INDEX external_calendars_owner_id_idx ON external_calendars (owner_id);

CREATE TABLE external_busy (
    calendar_id uuid NOT NULL REFERENCES external_calendars ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    owner_id uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    PRIMARY KEY (calendar_id, starts_at),
    CHECK (starts_at < ends_at AND isfinite(starts_at) AND isfinite(ends_at))
);
COMMENT ON TABLE external_busy IS 'Busy times of imported calendars. Those of two calendars may overlap; why somebody is busy is not kept.';
CREATE INDEX external_busy_owner_id_idx ON external_busy (owner_id, ends_at) INCLUDE (starts_at);
