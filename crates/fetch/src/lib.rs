//! Requests to addresses that strangers name, without letting them reach what is behind us.
//!
//! https on port 443 only. The name is resolved here; one address of a private or special range among the answers
//! refuses the whole, and the connection goes to the very address that was checked. Redirects are checked anew.
//! Time and size are bounded.

mod address;
mod client;

pub use address::is_public;
pub use client::{Fetched, Fetcher, Outgoing, Policy, Response};
pub use hyper::body::Bytes;
pub use hyper::header::{HeaderMap, HeaderName, HeaderValue};
pub use hyper::{Method, StatusCode};
pub use url::Url;

/// Why nothing was fetched. None of them tells more about the other side's network than the public knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("the address is not https on port 443, or holds a user name")]
    BadAddress,
    #[error("the name leads to an address that is not public")]
    RefusedAddress,
    #[error("the name does not resolve")]
    Unresolvable,
    #[error("nobody answers there")]
    Unreachable,
    #[error("the other side does not prove who it is")]
    Tls,
    #[error("the other side does not speak HTTP")]
    Protocol,
    #[error("too many redirects, or one to nowhere")]
    Redirects,
    #[error("the answer is too large")]
    TooLarge,
    #[error("it takes too long")]
    Timeout,
    #[error("the answer is {0}")]
    Status(u16),
}
