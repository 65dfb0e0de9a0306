use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::policy::{Action, Relation};
use karya_core::{Check, Clock, Cursors, Invalid, Rule, Text, UserId, Words};
use karya_db::{Db, DbError};
use karya_web::{
    Actor, CommonProblems, Holder, Idempotency, Json, PageQuery, Paging, Problem, ProblemBody,
    Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::rights::ADMIN_REQUIRED;
use crate::rights::queries::{self, DataRequest, DataRequestKind, RequestOutcome};
use crate::rights::requests::{self, RequestState};

const OWN_OPERATION: Rule = Rule::Other {
    code: "own_operation",
    words: Words {
        id: "punya operasi sendiri: `POST /v1/me/data-exports` atau `POST /v1/me/deletion`",
        en: "has an operation of its own: `POST /v1/me/data-exports` or `POST /v1/me/deletion`",
    },
};

const NOT_AN_ANSWER: Rule = Rule::Other {
    code: "not_an_answer",
    words: Words {
        id: "harus `fulfilled` atau `refused`",
        en: "must be `fulfilled` or `refused`",
    },
};

/// What somebody asked for by their rights over their data.
#[derive(Serialize, ToSchema)]
struct DataRequestView {
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    kind: DataRequestKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    detail: Option<String>,
    #[serde(with = "karya_core::instant")]
    received_at: DateTime<Utc>,
    /// By when it is done: 3 × 24 hours at most (UU 27/2022); of an erasure, after the days in which it can be taken back.
    #[serde(with = "karya_core::instant")]
    due_at: DateTime<Utc>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    done_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome: Option<RequestOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    answer: Option<String>,
}

impl From<DataRequest> for DataRequestView {
    fn from(request: DataRequest) -> Self {
        Self {
            id: request.id,
            kind: request.kind,
            detail: request.detail,
            received_at: request.received_at,
            due_at: request.due_at,
            done_at: request.done_at,
            outcome: request.outcome,
            answer: request.answer,
        }
    }
}

/// A page of one's requests.
#[derive(Serialize, ToSchema)]
struct DataRequestPage {
    #[schema(max_items = 100)]
    items: Vec<DataRequestView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// What is wanted, for staff to see to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rights) struct MakeDataRequest {
    kind: DataRequestKind,
    /// What exactly, in one's own words.
    #[schema(
        min_length = 10,
        max_length = 2000,
        example = "Nama saya di sertifikat salah tulis: seharusnya Sari Wulandari."
    )]
    detail: String,
}

impl MakeDataRequest {
    fn parse(self) -> Result<(DataRequestKind, String), Invalid> {
        let mut check = Check::new();
        if !self.kind.is_for_staff() {
            check.fail("/kind", OWN_OPERATION);
        }
        let detail = Text::block(&self.detail, 10, 2000).map(Text::into_string);
        let detail = check.field("/detail", detail);
        check.finish(detail.map(|detail| (self.kind, detail)))
    }
}

/// Make a request about my data
///
/// For what needs somebody to look: to know what is done with one's data (`access`), to have something corrected
/// (`rectification`), stopped for now (`restriction`), a consent taken back (`withdrawal`), a decision looked at by a
/// human (`objection`). Answered within 72 hours; a mail tells. Five at a time at most.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 201, description = "Staff will see to it", body = DataRequestView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`privacy.too_many_requests`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/data-requests")]
pub(in crate::rights) async fn make_data_request(
    Holder(actor): Holder,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<MakeDataRequest>,
) -> Result<HttpResponse, Problem> {
    let what = body.into_inner().parse()?;
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let who = (actor.user_id, actor.session()?);
            let request = requests::ask(conn, now, who, what).await?;
            Reply::new(StatusCode::CREATED, &DataRequestView::from(request))
        })
        .await
}

/// List my requests about my data
///
/// With copies and deletions, which are requests too; the newest first.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of requests", body = DataRequestPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/data-requests")]
pub(in crate::rights) async fn list_my_data_requests(
    Holder(actor): Holder,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(page): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = actor.user_id;
    let scope = format!("my-data-requests {user}");
    let paging = Paging::new(&cursors, scope, page.limit, page.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::requests_of(&reader, user, paging.size, paging.after()?)
        .await
        .map_err(DbError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |request| request.id);
    let page = DataRequestPage {
        items: rows.into_iter().map(Into::into).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// A request, and whose it is.
#[derive(Serialize, ToSchema)]
struct StaffDataRequestView {
    user_id: UserId,
    #[schema(max_length = 100, example = "Sari Wulandari")]
    display_name: String,
    #[serde(flatten)]
    request: DataRequestView,
}

/// A page of everybody's requests.
#[derive(Serialize, ToSchema)]
struct StaffDataRequestPage {
    #[schema(max_items = 100)]
    items: Vec<StaffDataRequestView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::rights) struct DataRequestFilter {
    /// Only those that are `open`, `overdue` (open past their deadline) or `done`.
    #[param(inline, nullable = false)]
    state: Option<RequestState>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

fn admin(actor: &Actor) -> Result<(), Problem> {
    let by = (Relation::Stranger, Action::ManageAccounts);
    actor.permit(by, Problem::of(&ADMIN_REQUIRED))
}

/// List requests about data
///
/// For administrators: everybody's, with copies and deletions, which the program sees to by itself; the oldest first.
#[utoipa::path(tag = "data requests", security(("bearer" = [])), params(DataRequestFilter), responses(
    (status = 200, description = "A page of requests", body = StaffDataRequestPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`privacy.admin_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/data-requests")]
pub(in crate::rights) async fn list_data_requests(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    cursors: Data<Cursors>,
    Query(query): Query<DataRequestFilter>,
) -> Result<HttpResponse, Problem> {
    admin(&actor)?;
    let scope = serde_json::to_string(&("data-requests", &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let which = (query.state, clock.now());
    let rows = queries::all_requests(&reader, which, paging.size, paging.after()?)
        .await
        .map_err(DbError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |(request, _)| (request.received_at, request.id));
    let items = rows
        .into_iter()
        .map(|(request, display_name)| StaffDataRequestView {
            user_id: request.user_id,
            display_name,
            request: request.into(),
        })
        .collect();
    Ok(Reply::ok(&StaffDataRequestPage { items, next_cursor })?.into())
}

/// What staff say to a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rights) struct AnswerDataRequest {
    /// `fulfilled` or `refused`.
    outcome: RequestOutcome,
    /// What was done, or why not; for whoever asked.
    #[schema(
        min_length = 3,
        max_length = 2000,
        example = "Nama pada sertifikat sudah diperbaiki."
    )]
    answer: String,
}

impl AnswerDataRequest {
    fn parse(self) -> Result<(RequestOutcome, String), Invalid> {
        let mut check = Check::new();
        if self.outcome == RequestOutcome::Withdrawn {
            check.fail("/outcome", NOT_AN_ANSWER);
        }
        let answer = Text::block(&self.answer, 3, 2000).map(Text::into_string);
        let answer = check.field("/answer", answer);
        check.finish(answer.map(|answer| (self.outcome, answer)))
    }
}

/// Answer a request about data
///
/// For administrators. Whoever asked gets a mail and reads the answer in their list. Answering the same again changes
/// nothing. Copies and deletions are not answered: they are done by themselves.
#[utoipa::path(tag = "data requests", security(("bearer" = [])), params(
    ("request_id" = String, Path, format = Uuid, description = "From the list of requests"),
), responses(
    CommonProblems,
    (status = 200, description = "Answered", body = DataRequestView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`privacy.admin_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`privacy.request_closed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/data-requests/{request_id}/answer")]
pub(in crate::rights) async fn answer_data_request(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<Uuid>,
    body: Json<AnswerDataRequest>,
) -> Result<HttpResponse, Problem> {
    admin(&actor)?;
    let (outcome, answer) = body.into_inner().parse()?;
    let (now, staff) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(staff), async |conn| {
            let said = (outcome, answer.as_str());
            let answered = requests::answer(conn, now, staff, *id, said).await?;
            Reply::ok(&DataRequestView::from(answered))
        })
        .await
}
