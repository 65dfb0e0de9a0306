pub(crate) mod factors;
pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod password;
pub(crate) mod register;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod step_up;
