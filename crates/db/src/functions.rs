//! SQL functions and operators for the query builder.
//!
//! Declared rather than written as SQL text, because diesel prepares a statement with raw text in it anew each time.

use diesel::expression::Expression;
use diesel::sql_types::{
    Array, BigInt, Double, Integer, Interval, Json, Nullable, SingleValue, SqlType, Text,
    Timestamptz, Uuid,
};

pub use crate::schema::sql_types::Point;
use crate::schema::sql_types::Tsvector;

/// `tsquery`: what a text search asks for.
#[derive(SqlType, Debug, Clone, Copy)]
#[diesel(postgres_type(name = "tsquery", schema = "pg_catalog"))]
pub struct Tsquery;

/// `circle`: a circle on the map, its radius in degrees.
#[derive(SqlType, Debug, Clone, Copy)]
#[diesel(postgres_type(name = "circle", schema = "pg_catalog"))]
pub struct Circle;

diesel::infix_operator!(Matches, " @@ ", backend: diesel::pg::Pg);
diesel::infix_operator!(WordSimilar, " <% ", backend: diesel::pg::Pg);
diesel::infix_operator!(Inside, " <@ ", backend: diesel::pg::Pg);
diesel::infix_operator!(Away, " <-> ", Double, backend: diesel::pg::Pg);

/// Whether a text search finds what it asks for: `search @@ query`.
pub fn matches<S: Expression, Q: Expression>(search: S, query: Q) -> Matches<S, Q> {
    Matches {
        left: search,
        right: query,
    }
}

/// Whether a part of `text` is like `word`, by trigrams: `word <% text`.
pub fn word_similar<W: Expression, T: Expression>(word: W, text: T) -> WordSimilar<W, T> {
    WordSimilar {
        left: word,
        right: text,
    }
}

/// Whether a point lies in a circle: `point <@ circle`.
pub fn inside<P: Expression, C: Expression>(point: P, circle: C) -> Inside<P, C> {
    Inside {
        left: point,
        right: circle,
    }
}

/// How far two points are apart in degrees: `a <-> b`.
pub fn away<A: Expression, B: Expression>(a: A, b: B) -> Away<A, B> {
    Away { left: a, right: b }
}

diesel::define_sql_function! {
    /// The roles of an account, in the order of their names.
    fn roles_of(account: Uuid) -> Array<Text>;
}
diesel::define_sql_function! {
    /// The first letters of a text.
    fn left(text: Text, length: Integer) -> Text;
}
diesel::define_sql_function! {
    /// Lower case without accents; see the first migration.
    fn fold(input: Text) -> Text;
}
diesel::define_sql_function! {
    /// What people type, as a query on `businesses.search`.
    fn search_query(query: Text) -> Tsquery;
}
diesel::define_sql_function! {
    /// How well a business fits a query.
    fn search_rank(search: Tsvector, name: Text, query: Text) -> Float;
}
diesel::define_sql_function! {
    /// Haversine distance in metres.
    fn distance_m(a: Nullable<Point>, b: Nullable<Point>) -> Nullable<Double>;
}
diesel::define_sql_function! {
    /// (longitude, latitude); null when either is.
    fn point(x: Nullable<Double>, y: Nullable<Double>) -> Nullable<Point>;
}
diesel::define_sql_function! {
    /// Around a point, so many degrees far.
    fn circle(center: Nullable<Point>, radius: Double) -> Nullable<Circle>;
}
diesel::define_sql_function! {
    /// Adds rows to the job queue, one for each place in the arrays, and counts them; see its migration.
    fn enqueue_jobs(
        identifiers: Array<Text>,
        payloads: Array<Json>,
        queues: Array<Nullable<Text>>,
        delays: Array<Interval>,
        keys: Array<Nullable<Text>>,
        max_attempts: Integer,
    ) -> Integer;
}
diesel::define_sql_function! {
    /// The earlier of two instants.
    fn least(one: Timestamptz, other: Timestamptz) -> Timestamptz;
}
diesel::define_sql_function! {
    /// Waits for the lock, and holds it to the end of the transaction. To be executed: what it returns is no value.
    fn pg_advisory_xact_lock(key: BigInt) -> Text;
}
diesel::define_sql_function! {
    /// Whether this transaction now holds the lock.
    fn pg_try_advisory_xact_lock(key: BigInt) -> Bool;
}
diesel::define_sql_function! {
    /// All values in an array; null when there are none.
    #[aggregate]
    fn array_agg<T: SqlType + SingleValue>(value: T) -> Nullable<Array<T>>;
}
