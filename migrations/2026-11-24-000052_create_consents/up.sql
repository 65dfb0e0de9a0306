CREATE TABLE legal_documents (
    document text NOT NULL CHECK (document IN ('terms', 'privacy', 'marketing')),
    version text NOT NULL CHECK (version ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    published_at timestamptz NOT NULL,
    PRIMARY KEY (document, version)
);
COMMENT ON TABLE legal_documents IS
    'What people agree to. The newest published version counts; a new one is a row of a migration.';
INSERT INTO legal_documents (document, version, published_at) VALUES
    ('terms', '2026-06-01', '2026-06-01 00:00+07'),
    ('privacy', '2026-06-01', '2026-06-01 00:00+07'),
    ('marketing', '2026-06-01', '2026-06-01 00:00+07');

CREATE TABLE consents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    document text NOT NULL,
    version text NOT NULL,
    locale text NOT NULL CHECK (locale IN ('id', 'en')),
    channel text NOT NULL CHECK (channel IN ('registration', 'android', 'ios', 'web', 'other')),
    ip_prefix text CHECK (char_length(ip_prefix) <= 64),
    given_at timestamptz NOT NULL,
    withdrawn_at timestamptz CHECK (withdrawn_at >= given_at),
    FOREIGN KEY (document, version) REFERENCES legal_documents
);
COMMENT ON TABLE consents IS 'Who agreed to which version, and the proof of it. Withdrawn ones stay.';
COMMENT ON COLUMN consents.locale IS 'The language in which it was shown.';
CREATE UNIQUE INDEX consents_open_key ON consents (user_id, document, version) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_user_id_idx ON consents (user_id, document);
CREATE INDEX consents_document_idx ON consents (document, version);
