pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod register;
pub(crate) mod session;
