//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a POST that a client repeats has its effect once.
//!
//! The reply is stored in the transaction of the effect, so there is never one without the other.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use karya_core::{MasterKey, Rule, UserId, Words};
use karya_db::DbError;
use karya_db::functions::pg_try_advisory_xact_lock;
use karya_db::schema::idempotency_keys;
use uuid::Uuid;

use crate::codes::{KEY_IN_PROGRESS, KEY_REUSED};
use crate::json::BodyDigest;
use crate::{Problem, Reply};

type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

const HEADER: &str = "Idempotency-Key";

/// The key of this request, if it has one. Extract it before the body.
#[derive(Debug)]
pub struct Idempotency {
    key: Option<String>,
    req: HttpRequest,
}

/// The same, for operations where a repetition would cost somebody something: 400 without a key.
#[derive(Debug)]
pub struct RequiredIdempotency(pub Idempotency);

impl FromRequest for RequiredIdempotency {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = Idempotency::from_request(req, payload).into_inner();
        ready(key.and_then(|idempotency| {
            if idempotency.key.is_some() {
                Ok(Self(idempotency))
            } else {
                Err(Problem::header(HEADER, Rule::Required))
            }
        }))
    }
}

impl FromRequest for Idempotency {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let key = match req
            .headers()
            .get(HEADER)
            .map(|value| value.to_str().unwrap_or_default())
        {
            None => None,
            Some(key)
                if (1..=255).contains(&key.len())
                    && key.bytes().all(|b| (0x21..=0x7e).contains(&b)) =>
            {
                Some(key.to_owned())
            }
            Some(_) => {
                let words = Words {
                    id: "1 sampai 255 karakter ASCII tanpa spasi, sebaiknya UUID",
                    en: "takes 1 to 255 visible ASCII characters, best a UUID",
                };
                return ready(Err(Problem::header(HEADER, Rule::Format(words))));
            }
        };
        ready(Ok(Self {
            key,
            req: req.clone(),
        }))
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys, check_for_backend(diesel::pg::Pg))]
struct Kept {
    actor: Uuid,
    operation: String,
    key: String,
    fingerprint: Vec<u8>,
    status: i16,
    headers: serde_json::Value,
    body: Vec<u8>,
    created_at: DateTime<Utc>,
}

enum Outcome {
    Done(Reply),
    Replayed(Reply),
}

impl Idempotency {
    /// What the key stands for: the whole address, since one operation serves many resources, and the body. A keyed
    /// hash, because bodies hold passwords and identity numbers, which a plain one would let a thief guess.
    fn fingerprint(&self) -> Result<Vec<u8>, Problem> {
        let extensions = self.req.extensions();
        let body = extensions
            .get::<BodyDigest>()
            .map_or(&[][..], |digest| &digest.0);
        let address = self.req.uri().path_and_query().map_or("", |at| at.as_str());
        let input = [address.as_bytes(), b"\0", body].concat();
        let key = self
            .req
            .app_data::<Data<MasterKey>>()
            .ok_or_else(|| Problem::of(&karya_db::INTERNAL))?;
        Ok(key.keyed_hash("idempotency", &input))
    }

    /// Runs `work` once per key and actor; a repetition gets the first reply again.
    ///
    /// The same key for another address or body is refused (422), and while the first request runs, so is the second (409).
    /// A refusal of `work` is not kept: the client may correct itself and use the key again. With and without a key
    /// `work` runs in one transaction, which a refusal rolls back.
    pub async fn once<E>(
        self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        actor: Option<UserId>,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Reply, E>,
    ) -> Result<HttpResponse, Problem>
    where
        E: Into<Problem>,
    {
        let actor = actor.map_or(Uuid::nil(), |user| user.as_uuid());
        let operation = format!(
            "{} {}",
            self.req.method(),
            self.req.match_pattern().unwrap_or_default()
        );
        // `conn.transaction` wants a Send closure, which a generic async closure cannot promise. A request that is
        // cut off between begin and commit leaves the connection in a transaction, and the pool discards it.
        Transactions::begin_transaction(conn)
            .await
            .map_err(DbError::from)?;
        let outcome: Result<Outcome, Problem> = async {
            let Some(key) = self.key.clone() else {
                return work(conn).await.map(Outcome::Done).map_err(Into::into);
            };
            let fingerprint = self.fingerprint()?;
            // One way there and back, and still one after the other: what is found is what was there under the lock.
            let (is_first, kept) = tokio::try_join!(
                claim(conn, lock_id(actor, &operation, &key)),
                find(conn, actor, &operation, &key),
            )
            .map_err(DbError::from)?;
            if !is_first {
                return Err(Problem::later(&KEY_IN_PROGRESS, Duration::from_secs(1)));
            }
            if let Some(kept) = kept {
                if kept.fingerprint != fingerprint {
                    return Err(Problem::of(&KEY_REUSED));
                }
                return Ok(Outcome::Replayed(kept.into_reply()));
            }
            let reply = work(conn).await.map_err(Into::into)?;
            let kept = Kept {
                actor,
                operation: operation.clone(),
                key: key.clone(),
                fingerprint,
                status: i16::try_from(reply.status.as_u16()).unwrap_or(200),
                headers: serde_json::json!(reply.headers),
                body: reply.body.clone(),
                created_at: now,
            };
            diesel::insert_into(idempotency_keys::table)
                .values(&kept)
                .execute(conn)
                .await
                .map_err(DbError::from)?;
            Ok(Outcome::Done(reply))
        }
        .await;
        match &outcome {
            Ok(_) => Transactions::commit_transaction(conn)
                .await
                .map_err(DbError::from)?,
            Err(_) => Transactions::rollback_transaction(conn)
                .await
                .map_err(DbError::from)?,
        }
        Ok(match outcome? {
            Outcome::Done(reply) => reply.into(),
            Outcome::Replayed(reply) => reply.header("idempotency-replayed", "true").into(),
        })
    }
}

impl Kept {
    fn into_reply(self) -> Reply {
        let status = u16::try_from(self.status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok());
        Reply {
            status: status.unwrap_or(StatusCode::OK),
            headers: serde_json::from_value(self.headers).unwrap_or_default(),
            body: self.body,
        }
    }
}

/// Held to the end of the transaction; whoever does not get it knows that another is at work.
async fn claim(conn: &AsyncPgConnection, lock: i64) -> QueryResult<bool> {
    diesel::select(pg_try_advisory_xact_lock(lock))
        .get_result(&mut &*conn)
        .await
}

async fn find(
    conn: &AsyncPgConnection,
    actor: Uuid,
    operation: &str,
    key: &str,
) -> QueryResult<Option<Kept>> {
    idempotency_keys::table
        .find((actor, operation, key))
        .select(Kept::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

fn lock_id(actor: Uuid, operation: &str, key: &str) -> i64 {
    let digest =
        karya_core::sealing::sha256(format!("idempotency\0{actor}\0{operation}\0{key}").as_bytes());
    digest
        .first_chunk::<8>()
        .map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// Forgets replies older than `before`. Returns how many.
pub async fn forget(conn: &mut AsyncPgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(before)))
        .execute(conn)
        .await
}
