//! The one place that writes `time_claims`. Everything here wants the calendars of all owners locked first.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::OnConstraint;
use karya_db::schema::{calendars, time_claims};
use uuid::Uuid;

use crate::MentoringError;
use crate::model::{CalendarRow, ClaimKind, ClaimRow, OfferingRow};

/// The longest claim, by the constraint on the table.
const LONGEST: TimeDelta = TimeDelta::hours(8);

/// The constraint that nobody is in two places.
const NO_OVERLAP: &str = "time_claims_no_overlap";

/// What to claim, apart from whose time it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) kind: ClaimKind,
    /// The hold, booking, group session or seat that it is for.
    pub(crate) ref_id: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) before_min: i16,
    pub(crate) after_min: i16,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Who made it, if it is a hold.
    pub(crate) held_by: Option<UserId>,
}

impl Claim {
    /// For a session of this offering, on the mentor's side.
    pub(crate) fn of(
        offering: &OfferingRow,
        kind: ClaimKind,
        ref_id: Uuid,
        (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
        expires_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            kind,
            ref_id,
            starts_at,
            ends_at,
            before_min: offering.before_min,
            after_min: offering.after_min,
            expires_at,
            held_by: None,
        }
    }

    /// The same on the mentee's side, who keeps no buffers.
    fn of_mentee(self) -> Self {
        Self {
            before_min: 0,
            after_min: 0,
            ..self
        }
    }
}

/// Locks the calendars of these people until the transaction ends, and returns them.
///
/// In the order of their ids, whatever the order of `owners`, so that two who lock the same ones never wait for each
/// other. Whoever has no calendar yet gets one. Statements after this one see all that earlier holders committed.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    owners: &[UserId],
) -> QueryResult<Vec<CalendarRow>> {
    let locked = lock_existing(conn, owners).await?;
    let missing: Vec<_> = owners
        .iter()
        .filter(|owner| locked.iter().all(|row| row.user_id != **owner))
        .map(|owner| {
            (
                calendars::user_id.eq(*owner),
                calendars::created_at.eq(now),
                calendars::updated_at.eq(now),
            )
        })
        .collect();
    if missing.is_empty() {
        return Ok(locked);
    }
    diesel::insert_into(calendars::table)
        .values(&missing)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    lock_existing(conn, owners).await
}

async fn lock_existing(
    conn: &mut AsyncPgConnection,
    owners: &[UserId],
) -> QueryResult<Vec<CalendarRow>> {
    calendars::table
        .filter(calendars::user_id.eq_any(owners))
        .select(CalendarRow::as_select())
        .order(calendars::user_id)
        .for_no_key_update()
        .load(conn)
        .await
}

/// Takes time of the mentor and of the mentee, for as many sessions as there are claims, in the order given.
///
/// After the checks under the lock the constraint has nothing to refuse; if it does, some writer went without.
pub(crate) async fn take(
    conn: &AsyncPgConnection,
    (mentor, mentee): (UserId, UserId),
    claims: &[Claim],
) -> Result<(), MentoringError> {
    let rows: Vec<ClaimRow> = claims
        .iter()
        .flat_map(|claim| [row(mentor, *claim), row(mentee, claim.of_mentee())])
        .collect();
    diesel::insert_into(time_claims::table)
        .values(&rows)
        .execute(&mut &*conn)
        .await
        .on_constraint(NO_OVERLAP, || MentoringError::SlotTaken {
            alternatives: Vec::new(),
        })?;
    Ok(())
}

/// Takes time of one person.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    owner: UserId,
    claim: Claim,
) -> QueryResult<()> {
    diesel::insert_into(time_claims::table)
        .values(&row(owner, claim))
        .execute(conn)
        .await?;
    Ok(())
}

fn row(owner: UserId, claim: Claim) -> ClaimRow {
    ClaimRow {
        id: Uuid::now_v7(),
        owner_id: owner,
        kind: claim.kind,
        ref_id: claim.ref_id,
        starts_at: claim.starts_at,
        ends_at: claim.ends_at,
        before_min: claim.before_min,
        after_min: claim.after_min,
        expires_at: claim.expires_at,
        held_by: claim.held_by,
    }
}

/// Moves what is claimed for `ref_id`, and says what it is claimed for from now on. A claim never collides with
/// itself, so it may overlap its old time.
pub(crate) async fn move_to(
    conn: &mut AsyncPgConnection,
    ref_id: Uuid,
    (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
    (kind, expires_at): (ClaimKind, Option<DateTime<Utc>>),
) -> QueryResult<usize> {
    diesel::update(time_claims::table.filter(time_claims::ref_id.eq(ref_id)))
        .set((
            time_claims::kind.eq(kind),
            time_claims::starts_at.eq(starts_at),
            time_claims::ends_at.eq(ends_at),
            time_claims::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await
}

/// Gives the time claimed for these back. Returns how many claims that were.
pub(crate) async fn release(conn: &mut AsyncPgConnection, refs: &[Uuid]) -> QueryResult<usize> {
    diesel::delete(time_claims::table.filter(time_claims::ref_id.eq_any(refs)))
        .execute(conn)
        .await
}

/// Holds of these people that lapsed.
pub(crate) async fn lapsed_holds(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    owners: &[UserId],
) -> QueryResult<Vec<Uuid>> {
    time_claims::table
        .filter(
            time_claims::owner_id
                .eq_any(owners)
                .and(time_claims::kind.eq(ClaimKind::Hold))
                .and(time_claims::expires_at.le(now)),
        )
        .select(time_claims::ref_id)
        .load(&mut &*conn)
        .await
}

/// All holds on the time of this person, whoever made them.
pub(crate) async fn holds_on(conn: &AsyncPgConnection, owner: UserId) -> QueryResult<Vec<Uuid>> {
    let holds = time_claims::owner_id
        .eq(owner)
        .and(time_claims::kind.eq(ClaimKind::Hold));
    time_claims::table
        .filter(holds)
        .select(time_claims::ref_id)
        .load(&mut &*conn)
        .await
}

/// The live holds that this person has made: the claims on both sides, in no order.
pub(crate) async fn holds_of(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    maker: UserId,
) -> QueryResult<Vec<ClaimRow>> {
    time_claims::table
        .filter(
            time_claims::held_by
                .eq(maker)
                .and(time_claims::expires_at.gt(now)),
        )
        .select(ClaimRow::as_select())
        .load(&mut &*conn)
        .await
}

/// Those of these people who have something in this time.
pub(crate) async fn busy(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    people: &[UserId],
    (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<Vec<UserId>> {
    let live = time_claims::expires_at
        .is_null()
        .or(time_claims::expires_at.gt(now).assume_not_null());
    time_claims::table
        .filter(
            time_claims::owner_id
                .eq_any(people)
                .and(time_claims::starts_at.gt(starts_at - LONGEST))
                .and(time_claims::starts_at.lt(ends_at))
                .and(time_claims::ends_at.gt(starts_at))
                .and(live),
        )
        .select(time_claims::owner_id)
        .distinct()
        .load(&mut &*conn)
        .await
}
