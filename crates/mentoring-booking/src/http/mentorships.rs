//! Mentorships: agreeing to work together for some weeks.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use karya_core::{Check, Clock, Cursors, Invalid, Rule, Text, UserId, Words};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, Paging, Problem, ProblemBody, Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::Call;
use crate::MentoringError;
use crate::model::{MentorshipId, MentorshipRow, MentorshipState, Party, Side};
use crate::ops::{self, NewMentorship, Partner, Step};
use crate::queries::mentorships as queries;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(propose_mentorship)
        .service(list_mentorships)
        .service(get_mentorship)
        .service(accept_mentorship)
        .service(decline_mentorship)
        .service(end_mentorship);
}

const ONE_PARTNER: Rule = Rule::Other {
    code: "one_partner",
    words: Words {
        id: "isi salah satu saja: mentor_id atau mentee_id",
        en: "give one of the two: mentor_id or mentee_id",
    },
};
const LENGTH: Rule = Rule::Other {
    code: "wrong_length",
    words: Words {
        id: "harus 4 sampai 52 minggu setelah starts_on",
        en: "must be 4 to 52 weeks after starts_on",
    },
};
const START: Rule = Rule::Other {
    code: "wrong_start",
    words: Words {
        id: "harus antara hari ini dan setahun ke depan",
        en: "must be between today and a year from now",
    },
};
const AGREEMENT: Rule = Rule::Other {
    code: "agreement_needed",
    words: Words {
        id: "kesepakatan harus diterima",
        en: "the agreement must be accepted",
    },
};

/// A mentorship to propose. A mentee names the mentor, a mentor names the mentee.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeMentorship {
    /// By a mentee: an approved mentor.
    #[schema(nullable = false)]
    mentor_id: Option<UserId>,
    /// By a mentor: somebody who has booked a session with them.
    #[schema(nullable = false)]
    mentee_id: Option<UserId>,
    /// Today or later.
    #[schema(value_type = String, format = Date, example = "2026-06-08")]
    starts_on: NaiveDate,
    /// 4 to 52 weeks later.
    #[schema(value_type = String, format = Date, example = "2026-08-31")]
    ends_on: NaiveDate,
    #[schema(
        min_length = 3,
        max_length = 500,
        example = "Menyiapkan ekspor batik ke Jepang"
    )]
    focus: String,
    /// The agreement on conduct and confidentiality; must be `true`.
    accept_agreement: bool,
}

impl ProposeMentorship {
    fn parse(self, now: DateTime<Utc>) -> Result<NewMentorship, Invalid> {
        let mut check = Check::new();
        let partner = match (self.mentor_id, self.mentee_id) {
            (Some(mentor), None) => Some(Partner::Mentor(mentor)),
            (None, Some(mentee)) => Some(Partner::Mentee(mentee)),
            _ => check.field("/mentor_id", Err(ONE_PARTNER)),
        };
        // The date of UTC is never ahead of the date in Indonesia.
        let today = now.date_naive();
        let ahead = self.starts_on.signed_duration_since(today);
        if !(TimeDelta::zero()..=TimeDelta::days(366)).contains(&ahead) {
            check.fail("/starts_on", START);
        }
        let length = self.ends_on.signed_duration_since(self.starts_on);
        if !(TimeDelta::weeks(4)..=TimeDelta::weeks(52)).contains(&length) {
            check.fail("/ends_on", LENGTH);
        }
        let focus = check.field("/focus", Text::line(&self.focus, 3, 500));
        agreed(&mut check, self.accept_agreement);
        check.finish(partner.zip(focus).map(|(partner, focus)| NewMentorship {
            partner,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            focus: focus.into_string(),
        }))
    }
}

fn agreed(check: &mut Check, accepted: bool) {
    if !accepted {
        check.fail("/accept_agreement", AGREEMENT);
    }
}

/// A mentor and a mentee who work together for some weeks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorshipView {
    id: MentorshipId,
    mentor_id: UserId,
    mentee_id: UserId,
    /// What the caller is in it.
    my_side: Side,
    proposed_by: Side,
    state: MentorshipState,
    #[schema(value_type = String, format = Date)]
    starts_on: NaiveDate,
    #[schema(value_type = String, format = Date)]
    ends_on: NaiveDate,
    #[schema(max_length = 500)]
    focus: String,
    /// When the mentor accepted the agreement.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    mentor_agreed_at: Option<DateTime<Utc>>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    mentee_agreed_at: Option<DateTime<Utc>>,
    /// `system`: its last day is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_by: Option<Party>,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl MentorshipView {
    fn new(row: MentorshipRow, my_side: Side) -> Self {
        Self {
            id: row.id,
            mentor_id: row.mentor_id,
            mentee_id: row.mentee_id,
            my_side,
            proposed_by: row.proposed_by,
            state: row.state,
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            focus: row.focus,
            mentor_agreed_at: row.mentor_agreed_at,
            mentee_agreed_at: row.mentee_agreed_at,
            ended_by: row.ended_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Propose a mentorship
///
/// By a mentee to an approved mentor, or by a mentor to somebody who has booked a session with them. A pair has one
/// that is proposed or active at most. Without an answer the proposal lapses after 14 days.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), responses(
    (status = 201, description = "Proposed", body = MentorshipView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentorship.already_live`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentorships")]
pub(crate) async fn propose_mentorship(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<ProposeMentorship>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let new = body.into_inner().parse(now)?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::propose(conn, now, user, new).await?;
            let side = row.proposed_by;
            let view = MentorshipView::new(row, side);
            let location = format!("/v1/mentorships/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MentorshipFilter {
    /// Only those in this state.
    #[param(nullable = false)]
    state: Option<MentorshipState>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// A page of mentorships.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorshipPage {
    #[schema(max_items = 100)]
    items: Vec<MentorshipView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List my mentorships
///
/// On both sides, the newest first.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(MentorshipFilter), responses(
    (status = 200, description = "A page of mentorships", body = MentorshipPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentorships")]
pub(crate) async fn list_mentorships(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<MentorshipFilter>,
) -> Result<HttpResponse, Problem> {
    let user = actor.user_id;
    let scope = serde_json::to_string(&("mentorships", user, &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after = paging.after()?;
    let reader = db.read_list().await?;
    let rows = queries::list(&reader, user, query.state, paging.size, after)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let view = |row: MentorshipRow| {
        let side = row.side(user).unwrap_or(Side::Mentee);
        MentorshipView::new(row, side)
    };
    let page = MentorshipPage {
        items: rows.into_iter().map(view).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// Show a mentorship
///
/// For its mentor and its mentee.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("mentorship_id" = MentorshipId, Path, description = "Id of the mentorship")), responses(
    (status = 200, description = "The mentorship", body = MentorshipView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentorships/{mentorship_id}")]
pub(crate) async fn get_mentorship(
    actor: Actor,
    db: Data<Db>,
    id: Path<MentorshipId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let (row, side) = ops::view_mentorship(&reader, actor.user_id, *id).await?;
    let view = MentorshipView::new(row, side);
    Ok(Reply::ok(&view)?.version(view.version).into())
}

async fn run(
    (actor, idempotency, db, clock, id): Call<MentorshipId>,
    step: Step,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let (row, side) = ops::step_mentorship(conn, now, user, *id, step).await?;
            let view = MentorshipView::new(row, side);
            Ok::<_, Problem>(Reply::ok(&view)?.version(view.version))
        })
        .await
}

/// Accepting a proposal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptMentorship {
    /// The agreement on conduct and confidentiality; must be `true`.
    accept_agreement: bool,
}

/// Accept a mentorship
///
/// By the side that did not propose it.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("mentorship_id" = MentorshipId, Path, description = "Id of the mentorship")), responses(
    (status = 200, description = "It is active", body = MentorshipView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentorship.wrong_state`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentorships/{mentorship_id}/accept")]
pub(crate) async fn accept_mentorship(
    call: Call<MentorshipId>,
    body: Json<AcceptMentorship>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    agreed(&mut check, body.accept_agreement);
    check.finish(Some(()))?;
    run(call, Step::Accept).await
}

/// Decline a mentorship
///
/// By the side that did not propose it.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("mentorship_id" = MentorshipId, Path, description = "Id of the mentorship")), responses(
    (status = 200, description = "It is declined", body = MentorshipView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentorship.wrong_state`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentorships/{mentorship_id}/decline")]
pub(crate) async fn decline_mentorship(call: Call<MentorshipId>) -> Result<HttpResponse, Problem> {
    run(call, Step::Decline).await
}

/// End a mentorship
///
/// By either side while it is active; a proposal by the side that made it. It also ends by itself after its last day.
#[utoipa::path(tag = "mentorships", security(("bearer" = [])), params(("mentorship_id" = MentorshipId, Path, description = "Id of the mentorship")), responses(
    (status = 200, description = "It is over", body = MentorshipView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentorship.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentorship.wrong_state`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentorships/{mentorship_id}/end")]
pub(crate) async fn end_mentorship(call: Call<MentorshipId>) -> Result<HttpResponse, Problem> {
    run(call, Step::End).await
}
