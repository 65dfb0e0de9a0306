-- 0.01 degrees are about 1.1 km: enough for a map of the neighbourhood, too little to find a home.
CREATE FUNCTION public_point(longitude double precision, latitude double precision, exact boolean) RETURNS point
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN exact THEN point(longitude, latitude)
        ELSE point(round(longitude * 100) / 100, round(latitude * 100) / 100) END;
COMMENT ON FUNCTION public_point(double precision, double precision, boolean) IS
    'Where the public may know something to be. Searches by place use this alone, or their answers would tell more.';

CREATE TABLE businesses (
    id uuid PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 2 AND 120),
    legal_form text NOT NULL CHECK (legal_form IN
        ('perorangan', 'pt', 'pt_perorangan', 'cv', 'firma', 'koperasi', 'yayasan', 'bumdes', 'lainnya')),
    description_id text CHECK (char_length(description_id) <= 4000),
    description_en text CHECK (char_length(description_en) <= 4000),
    main_subsector text NOT NULL REFERENCES subsectors,
    further_subsectors text[] NOT NULL DEFAULT '{}' CHECK (further_subsectors <@ ARRAY[
        'aplikasi', 'arsitektur', 'desain_interior', 'desain_komunikasi_visual', 'desain_produk', 'fesyen',
        'film_animasi_video', 'fotografi', 'kriya', 'kuliner', 'musik', 'penerbitan', 'pengembang_permainan',
        'periklanan', 'seni_pertunjukan', 'seni_rupa', 'televisi_radio']),
    kbli text[] NOT NULL DEFAULT '{}'
        CHECK (array_to_string(kbli, ',', '?') ~ '^((2020|2025):\d{5}(,(2020|2025):\d{5})*)?$'),
    size_class text CHECK (size_class IN ('mikro', 'kecil', 'menengah', 'besar')),
    founded_year smallint CHECK (founded_year BETWEEN 1800 AND 2200),
    phone text CHECK (phone ~ '^\+[1-9]\d{7,14}$'),
    email citext CHECK (char_length(email) <= 254),
    website text CHECK (website ~ '^https?://' AND char_length(website) <= 300),
    social_links jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(social_links) = 'object'),
    region_code text COLLATE "C" NOT NULL REFERENCES regions CHECK (char_length(region_code) = 13),
    postal_code text NOT NULL CHECK (postal_code ~ '^[1-9]\d{4}$'),
    street text NOT NULL CHECK (char_length(street) BETWEEN 3 AND 200),
    landmark text CHECK (char_length(landmark) BETWEEN 1 AND 200),
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    location_is_exact boolean NOT NULL DEFAULT false,
    opening_hours jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(opening_hours) = 'array'),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('draft', 'active', 'paused', 'suspended')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    subsectors text[] NOT NULL GENERATED ALWAYS AS (main_subsector || further_subsectors) STORED,
    shown_at point GENERATED ALWAYS AS (public_point(longitude, latitude, location_is_exact)) STORED,
    is_listed boolean NOT NULL GENERATED ALWAYS AS (state = 'active' AND deleted_at IS NULL) STORED,
    search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', fold(name)), 'A')
        || setweight(to_tsvector('indonesian', fold(name)), 'A')
        || setweight(to_tsvector('simple', fold(coalesce(description_id, '') || ' ' || coalesce(description_en, ''))), 'C')
        || setweight(to_tsvector('indonesian', fold(coalesce(description_id, ''))), 'C')) STORED,
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (NOT main_subsector = ANY (further_subsectors))
);
COMMENT ON TABLE businesses IS 'Creative-economy businesses: what the public may see.';
COMMENT ON COLUMN businesses.kbli IS 'Codes as vintage:code, such as 2020:13134; the same digits differ between the vintages.';
COMMENT ON COLUMN businesses.region_code IS 'The village (desa or kelurahan) of the address.';
COMMENT ON COLUMN businesses.shown_at IS 'Where the public may know it to be; searches by place use this alone.';
COMMENT ON COLUMN businesses.location_is_exact IS 'The owner agreed to show the exact point; otherwise the public sees it rounded.';
CREATE UNIQUE INDEX businesses_slug_key ON businesses (slug);
ALTER TABLE businesses ADD CONSTRAINT businesses_slug_check
    CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(slug) BETWEEN 3 AND 80);
-- The public list: active businesses, newest first, by place and by subsector.
-- A column of its own, because a partial index serves a prepared statement only if its condition has no parameter.
CREATE INDEX businesses_newest_idx ON businesses (id DESC) WHERE is_listed;
CREATE INDEX businesses_region_code_idx ON businesses (region_code, id DESC);
CREATE INDEX businesses_main_subsector_idx ON businesses (main_subsector);
CREATE INDEX businesses_subsectors_idx ON businesses USING gin (subsectors);
CREATE INDEX businesses_search_idx ON businesses USING gin (search);
CREATE INDEX businesses_name_trgm_idx ON businesses USING gin (fold(name) gin_trgm_ops);
CREATE INDEX businesses_location_idx ON businesses USING gist (shown_at);

CREATE TABLE business_slugs (
    slug text PRIMARY KEY,
    business_id uuid NOT NULL REFERENCES businesses ON DELETE CASCADE
);
COMMENT ON TABLE business_slugs IS
    'Every slug that a business has or had: an old link leads to it for ever, and never to a stranger.';
CREATE INDEX business_slugs_business_id_idx ON business_slugs (business_id);

CREATE FUNCTION keep_business_slug() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    holder uuid;
BEGIN
    -- Waits for another transaction that is taking the same slug.
    INSERT INTO business_slugs AS kept VALUES (NEW.slug, NEW.id)
        ON CONFLICT (slug) DO UPDATE SET business_id = kept.business_id
        RETURNING kept.business_id INTO holder;
    IF holder <> NEW.id THEN
        RAISE EXCEPTION 'slug % is taken', NEW.slug
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'businesses_slug_key';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER businesses_keep_slugs AFTER INSERT OR UPDATE OF slug ON businesses
    FOR EACH ROW EXECUTE FUNCTION keep_business_slug();

-- Stemmed and unstemmed: the stemmer helps with most words and errs on some (perajin, menenun).
CREATE FUNCTION search_query(query text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN websearch_to_tsquery('simple', fold(query)) || websearch_to_tsquery('indonesian', fold(query));
COMMENT ON FUNCTION search_query(text) IS 'What people type into a search field, as a query on businesses.search.';

CREATE FUNCTION search_rank(search tsvector, name text, query text) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN ts_rank(search, search_query(query)) + word_similarity(fold(query), fold(name));
COMMENT ON FUNCTION search_rank(tsvector, text, text) IS 'How well a business fits a query; names weigh most.';

CREATE TABLE business_registrations (
    business_id uuid PRIMARY KEY REFERENCES businesses ON DELETE CASCADE,
    registered_by uuid NOT NULL REFERENCES users,
    legal_name text CHECK (char_length(legal_name) BETWEEN 2 AND 160),
    nib text CHECK (nib ~ '^\d{13}$'),
    npwp_sealed bytea,
    npwp_hash bytea CHECK (octet_length(npwp_hash) = 32),
    npwp_last4 text CHECK (npwp_last4 ~ '^\d{4}$'),
    npwp_is_entity boolean,
    nik_sealed bytea,
    nik_hash bytea CHECK (octet_length(nik_hash) = 32),
    nik_last4 text CHECK (nik_last4 ~ '^\d{4}$'),
    declared_capital bigint CHECK (declared_capital >= 0),
    declared_turnover bigint CHECK (declared_turnover >= 0),
    status text NOT NULL DEFAULT 'self_declared'
        CHECK (status IN ('self_declared', 'document_uploaded', 'reviewed', 'rejected', 'expired')),
    CHECK (num_nulls(npwp_sealed, npwp_hash, npwp_last4, npwp_is_entity) IN (0, 4)),
    CHECK (num_nulls(nik_sealed, nik_hash, nik_last4) IN (0, 3))
);
COMMENT ON TABLE business_registrations IS 'Identity numbers and declarations of a business: for its members and for staff.';
COMMENT ON COLUMN business_registrations.npwp_hash IS 'Keyed hash: finds the same number again without telling it.';
COMMENT ON COLUMN business_registrations.declared_turnover IS 'Whole rupiah a year.';
COMMENT ON COLUMN business_registrations.declared_capital IS 'Whole rupiah, land and buildings excluded (PP 7/2021 art. 35).';
-- A number can be claimed by anyone, but held by one: uniqueness binds reviewed registrations, so that a false
-- claim never locks out the true holder; and no account claims the same number twice.
CREATE UNIQUE INDEX business_registrations_reviewed_nib_key ON business_registrations (nib) WHERE status = 'reviewed';
CREATE UNIQUE INDEX business_registrations_reviewed_npwp_key ON business_registrations (npwp_hash)
    WHERE status = 'reviewed' AND npwp_is_entity;
CREATE UNIQUE INDEX business_registrations_own_nib_key ON business_registrations (registered_by, nib);
CREATE UNIQUE INDEX business_registrations_own_npwp_key ON business_registrations (registered_by, npwp_hash)
    WHERE npwp_is_entity;
CREATE INDEX business_registrations_nib_idx ON business_registrations (nib);

CREATE TABLE business_members (
    business_id uuid NOT NULL REFERENCES businesses ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users,
    role text NOT NULL CHECK (role IN ('owner', 'manager', 'staff')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (business_id, user_id)
);
CREATE INDEX business_members_user_id_idx ON business_members (user_id, business_id);

CREATE FUNCTION require_business_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target uuid;
BEGIN
    IF TG_TABLE_NAME = 'businesses' THEN
        target := NEW.id;
    ELSE
        target := OLD.business_id;
    END IF;
    -- Two owners who leave at the same moment must see each other.
    PERFORM 1 FROM businesses WHERE id = target FOR UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM business_members WHERE business_id = target AND role = 'owner') THEN
        RAISE EXCEPTION 'business % has no owner', target
            USING ERRCODE = 'check_violation', CONSTRAINT = 'businesses_have_an_owner';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER businesses_have_an_owner AFTER INSERT ON businesses
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_business_owner();
CREATE CONSTRAINT TRIGGER businesses_keep_an_owner AFTER DELETE OR UPDATE ON business_members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_business_owner();
