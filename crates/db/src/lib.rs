//! The database: tables, connections, errors, migrations.
//!
//! PostgreSQL through diesel and diesel-async. Functions that touch the database take a connection, never the pool,
//! so that any of them composes inside a transaction.

mod constraint;
mod error;
pub mod functions;
pub mod membership;
pub mod migrations;
mod pool;
mod readers;
pub mod roles;
#[rustfmt::skip]
#[cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "generated"))]
pub mod schema;
pub mod statements;
pub mod sync;
mod text_list;

pub use constraint::{OnConstraint, violated};
pub use diesel_async::AsyncPgConnection;
pub use error::{CODES, DbError, INTERNAL, UNAVAILABLE};
pub use pool::{Conn, Db, DbOptions};
pub use readers::{Bare, Reader, connect, connect_bare};
pub use text_list::TextList;
