CREATE FUNCTION roles_of(account uuid) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT array(SELECT role FROM user_roles WHERE user_id = account ORDER BY role)
$$;
