DROP FUNCTION roles_of;
