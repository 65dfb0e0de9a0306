pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod password;
pub(crate) mod register;
pub(crate) mod security_events;
pub(crate) mod session;
pub(crate) mod sessions;
