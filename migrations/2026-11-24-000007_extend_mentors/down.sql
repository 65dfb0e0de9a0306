ALTER TABLE offerings DROP CONSTRAINT offerings_place_in_person;
ALTER TABLE mentors
    DROP CONSTRAINT mentors_languages_known,
    DROP COLUMN region_lines;
DROP INDEX mentors_regions_idx;
DROP INDEX mentors_languages_idx;
DROP FUNCTION region_lines(text[]);
