use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{calendars, mentors, offerings, users};

use super::blocks::{blocked_by, blockers_of};
use crate::matching::Wanted;
use crate::model::{CalendarRow, MentorState, MentorSummaryRow, OfferingRow, SessionMode};

/// How many mentors are looked at, the best-rated that fit.
const MAX_CANDIDATES: i64 = 200;

/// Which sessions a search wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) mode: Option<SessionMode>,
    pub(crate) duration: Option<i16>,
}

/// A mentor, how they are called, one of their open offerings that fits, their calendar, and where the viewer is.
pub(crate) type Candidate = (
    MentorSummaryRow,
    String,
    OfferingRow,
    CalendarRow,
    Option<String>,
);

diesel::alias!(calendars as viewer_calendars: ViewerCalendars);

fn open(session: Session) -> offerings::BoxedQuery<'static, Pg> {
    let mut query = offerings::table.filter(offerings::active).into_boxed();
    if let Some(mode) = session.mode {
        query = query.filter(offerings::mode.eq(mode));
    }
    if let Some(duration) = session.duration {
        query = query.filter(offerings::durations.contains(vec![duration]));
    }
    query
}

/// The mentors that fit, each with all offerings that do: at most 200 mentors, by their rating (weighed down by ten
/// imagined ones of four, so that a single five does not lead), then by experience, then by how fast they answer.
pub(crate) async fn candidates(
    conn: &AsyncPgConnection,
    wanted: &Wanted,
    session: Session,
    besides: Option<UserId>,
) -> QueryResult<Vec<Candidate>> {
    let mut best = mentors::table
        .inner_join(users::table.on(users::id.eq(mentors::user_id)))
        .filter(
            mentors::state
                .eq(MentorState::Approved)
                .and(users::state.eq("active"))
                .and(mentors::user_id.eq_any(open(session).select(offerings::mentor_id))),
        )
        .select(mentors::user_id)
        .into_boxed();
    if let Some(besides) = besides {
        best = best.filter(
            mentors::user_id
                .ne(besides)
                .and(mentors::user_id.ne_all(blocked_by(besides)))
                .and(mentors::user_id.ne_all(blockers_of(besides))),
        );
    }
    if !wanted.expertise.is_empty() {
        best = best.filter(mentors::expertise.overlaps_with(wanted.expertise.clone()));
    }
    if !wanted.subsectors.is_empty() {
        best = best.filter(mentors::subsectors.overlaps_with(wanted.subsectors.clone()));
    }
    if !wanted.languages.is_empty() {
        best = best.filter(mentors::languages.overlaps_with(wanted.languages.clone()));
    }
    if let Some(region) = &wanted.region {
        // Those who cover it, and those who are somewhere in it.
        let mut covering = Vec::new();
        let mut next = Some(region.clone());
        while let Some(code) = next {
            covering.push(code.as_str().to_owned());
            next = code.parent();
        }
        best = best.filter(
            mentors::regions
                .overlaps_with(covering)
                .or(mentors::region_lines.overlaps_with(vec![region.as_str().to_owned()])),
        );
    }
    let rating = (mentors::rating_sum + 40) * 100 / (mentors::rating_count + 10);
    let best = best
        .order((
            rating.desc(),
            mentors::completed_sessions.desc(),
            mentors::response_minutes.asc(),
            mentors::user_id.asc(),
        ))
        .limit(MAX_CANDIDATES);
    let viewer_region = viewer_calendars
        .filter(
            viewer_calendars
                .field(calendars::user_id)
                .nullable()
                .eq(besides),
        )
        .select(viewer_calendars.field(calendars::region_code))
        .single_value();
    let mut query = offerings::table
        .inner_join(mentors::table)
        .inner_join(users::table.on(users::id.eq(offerings::mentor_id)))
        .inner_join(calendars::table.on(calendars::user_id.eq(offerings::mentor_id)))
        .filter(offerings::active.and(mentors::user_id.eq_any(best)))
        .select((
            MentorSummaryRow::as_select(),
            users::display_name,
            OfferingRow::as_select(),
            CalendarRow::as_select(),
            viewer_region,
        ))
        .into_boxed();
    if let Some(mode) = session.mode {
        query = query.filter(offerings::mode.eq(mode));
    }
    if let Some(duration) = session.duration {
        query = query.filter(offerings::durations.contains(vec![duration]));
    }
    query.load(&mut &*conn).await
}
