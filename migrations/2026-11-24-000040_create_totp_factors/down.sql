ALTER TABLE sessions
    DROP COLUMN second_factor,
    DROP COLUMN first_factor,
    DROP COLUMN authenticated_at;
DROP TABLE totp_factors;
