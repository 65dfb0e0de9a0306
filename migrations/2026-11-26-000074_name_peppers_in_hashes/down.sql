-- At the end of the table now; nothing ever wrote it.
ALTER TABLE passwords ADD COLUMN pepper_id smallint;
COMMENT ON COLUMN passwords.phc IS 'PHC string: algorithm, parameters, salt and hash.';
COMMENT ON COLUMN passwords.pepper_id IS 'Which configured pepper went into the hash; none when null.';
