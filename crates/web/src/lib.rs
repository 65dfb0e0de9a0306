//! What every handler stands on: problem documents, extractors, idempotency, conditional requests, limits.

pub mod actor;
pub mod client_ip;
pub mod codes;
mod compression;
mod conditional;
mod context;
mod deadline;
mod fallback;
pub mod idempotency;
mod if_match;
mod json;
mod merge_patch;
pub mod paging;
pub mod problem;
mod query;
pub mod rate_limit;
mod reply;
mod security_headers;

pub use actor::{Actor, MaybeActor, TokenVerifier};
pub use client_ip::{ClientIp, TrustedProxies};
pub use codes::CODES;
pub use compression::skip_small_bodies;
pub use conditional::conditional_get;
pub use context::{Locale, PublicUrl, RequestContext, observe};
pub use deadline::Deadline;
pub use fallback::{Routes, fallback};
pub use idempotency::{Idempotency, RequiredIdempotency};
pub use if_match::{IfMatch, etag};
pub use json::{BodyLimits, Json};
pub use merge_patch::{MergePatch, Patch};
pub use paging::{PageQuery, Paging};
pub use problem::{CommonProblems, Problem, ProblemBody};
pub use query::{Query, path_config};
pub use rate_limit::{RateLimits, rate_limit};
pub use reply::Reply;
pub use security_headers::security_headers;
