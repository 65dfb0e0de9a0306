DROP TABLE certificates;
DROP TABLE action_items;
DROP TABLE mentorship_goals;
DROP TABLE mentorships;
DROP TABLE booking_disputes;
DROP TABLE booking_notes;
DROP TABLE booking_agendas;
DROP TABLE booking_feedback;
