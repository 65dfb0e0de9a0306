DROP TABLE sign_in_challenges;
