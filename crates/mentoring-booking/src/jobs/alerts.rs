use karya_core::BookingId;
use karya_jobs::{Job, JobError, Options, enqueue_with};
use serde::{Deserialize, Serialize};

use super::{Context, Reach, SLACK};
use crate::ops;

/// Ends a session that is still held up when it should begin.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CloseSuspended {
    pub(super) booking_id: BookingId,
}

impl Job for CloseSuspended {
    const NAME: &'static str = "mentoring.close_suspended";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::close_suspended(&mut conn, context.clock.now(), self.booking_id).await?)
    }
}

/// Holds the sessions up that a disaster alert reaches, or lets them go on when it is over. For the early-warning
/// system, which enqueues it by name.
///
/// Both may come more than once and in any order: an alert that was lifted stays lifted. One whose reach changes is
/// another alert: enqueue the new one, then lift the old one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SuspendSessions {
    /// The alert's, up to 255 characters. Sessions that several alerts hold up go on with the last of them.
    pub alert_id: String,
    pub reach: Reach,
    /// Whether the alert is over.
    #[serde(default)]
    pub lift: bool,
    /// Whether this is the second look, for what was being booked when the alert came.
    #[serde(default)]
    pub again: bool,
}

impl Job for SuspendSessions {
    const NAME: &'static str = "mentoring.suspend_sessions";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        let now = context.clock.now();
        let (alert, reach) = (&self.alert_id, &self.reach);
        let count = if self.lift {
            ops::resume_sessions(&mut conn, now, alert, reach).await?
        } else {
            ops::suspend_sessions(&mut conn, now, alert, reach).await?
        };
        tracing::info!(count, alert, lift = self.lift, "an alert changed sessions");
        if !self.lift && !self.again {
            let options = Options {
                delay: Some(SLACK),
                key: Some(format!("alert:{alert}:again")),
                queue: None,
            };
            enqueue_with(
                &mut conn,
                &Self {
                    again: true,
                    ..self
                },
                options,
            )
            .await?;
        }
        Ok(())
    }
}
