//! When the other side does not take an event.

use chrono::Duration;
use karya_webhooks::Deliver;
use serde_json::{Value, json};

use crate::harness::{Client, Receiver, TestApp};
use crate::webhooks::{log, path, subscribe};

async fn test(owner: &Client<'_>, made: &Value) -> Value {
    let path = format!("{}/test", path(made));
    owner.post(&path, json!({})).await.ok(202)
}

async fn retry(owner: &Client<'_>, made: &Value, delivery: &Value) -> crate::harness::Reply {
    let delivery = delivery["id"].as_str().unwrap();
    let path = format!("{}/deliveries/{delivery}/retry", path(made));
    owner.post(&path, json!({})).await
}

async fn webhook(owner: &Client<'_>, made: &Value) -> Value {
    owner.get(&path(made)).await.ok(200)
}

/// Runs all jobs, with another access token afterwards.
async fn next_attempt<'a>(app: &'a TestApp, name: &str, pause: Duration) -> Client<'a> {
    app.clock.advance(pause);
    app.run_all_jobs().await;
    app.sign_in(name).await
}

#[actix_web::test]
async fn what_fails_is_sent_again_under_the_same_id_until_it_gets_through() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    receiver.will_answer(&[(503, None), (500, None)]);
    let sent = test(&sari, &made).await;
    app.run_jobs().await;
    let first = receiver.take().pop().unwrap();
    let logged = log(&sari, &made).await;
    assert_eq!(logged[0]["state"], "pending");
    let attempt = &logged[0]["attempts"][0];
    assert_eq!(
        (&attempt["status"], &attempt["answer"]),
        (&json!(503), &json!("nanti saja"))
    );
    assert_eq!(
        webhook(&sari, &made).await["failing_since"],
        "2026-06-01T05:00:00.000Z"
    );
    let waits = "SELECT extract(epoch FROM run_at - now())::bigint FROM graphile_worker.jobs
        WHERE task_identifier = 'webhooks.deliver'";
    assert!((2..=6).contains(&app.count(waits).await), "about 5 seconds");
    let sari = next_attempt(&app, "sari", Duration::seconds(5)).await;
    let second = receiver.take().pop().unwrap();
    let seconds = app.count(waits).await;
    assert!((260..=330).contains(&seconds), "about 5 minutes: {seconds}");
    let _sari = sari;
    let sari = next_attempt(&app, "sari", Duration::minutes(5)).await;
    let third = receiver.take().pop().unwrap();
    for again in [&second, &third] {
        assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
        assert_eq!(again.body, first.body);
        assert_ne!(
            again.header("webhook-timestamp"),
            first.header("webhook-timestamp")
        );
        assert!(again.is_signed_by(made["secret"].as_str().unwrap()));
    }
    let logged = log(&sari, &made).await;
    assert_eq!(
        (&logged[0]["state"], &logged[0]["event_id"]),
        (&json!("delivered"), &sent["event_id"])
    );
    assert_eq!(logged[0]["attempts"].as_array().unwrap().len(), 3);
    assert!(webhook(&sari, &made).await["failing_since"].is_null());
    // Nobody has to be asked again, but anybody may.
    retry(&sari, &made, &logged[0]).await.ok(202);
    app.run_jobs().await;
    let replayed = receiver.take().pop().unwrap();
    assert_eq!(replayed.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(
        log(&sari, &made).await[0]["attempts"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[actix_web::test]
async fn after_ten_attempts_an_event_has_failed_and_can_be_asked_for_again() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let mut sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    receiver.will_answer(&[(500, None); 11]);
    test(&sari, &made).await;
    app.run_jobs().await;
    for _ in 1..10 {
        sari = next_attempt(&app, "sari", Duration::hours(8)).await;
    }
    assert_eq!(receiver.take().len(), 10);
    let logged = log(&sari, &made).await;
    assert_eq!(logged[0]["state"], "failed");
    sari = next_attempt(&app, "sari", Duration::hours(1)).await;
    assert_eq!(receiver.take().len(), 0, "nothing more comes by itself");
    let reopened = retry(&sari, &made, &logged[0]).await.ok(202);
    assert_eq!(reopened["state"], "pending");
    app.run_jobs().await;
    assert_eq!(
        log(&sari, &made).await[0]["state"],
        "pending",
        "a schedule anew"
    );
    sari = next_attempt(&app, "sari", Duration::seconds(6)).await;
    assert_eq!(log(&sari, &made).await[0]["state"], "delivered");
}

#[actix_web::test]
async fn who_answers_410_is_never_asked_again() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    receiver.will_answer(&[(410, None)]);
    test(&sari, &made).await;
    let waiting = test(&sari, &made).await;
    // One after the other, so that the second finds it disabled or was answered first.
    karya::work::jobs(&app.db.url(), &app.parts, app.mailer.clone())
        .concurrency(1)
        .run_once()
        .await
        .unwrap();
    app.run_all_jobs().await;
    let now = webhook(&sari, &made).await;
    assert_eq!(
        (&now["state"], &now["disabled_reason"]),
        (&json!("disabled"), &json!("gone"))
    );
    let failed = log(&sari, &made).await;
    let states: Vec<&Value> = failed.iter().map(|one| &one["state"]).collect();
    assert!(states.contains(&&json!("failed")), "{states:?}");
    let mail = app.mails_to("sari@contoh.id").pop().unwrap();
    assert_eq!(mail.subject, "Webhook Anda dinonaktifkan");
    assert!(mail.text.contains(&receiver.url()) && mail.text.contains("410"));
    retry(&sari, &made, &waiting)
        .await
        .refused(409, "webhook.not_active");
    receiver.take();
    let edit = sari.clone().with("if-match", "*");
    let active = json!({ "state": "active" });
    let now = edit.patch(&path(&made), active).await.ok(200);
    assert!(now["disabled_reason"].is_null() && now["failing_since"].is_null());
    test(&sari, &made).await;
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 1);
}

#[actix_web::test]
async fn who_fails_for_five_days_is_given_up_and_the_owner_is_told_once() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let mut sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    receiver.will_answer(&[(500, None); 100]);
    for day in 0..6 {
        assert_eq!(webhook(&sari, &made).await["state"], "active", "day {day}");
        test(&sari, &made).await;
        test(&sari, &made).await;
        app.run_jobs().await;
        sari = {
            app.clock.advance(Duration::days(1));
            app.sign_in("sari").await
        };
    }
    app.run_jobs().await;
    let now = webhook(&sari, &made).await;
    assert_eq!(
        (&now["state"], &now["disabled_reason"]),
        (&json!("disabled"), &json!("failing"))
    );
    let mails = app.mails_to("sari@contoh.id");
    let told = mails
        .iter()
        .filter(|mail| mail.subject == "Webhook Anda dinonaktifkan");
    assert_eq!(told.count(), 1);
}

#[actix_web::test]
async fn two_workers_with_one_attempt_make_it_once() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    let sent = test(&sari, &made).await;
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..7 {
        let again = Deliver {
            delivery_id: sent["id"].as_str().unwrap().parse().unwrap(),
            attempt: 0,
        };
        karya_jobs::enqueue(&mut conn, &again).await.unwrap();
    }
    let work = async || {
        karya::work::jobs(&app.db.url(), &app.parts, app.mailer.clone())
            .concurrency(4)
            .run_once()
            .await
            .unwrap();
    };
    futures_util::future::join(work(), work()).await;
    app.run_all_jobs().await;
    assert_eq!(receiver.take().len(), 1);
    let attempts = "SELECT count(*) FROM webhook_attempts";
    assert_eq!(app.count(attempts).await, 1);
    assert_eq!(
        app.count("SELECT count(*) FROM graphile_worker.jobs").await,
        0
    );
}

/// A worker that died in the middle left its claim behind.
#[actix_web::test]
async fn the_attempt_of_a_worker_that_died_is_made_by_another() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    test(&sari, &made).await;
    let claim = "UPDATE webhook_deliveries SET claimed_until = '2026-06-01T05:01:00Z'";
    app.db.sql().await.batch_execute(claim).await.unwrap();
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 0, "it may still be at it");
    app.clock.advance(Duration::minutes(1));
    app.run_all_jobs().await;
    assert_eq!(receiver.take().len(), 1);
}

#[actix_web::test]
async fn redirects_are_not_followed_and_private_addresses_not_asked() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    let here = receiver.url();
    receiver.will_answer(&[
        (302, Some(here.as_str())),
        (307, Some("https://127.0.0.1/")),
    ]);
    test(&sari, &made).await;
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 1, "the redirect led nowhere");
    let logged = log(&sari, &made).await;
    assert_eq!(logged[0]["attempts"][0]["status"], 302);
    assert_eq!(logged[0]["state"], "pending");
    // One of the addresses that this name has today is inside.
    let rebound = receiver.url().replace("penerima.test", "terikat.test");
    let made = subscribe(&sari, &rebound, &["booking.confirmed"]).await;
    test(&sari, &made).await;
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 0);
    let logged = log(&sari, &made).await;
    assert_eq!(logged[0]["attempts"][0]["error"], "refused_address");
    assert!(logged[0]["attempts"][0]["status"].is_null());
}

#[actix_web::test]
async fn the_log_goes_back_thirty_days_and_a_locked_account_gets_nothing() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    test(&sari, &made).await;
    app.run_jobs().await;
    test(&sari, &made).await;
    let lock = "UPDATE users SET state = 'locked', lock_reason = 'abuse'";
    app.db.sql().await.batch_execute(lock).await.unwrap();
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 1);
    let dropped = "SELECT count(*) FROM webhook_deliveries WHERE state = 'dropped'";
    assert_eq!(app.count(dropped).await, 1);
    let left = async || {
        let mut conn = app.parts.db.conn().await.unwrap();
        karya_webhooks::sweep(&mut conn, app.clock.now())
            .await
            .unwrap();
        app.count("SELECT count(*) FROM webhook_deliveries").await
    };
    app.clock.advance(Duration::days(30));
    assert_eq!(left().await, 2);
    app.clock.advance(Duration::seconds(1));
    assert_eq!(left().await, 0);
    assert_eq!(app.count("SELECT count(*) FROM webhook_attempts").await, 0);
}
