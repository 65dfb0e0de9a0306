//! Mentoring. Everybody's clock stands at Monday, 1 June 2026, 12:00 in Jakarta.

mod alerts;
mod blocks;
mod booking;
mod calendars;
mod cascade;
mod discovery;
mod disputes;
mod documents;
mod feedback;
mod feeds;
mod group_calendars;
mod groups;
mod growth;
mod holds;
mod hosts;
mod imports;
mod killed;
mod life;
mod mentors;
mod mentorships;
mod model;
mod moves;
mod notes;
mod offered;
mod offering_hours;
mod offerings;
mod oracle;
mod proof;
mod response_time;
mod roles;
mod series;
mod statements;
mod storm;
mod told;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, TestApp};

/// An approved mentor in Jakarta who is open from Monday to Saturday, 09:00 to 17:00, with one offering.
pub struct Mentor<'a> {
    pub client: Client<'a>,
    pub user_id: Uuid,
    pub offering: String,
}

impl<'a> Mentor<'a> {
    /// Sessions of 60 or 30 minutes every half hour, booked at once, two hours' notice.
    pub async fn new(app: &'a TestApp, name: &str) -> Self {
        Self::with(app, name, json!({})).await
    }

    /// With columns of the offering other than usual.
    pub async fn with(app: &'a TestApp, name: &str, offering: Value) -> Self {
        let client = app.user(name).await;
        let user_id: Uuid = client.get("/v1/me").await.ok(200)["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let sql = app.db.sql().await;
        let hours: Vec<String> = (0..6)
            .map(|day| format!("[{},{})", day * 1440 + 540, day * 1440 + 1020))
            .collect();
        let statement = format!(
            "INSERT INTO calendars (user_id, zone, weekly, created_at, updated_at)
                 VALUES ($1, 'Asia/Jakarta', '{{{}}}', '2026-06-01T05:00:00Z', '2026-06-01T05:00:00Z')",
            hours.join(",")
        );
        sql.execute(&statement, &[&user_id]).await.unwrap();
        sql.execute(
            "INSERT INTO mentors (user_id, state, headline, expertise, subsectors, languages, ethics_accepted_at, created_at, updated_at)
                 VALUES ($1, 'approved', 'Pendamping ekspor', '{ekspor}', '{kriya}', '{id}', now(), now(), now())",
            &[&user_id],
        )
        .await
        .unwrap();
        let mut columns = json!({
            "id": Uuid::now_v7(), "mentor_id": user_id, "title": "Klinik ekspor", "mode": "online",
            "durations": [60, 30], "interval_min": 30, "before_min": 0, "after_min": 0, "notice_min": 120,
            "horizon_days": 60, "needs_approval": false, "cancel_notice_min": 1440,
            "meeting_url": "https://meet.karya.test/{code}", "questions": [], "active": true, "weekly": "{}", "version": 1,
            "created_at": "2026-06-01T05:00:00Z", "updated_at": "2026-06-01T05:00:00Z",
        });
        for (key, value) in offering.as_object().unwrap() {
            columns[key] = value.clone();
        }
        sql.execute(
            "INSERT INTO offerings SELECT * FROM jsonb_populate_record(NULL::offerings, $1)",
            &[&columns],
        )
        .await
        .unwrap();
        Self {
            client,
            user_id,
            offering: columns["id"].as_str().unwrap().to_owned(),
        }
    }

    /// The starts on offer over some dates, in the mentor's zone.
    pub async fn starts(&self, app: &TestApp, from: &str, to: &str) -> Vec<String> {
        let path = format!("/v1/offerings/{}/slots?from={from}&to={to}", self.offering);
        let list = app.anon().get(&path).await.ok(200);
        let days = list["days"].as_array().unwrap();
        days.iter()
            .flat_map(|day| day["starts"].as_array().unwrap())
            .map(|start| start.as_str().unwrap().to_owned())
            .collect()
    }

    pub fn booking(&self, starts_at: &str) -> Value {
        json!({ "offering_id": self.offering, "starts_at": starts_at })
    }
}

/// Books with a key of its own.
pub async fn book(mentee: &Client<'_>, booking: Value) -> crate::harness::Reply {
    let key = Uuid::now_v7().to_string();
    let keyed = mentee.clone().with("idempotency-key", &key);
    keyed.post("/v1/bookings", booking).await
}

/// What the mails to an address were about, in their order.
pub fn subjects(app: &TestApp, address: &str) -> Vec<String> {
    app.mails_to(address)
        .into_iter()
        .map(|mail| mail.subject)
        .collect()
}

/// The promise of the whole crate, as the database sees it: nobody is in two places, and every booking that is on has
/// its time on both sides, and no other booking has any.
pub async fn assert_sound(app: &TestApp) {
    let sql = app.db.sql().await;
    let faults: i64 = sql
        .query_one(
            "SELECT (SELECT count(*) FROM time_claims a JOIN time_claims b
                       ON a.owner_id = b.owner_id AND a.id < b.id AND a.during && b.during)
                  + (SELECT count(*) FROM bookings b WHERE state IN ('requested', 'confirmed', 'suspended', 'completed', 'no_show')
                       AND 2 <> (SELECT count(*) FROM time_claims c WHERE c.ref_id = b.id
                           AND c.starts_at = b.starts_at AND c.ends_at = b.ends_at AND c.owner_id IN (b.mentor_id, b.mentee_id)))
                  + (SELECT count(*) FROM bookings b JOIN time_claims c ON c.ref_id = b.id
                       WHERE state IN ('declined', 'expired', 'cancelled'))",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(faults, 0);
}
