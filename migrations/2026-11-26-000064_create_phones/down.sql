DROP TABLE phone_changes;
DROP TABLE phones;
