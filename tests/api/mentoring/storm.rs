//! Everybody at once: whatever people do at the same time, the database stays sound and nobody gets a 5xx.

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, TestApp};

/// A booking, and the places of its mentor and mentee in their lists.
type Made = (Value, usize, usize);

/// What one person does next.
enum Step {
    Book {
        mentor: usize,
        start: String,
    },
    Hold {
        mentor: usize,
        start: String,
    },
    Act {
        party: bool,
        action: &'static str,
        start: String,
    },
}

fn step(rng: &mut StdRng) -> Step {
    // Few hours, so that people get into each other's way.
    let start = format!(
        "2026-06-{:02}T{:02}:{:02}:00Z",
        rng.random_range(2..4),
        rng.random_range(2..6),
        rng.random_range(0..4) * 15
    );
    let mentor = rng.random_range(0..3);
    match rng.random_range(0..10) {
        0..4 => Step::Book { mentor, start },
        4 => Step::Hold { mentor, start },
        _ => {
            let actions = [
                "approve",
                "decline",
                "cancel",
                "cancel",
                "reschedule",
                "reschedule",
            ];
            Step::Act {
                party: rng.random(),
                action: actions[rng.random_range(0..actions.len())],
                start,
            }
        }
    }
}

#[actix_web::test]
async fn three_mentors_and_five_mentees_do_what_they_like() {
    let app = TestApp::new().await;
    let mut mentors = Vec::new();
    for (number, approval) in [false, true, false].into_iter().enumerate() {
        let offering = json!({ "interval_min": 15, "needs_approval": approval, "before_min": number * 15, "after_min": 15 });
        mentors.push(Mentor::with(&app, &format!("mentor{number}"), offering).await);
    }
    let mut mentees = Vec::new();
    for number in 0..5 {
        mentees.push(app.user(&format!("orang{number}")).await);
    }
    let mut rng = StdRng::seed_from_u64(11);
    let mut bookings: Vec<Made> = Vec::new();
    let (mut made, mut refused) = (0, 0);
    for _ in 0..40 {
        let steps: Vec<(usize, Step, Option<Made>)> = (0..8)
            .map(|_| {
                let target = (!bookings.is_empty())
                    .then(|| bookings[rng.random_range(0..bookings.len())].clone());
                (rng.random_range(0..mentees.len()), step(&mut rng), target)
            })
            .collect();
        let run = steps.into_iter().map(|(who, step, target)| {
            let (mentors, mentees) = (&mentors, &mentees);
            async move {
                match (step, target) {
                    (Step::Book { mentor, start }, _) => {
                        let reply = book(&mentees[who], mentors[mentor].booking(&start)).await;
                        let created = (reply.status == 201).then(|| (reply.json(), mentor, who));
                        (reply.status.as_u16(), reply.text(), created)
                    }
                    (Step::Hold { mentor, start }, _) => {
                        let reply = mentees[who]
                            .post("/v1/slot-holds", mentors[mentor].booking(&start))
                            .await;
                        (reply.status.as_u16(), reply.text(), None)
                    }
                    (
                        Step::Act {
                            party,
                            action,
                            start,
                        },
                        Some((booking, mentor, mentee)),
                    ) => {
                        let client: &Client<'_> = if party {
                            &mentors[mentor].client
                        } else {
                            &mentees[mentee]
                        };
                        let path =
                            format!("/v1/bookings/{}/{action}", booking["id"].as_str().unwrap());
                        let body = match action {
                            "reschedule" => json!({ "starts_at": start }),
                            "approve" => Value::Null,
                            _ => json!({ "reason": "other" }),
                        };
                        let reply = if body.is_null() {
                            client
                                .send(actix_web::http::Method::POST, &path, None, Vec::new())
                                .await
                        } else {
                            client.post(&path, body).await
                        };
                        (reply.status.as_u16(), reply.text(), None)
                    }
                    (Step::Act { .. }, None) => (204, String::new(), None),
                }
            }
        });
        for (status, text, created) in join_all(run).await {
            assert!(status < 500, "{status} {text}\n{}", app.db.log());
            match status {
                200..300 => made += 1,
                _ => refused += 1,
            }
            bookings.extend(created);
        }
        assert_sound(&app).await;
    }
    assert!(
        made > 30 && refused > 30 && bookings.len() > 10,
        "{made} made, {refused} refused"
    );
    // Under the locks the constraint never had to refuse.
    let sql = app.db.sql().await;
    let live: i64 = sql
        .query_one("SELECT count(*) FROM time_claims a JOIN time_claims b ON a.owner_id = b.owner_id AND a.id <> b.id
            WHERE a.kind = 'booking' AND b.kind = 'booking' AND a.starts_at < b.starts_at
              AND b.starts_at < a.ends_at + greatest(a.after_min, b.before_min) * interval '1 minute'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(live, 0, "buffers hold");
}
