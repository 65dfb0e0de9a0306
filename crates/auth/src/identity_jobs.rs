//! The mails about accounts at other providers.

use chrono::{DateTime, Utc};
use karya_core::UserId;
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError};
use karya_notifications::{IdentityMail, IdentityNotice, Template};
use serde::{Deserialize, Serialize};

use crate::jobs::{Context, tell_account};

/// Tells the owner of an account what happened to its ways to sign in.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyIdentity {
    pub user_id: UserId,
    pub at: DateTime<Utc>,
    pub notice: IdentityNotice,
}

impl NotifyIdentity {
    pub(crate) async fn enqueue(
        conn: &mut AsyncPgConnection,
        user_id: UserId,
        at: DateTime<Utc>,
        notice: IdentityNotice,
    ) -> Result<(), crate::AuthError> {
        let job = Self {
            user_id,
            at,
            notice,
        };
        Ok(karya_jobs::enqueue(conn, &job).await?)
    }
}

impl Job for NotifyIdentity {
    const NAME: &'static str = "auth.notify_identity";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::Identity(IdentityMail {
                notice: self.notice,
                display_name,
                at: self.at,
            })
        })
        .await
    }
}
