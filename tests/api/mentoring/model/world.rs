//! The same things done to the program over HTTP, and what its database then says.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use actix_web::http::Method;
use chrono::{DateTime, Duration, Utc};
use karya_mentoring_booking::jobs::{Reach, SuspendSessions};
use karya_mentoring_booking::model::SessionMode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::Mentor;
use super::oracle::{DAILY_CAP, Model, State, gap, needs_approval};
use super::trace::{Action, By, MENTEES, Step, minute};
use crate::harness::{Client, Reply, TestApp, noon};

pub fn instant(minutes: i64) -> DateTime<Utc> {
    noon() + Duration::minutes(minutes)
}

/// Status and code, of a refusal.
pub fn answer(reply: &Reply) -> Result<u16, (u16, String)> {
    let status = reply.status.as_u16();
    if status < 400 {
        return Ok(status);
    }
    let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
    Err((status, code))
}

/// A booking or hold that was made: its id, and who is in it.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub id: Uuid,
    pub mentor: usize,
    pub mentee: usize,
}

pub struct World<'a> {
    app: &'a TestApp,
    offerings: Vec<String>,
    people: HashMap<Uuid, String>,
    clients: RefCell<HashMap<String, (DateTime<Utc>, Client<'a>)>>,
    pub bookings: RefCell<Vec<Made>>,
    pub holds: RefCell<Vec<Made>>,
    /// How many alerts are over. One that was lifted never stands again.
    lifted: Cell<usize>,
    /// Every view of a booking that anybody was given.
    pub views: RefCell<Vec<Value>>,
}

fn mentor_name(mentor: usize) -> String {
    format!("mentor{mentor}")
}

fn mentee_name(mentee: usize) -> String {
    format!("orang{mentee}")
}

impl<'a> World<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        let sql = app.db.sql().await;
        let (mut offerings, mut people) = (Vec::new(), HashMap::new());
        for (mentor, cap) in DAILY_CAP.into_iter().enumerate() {
            let rules = json!({
                "needs_approval": needs_approval(mentor), "durations": [60],
                "before_min": gap(mentor), "after_min": gap(mentor) / 2,
            });
            let made = Mentor::with(app, &mentor_name(mentor), rules).await;
            let region = if mentor < 2 { "33.75" } else { "73.71" };
            let cap = cap.map(|cap| i16::try_from(cap).unwrap());
            let statement =
                "UPDATE calendars SET region_code = $1, daily_cap = $2 WHERE user_id = $3";
            sql.execute(statement, &[&region, &cap, &made.user_id])
                .await
                .unwrap();
            offerings.push(made.offering);
            people.insert(made.user_id, mentor_name(mentor));
        }
        for mentee in 0..MENTEES {
            let client = app.user(&mentee_name(mentee)).await;
            let me = client.get("/v1/me").await.ok(200);
            people.insert(
                me["id"].as_str().unwrap().parse().unwrap(),
                mentee_name(mentee),
            );
        }
        Self {
            app,
            offerings,
            people,
            clients: RefCell::default(),
            bookings: RefCell::default(),
            holds: RefCell::default(),
            lifted: Cell::default(),
            views: RefCell::default(),
        }
    }

    /// Somebody, signed in anew when time has passed.
    async fn client(&self, name: &str) -> Client<'a> {
        let now = self.app.clock.now();
        if let Some((since, client)) = self.clients.borrow().get(name)
            && *since == now
        {
            return client.clone();
        }
        let client = self.app.sign_in(name).await;
        self.clients
            .borrow_mut()
            .insert(name.to_owned(), (now, client.clone()));
        client
    }

    async fn caller(&self, by: By, of: Made) -> Client<'a> {
        let name = match by {
            By::Mentor => mentor_name(of.mentor),
            By::Mentee => mentee_name(of.mentee),
            By::Stranger => mentee_name((of.mentee + 1) % MENTEES),
        };
        self.client(&name).await
    }

    fn wish(&self, mentor: usize, start: usize) -> Value {
        json!({ "offering_id": self.offerings[mentor], "starts_at": instant(minute(start)) })
    }

    /// What came of it; nothing where there is nothing yet to do it to.
    pub async fn perform(&self, step: Step) -> Option<Reply> {
        match step {
            Step::Hold {
                mentee,
                mentor,
                start,
            } => {
                let client = self.client(&mentee_name(mentee)).await;
                let reply = client
                    .post("/v1/slot-holds", self.wish(mentor, start))
                    .await;
                self.made(&self.holds, &reply, (mentor, mentee));
                Some(reply)
            }
            Step::Release { by, hold } => {
                let of = pick(&self.holds, hold)?;
                let client = self.caller(by, of).await;
                Some(client.delete(&format!("/v1/slot-holds/{}", of.id)).await)
            }
            Step::Book {
                mentee,
                mentor,
                start,
            } => {
                let client = self.client(&mentee_name(mentee)).await;
                let reply = super::super::book(&client, self.wish(mentor, start)).await;
                self.made(&self.bookings, &reply, (mentor, mentee));
                self.seen(&reply);
                Some(reply)
            }
            Step::Act {
                by,
                booking,
                action,
            } => {
                let of = pick(&self.bookings, booking)?;
                let client = self.caller(by, of).await;
                let reason = json!({ "reason": "other" });
                let (verb, body) = match action {
                    Action::Approve => ("approve", None),
                    Action::Decline => ("decline", Some(reason)),
                    Action::Cancel => ("cancel", Some(reason)),
                    Action::Move(to) => (
                        "reschedule",
                        Some(json!({ "starts_at": instant(minute(to)) })),
                    ),
                    Action::CheckIn => ("check-in", None),
                    Action::ReportNoShow => ("report-no-show", None),
                    Action::Complete => ("complete", None),
                };
                let path = format!("/v1/bookings/{}/{verb}", of.id);
                let reply = match body {
                    Some(body) => client.post(&path, body).await,
                    None => client.send(Method::POST, &path, None, Vec::new()).await,
                };
                self.seen(&reply);
                Some(reply)
            }
            Step::Alert | Step::AllClear => {
                let lift = matches!(step, Step::AllClear);
                let number = self.lifted.get();
                self.lifted.set(number + usize::from(lift));
                let job = SuspendSessions {
                    alert_id: format!("alert-{number}"),
                    again: false,
                    reach: Reach {
                        regions: vec!["33".into()],
                        from: "2026-06-01T00:00:00Z".parse().unwrap(),
                        to: "2026-06-20T00:00:00Z".parse().unwrap(),
                        modes: SessionMode::ALL.to_vec(),
                    },
                    lift,
                };
                let mut conn = self.app.parts.db.conn().await.unwrap();
                karya_jobs::enqueue(&mut conn, &job).await.unwrap();
                drop(conn);
                self.app.run_jobs().await;
                None
            }
            Step::Wait(minutes) => {
                self.wait(minutes).await;
                None
            }
            Step::WaitFor { .. } => None,
        }
    }

    /// Lets time pass, for the workers too, who go by the database's clock.
    pub async fn wait(&self, minutes: i64) {
        self.app.clock.advance(Duration::minutes(minutes));
        let statement = format!(
            "UPDATE graphile_worker._private_jobs SET run_at = run_at - interval '{minutes} minutes'"
        );
        self.app
            .db
            .sql()
            .await
            .batch_execute(&statement)
            .await
            .unwrap();
        self.app.run_jobs().await;
    }

    fn made(&self, list: &RefCell<Vec<Made>>, reply: &Reply, (mentor, mentee): (usize, usize)) {
        if reply.status == 201 {
            let id = reply.json()["id"].as_str().unwrap().parse().unwrap();
            list.borrow_mut().push(Made { id, mentor, mentee });
        }
    }

    fn seen(&self, reply: &Reply) {
        if reply.status.is_success() {
            self.views.borrow_mut().push(reply.json());
        }
    }

    /// Bookings and live claims as the database has them, in the words of [`told`].
    pub async fn state(&self) -> Vec<String> {
        let sql = self.app.db.sql().await;
        let order: HashMap<Uuid, usize> = self
            .bookings
            .borrow()
            .iter()
            .enumerate()
            .map(|(at, of)| (of.id, at))
            .collect();
        let mut lines = Vec::new();
        let minutes = |at: DateTime<Utc>| (at - noon()).num_minutes();
        let rows = sql
            .query("SELECT to_jsonb(b) FROM bookings b", &[])
            .await
            .unwrap();
        for row in rows {
            let row: Value = row.get(0);
            let name = |key: &str| &self.people[&row[key].as_str().unwrap().parse().unwrap()];
            let time = |key: &str| row[key].as_str().map(|at| minutes(at.parse().unwrap()));
            let id: Uuid = row["id"].as_str().unwrap().parse().unwrap();
            lines.push(format!(
                "{} {} {} {} at {} until {} seq {} moves {} late {} by {} missing {} here {} {}",
                order.get(&id).map_or("?".to_owned(), ToString::to_string),
                name("mentor_id"),
                name("mentee_id"),
                row["state"].as_str().unwrap(),
                time("starts_at").unwrap(),
                time("expires_at").map_or("-".to_owned(), |at| at.to_string()),
                row["sequence"],
                row["reschedule_count"],
                row["late"],
                row["cancelled_by"].as_str().unwrap_or("-"),
                row["no_show_party"].as_str().unwrap_or("-"),
                !row["mentor_checked_in_at"].is_null(),
                !row["mentee_checked_in_at"].is_null(),
            ));
        }
        let now = self.app.clock.now();
        let statement = "SELECT to_jsonb(c) FROM time_claims c
            WHERE expires_at IS NULL OR expires_at > $1::text::timestamptz";
        for row in sql.query(statement, &[&now.to_rfc3339()]).await.unwrap() {
            let row: Value = row.get(0);
            let time = |key: &str| minutes(row[key].as_str().unwrap().parse().unwrap());
            assert_eq!(time("ends_at") - time("starts_at"), 60);
            let owner: Uuid = row["owner_id"].as_str().unwrap().parse().unwrap();
            let kind = row["kind"].as_str().unwrap();
            lines.push(format!(
                "{} {kind} at {}",
                self.people[&owner],
                time("starts_at")
            ));
        }
        let statement = "SELECT coalesce(last_error, '') FROM graphile_worker._private_jobs WHERE last_error IS NOT NULL";
        for row in sql.query(statement, &[]).await.unwrap() {
            lines.push(format!("a job failed: {}", row.get::<_, String>(0)));
        }
        lines.sort();
        lines
    }

    /// Until when the mentor may answer, of one booking.
    pub async fn deadline(&self, booking: usize) -> Option<i64> {
        let id = self.bookings.borrow()[booking].id;
        let sql = self.app.db.sql().await;
        let statement = "SELECT extract(epoch FROM expires_at)::bigint FROM bookings WHERE id = $1";
        let seconds: Option<i64> = sql.query_one(statement, &[&id]).await.unwrap().get(0);
        seconds.map(|seconds| (seconds - noon().timestamp()) / 60)
    }
}

fn pick(list: &RefCell<Vec<Made>>, at: usize) -> Option<Made> {
    let list = list.borrow();
    (!list.is_empty()).then(|| list[at % list.len()])
}

/// Bookings and live claims as the model has them.
pub fn told(model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, one) in model.sessions.iter().enumerate() {
        let state = match one.state {
            State::Requested => "requested",
            State::Confirmed => "confirmed",
            State::Declined => "declined",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
            State::Suspended => "suspended",
            State::Completed => "completed",
            State::NoShow => "no_show",
        };
        let (mentor, mentee) = (mentor_name(one.mentor), mentee_name(one.mentee));
        lines.push(format!(
            "{at} {mentor} {mentee} {state} at {} until {} seq {} moves {} late {} by {} missing {} here {} {}",
            one.start,
            one.deadline.map_or("-".to_owned(), |at| at.to_string()),
            one.sequence,
            one.moves,
            one.late,
            one.cancelled_by.unwrap_or("-"),
            one.missing.unwrap_or("-"),
            one.here[0],
            one.here[1],
        ));
        if one.takes_time() {
            let kind = if one.state == State::Requested {
                "request"
            } else {
                "booking"
            };
            lines.extend([mentor, mentee].map(|who| format!("{who} {kind} at {}", one.start)));
        }
    }
    for one in model.holds.iter().filter(|one| model.is_held(one)) {
        let people = [mentor_name(one.mentor), mentee_name(one.mentee)];
        lines.extend(people.map(|who| format!("{who} hold at {}", one.start)));
    }
    lines.sort();
    lines
}
