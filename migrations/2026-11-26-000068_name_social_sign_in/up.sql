ALTER TABLE sessions
    DROP CONSTRAINT sessions_first_factor_check,
    ADD CONSTRAINT sessions_first_factor_check CHECK (first_factor IN ('password', 'operator', 'passkey', 'social'));

ALTER TABLE sign_in_challenges
    ADD COLUMN first_factor text NOT NULL DEFAULT 'password'
        CONSTRAINT sign_in_challenges_first_factor_check CHECK (first_factor IN ('password', 'operator', 'passkey', 'social'));
COMMENT ON COLUMN sign_in_challenges.first_factor IS 'What was shown already.';
COMMENT ON TABLE sign_in_challenges IS
    'Sign-ins whose first factor was right and that wait for a second. They go when what began them may not sign in any more.';
