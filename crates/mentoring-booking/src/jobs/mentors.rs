use karya_core::UserId;
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, enqueue};
use karya_notifications::{MentorDecision, MentorMail, Template};
use serde::{Deserialize, Serialize};

use super::{Context, post};
use crate::MentoringError;
use crate::model::Review;
use crate::queries;

/// Mails a mentor what staff decided, in the transaction of the decision.
pub(crate) async fn tell_mentor(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
    review: Review,
    version: i32,
) -> Result<(), MentoringError> {
    let decision = match review {
        Review::Approve => Told::Approved,
        Review::Reject => Told::Rejected,
        Review::Suspend => Told::Suspended,
        Review::Reinstate => Told::Reinstated,
    };
    let job = TellMentor {
        mentor_id: mentor,
        decision,
        version,
    };
    Ok(enqueue(conn, &job).await?)
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Approved,
    Rejected,
    Suspended,
    Reinstated,
}

/// Tells a mentor what was decided about them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TellMentor {
    mentor_id: UserId,
    decision: Told,
    /// Of the mentor when it was decided.
    version: i32,
}

impl Job for TellMentor {
    const NAME: &'static str = "mentoring.tell_mentor";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Some((mentor, display_name, _)) = queries::mentors::find(&conn, self.mentor_id).await?
        else {
            return Ok(());
        };
        let people = queries::people::contacts(&conn, &[self.mentor_id]).await?;
        let Some(person) = people.into_iter().next() else {
            return Ok(());
        };
        // A later decision has a note of its own, and its own mail.
        let note = mentor
            .review_note
            .filter(|_| mentor.version == self.version);
        let template = Template::Mentor(MentorMail {
            decision: match self.decision {
                Told::Approved => MentorDecision::Approved,
                Told::Rejected => MentorDecision::Rejected,
                Told::Suspended => MentorDecision::Suspended,
                Told::Reinstated => MentorDecision::Reinstated,
            },
            display_name,
            note,
        });
        post(&context, &person, &template).await
    }
}
