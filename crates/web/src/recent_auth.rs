//! For what a stolen access token must not be enough for: whoever asks has proved a short while ago who they are.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::LocalBoxFuture;
use karya_core::{Clock, SessionId};
use karya_db::schema::sessions;
use karya_db::{Db, DbError};

use crate::codes::STEP_UP_REQUIRED;
use crate::{Actor, Problem};

/// For so long after a sign-in or a step-up, the session may do what is sensitive.
const RECENT: Duration = Duration::minutes(10);

/// An account that signed in or stepped up within the last ten minutes, in this session. Anybody else gets 403
/// `auth.step_up_required`; list it among the responses.
///
/// It asks the database, one statement: the token may be older than the last step-up.
///
/// `RecentAuth<Holder>` also lets those in whose account is about to be deleted.
#[derive(Debug, Clone)]
pub struct RecentAuth<A = Actor>(pub A);

impl RecentAuth {
    /// The refusal, with the challenge of RFC 9470 in `WWW-Authenticate`.
    #[must_use]
    pub fn required() -> Problem {
        let challenge = format!(
            r#"Bearer realm="karya", error="insufficient_user_authentication", max_age="{}""#,
            RECENT.num_seconds()
        );
        Problem::of(&STEP_UP_REQUIRED).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// Whether the session has proved recently enough who it is of. For operations that want it of some only.
    pub async fn given(
        conn: &AsyncPgConnection,
        now: DateTime<Utc>,
        session: SessionId,
    ) -> Result<bool, DbError> {
        let at: Option<DateTime<Utc>> = sessions::table
            .find(session)
            .select(sessions::authenticated_at)
            .first(&mut &*conn)
            .await
            .optional()?;
        Ok(at.is_some_and(|at| now - at < RECENT))
    }
}

impl<A> FromRequest for RecentAuth<A>
where
    A: FromRequest<Error = Problem> + AsRef<Actor> + 'static,
    A::Future: 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        let actor = A::from_request(&req, payload);
        Box::pin(async move {
            let actor = actor.await?;
            let internal = || Problem::of(&karya_db::INTERNAL);
            let db = req.app_data::<web::Data<Db>>().ok_or_else(internal)?;
            let clock = req.app_data::<web::Data<Clock>>().ok_or_else(internal)?;
            let reader = db.read().await?;
            let session = actor.as_ref().session()?;
            if RecentAuth::given(&reader, clock.now(), session).await? {
                Ok(Self(actor))
            } else {
                Err(RecentAuth::required())
            }
        })
    }
}
