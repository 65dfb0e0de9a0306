//! Guessing, races, pumping, and finding out who has which number.

use chrono::Duration;
use futures_util::future::join_all;
use karya_notifications::GatewayError;
use serde_json::json;

use super::phones::{NUMBER, ask, ask_for_reset, exchange, login, prove, verify};
use crate::harness::{PASSWORD, TestApp};

const FREE: &str = "+6281211112222";

#[actix_web::test]
async fn who_has_a_number_is_told_to_its_phone_alone() {
    let app = TestApp::new().await;
    let budi = app.user("budi").await;
    prove(&app, &budi, NUMBER).await;
    let (sari, tono) = (app.user("sari").await, app.user("tono").await);
    // Each connection has to learn the types first.
    for n in 0..6 {
        let number = format!("+628139999000{n}");
        let warm = app.user(&format!("hangat{n}")).await;
        ask(&warm, &number).await.ok(202);
        ask_for_reset(&app, &format!("+628138888000{n}"))
            .await
            .ok(202);
        exchange(
            &app,
            &json!("0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b"),
            "123456",
        )
        .await;
        login(&app, &number, PASSWORD).await;
    }
    app.run_jobs().await;
    let before = app.phones.of(NUMBER).len();
    let (known, unknown) = (ask(&sari, NUMBER).await, ask(&tono, FREE).await);
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.statements(), unknown.statements());
    app.run_jobs().await;
    let told = app.phones.of(NUMBER);
    assert_eq!(told.len(), before + 1);
    assert!(told[before].starts_with("Seseorang ingin memakai nomor ini"));
    let (wrong, wrong_too) = (verify(&sari, "000000").await, verify(&tono, "00000x").await);
    for reply in [&wrong, &wrong_too] {
        reply.refused(422, "auth.phone_code_invalid");
    }
    assert_eq!(wrong.statements(), wrong_too.statements());

    let (known, unknown) = (
        login(&app, NUMBER, "salah-salah-salah").await,
        login(&app, "+6281377770001", "salah-salah-salah").await,
    );
    for reply in [&known, &unknown] {
        reply.refused(401, "auth.invalid_credentials");
    }
    assert_eq!(known.statements(), unknown.statements());

    // Who asked for it lately shows; who has it does not.
    app.clock.advance(Duration::hours(13));
    let (known, unknown) = (
        ask_for_reset(&app, NUMBER).await,
        ask_for_reset(&app, "+6281377770002").await,
    );
    assert_eq!(known.statements(), unknown.statements());
    let (known, unknown) = (known.ok(202), unknown.ok(202));
    for member in ["status", "expires_at", "resend_at"] {
        assert_eq!(known[member], unknown[member], "{member}");
    }
    app.run_jobs().await;
    assert_eq!(app.phones.of("+6281377770002").len(), 0);
    let (known, unknown) = (
        exchange(&app, &known["request_id"], "00000x").await,
        exchange(&app, &unknown["request_id"], "00000x").await,
    );
    for reply in [&known, &unknown] {
        reply.refused(422, "auth.phone_code_invalid");
    }
    assert_eq!(known.statements(), unknown.statements());
}

#[actix_web::test]
async fn one_number_has_one_account() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    ask(&sari, NUMBER).await.ok(202);
    app.run_jobs().await;
    let first = app.phones.code(NUMBER);
    app.clock.advance(Duration::minutes(1));
    ask(&budi, NUMBER).await.ok(202);
    app.run_jobs().await;
    let second = app.phones.code(NUMBER);
    // Each is good in its session alone.
    if first != second {
        verify(&sari, &second)
            .await
            .refused(422, "auth.phone_code_invalid");
    }
    let (one, two) = (verify(&sari, &first).await, verify(&budi, &second).await);
    let lost = match (one.status.as_u16(), two.status.as_u16()) {
        (200, 422) => two,
        (422, 200) => one,
        other => panic!("{other:?}"),
    };
    lost.refused(422, "auth.phone_code_invalid");
    assert_eq!(app.count("SELECT count(*) FROM phones").await, 1);
    let sql = app.db.sql().await;
    let copy = "INSERT INTO phones SELECT id, (SELECT number FROM phones), now() FROM users \
                WHERE id NOT IN (SELECT user_id FROM phones)";
    let refused = sql.execute(copy, &[]).await.unwrap_err();
    let refused = refused.as_db_error().unwrap();
    assert_eq!(refused.constraint(), Some("phones_number_key"));
}

#[actix_web::test]
async fn a_code_has_five_guesses_ten_minutes_and_one_session() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    ask(&sari, NUMBER).await.ok(202);
    app.run_jobs().await;
    let code = app.phones.code(NUMBER);
    let other_session = app.sign_in("sari").await;
    verify(&other_session, &code)
        .await
        .refused(422, "auth.phone_code_invalid");
    let guesses = join_all((0..4).map(|_| verify(&sari, "bukan kode"))).await;
    for guess in guesses {
        guess.refused(422, "auth.phone_code_invalid");
    }
    // The fifth and last.
    verify(&sari, &code).await.ok(200);

    let dead = async |guesses: usize, wait: Duration| {
        app.clock.advance(Duration::hours(13));
        let sari = app.sign_in("sari").await;
        ask(&sari, FREE).await.ok(202);
        app.run_jobs().await;
        let code = app.phones.code(FREE);
        for _ in 0..guesses {
            verify(&sari, "bukan kode").await;
        }
        app.clock.advance(wait);
        verify(&app.sign_in("sari").await, &code)
            .await
            .refused(422, "auth.phone_code_invalid");
        verify(&sari, &code).await
    };
    dead(5, Duration::zero())
        .await
        .refused(422, "auth.phone_code_invalid");
    dead(0, Duration::minutes(10))
        .await
        .refused(401, "auth.unauthenticated");
    dead(0, Duration::minutes(9)).await.ok(200);

    // Another wish ends the code before it, and so does another password.
    app.clock.advance(Duration::hours(13));
    let sari = app.sign_in("sari").await;
    ask(&sari, NUMBER).await.ok(202);
    app.run_jobs().await;
    let first = app.phones.code(NUMBER);
    app.clock.advance(Duration::minutes(1));
    ask(&sari, NUMBER).await.ok(202);
    app.run_jobs().await;
    let second = app.phones.code(NUMBER);
    if first != second {
        verify(&sari, &first)
            .await
            .refused(422, "auth.phone_code_invalid");
    }
    let change = json!({ "current_password": PASSWORD, "new_password": "perahu-kuning-di-teluk" });
    sari.post("/v1/me/password", change).await.ok(200);
    verify(&sari, &second)
        .await
        .refused(422, "auth.phone_code_invalid");
}

#[actix_web::test]
async fn of_twenty_with_one_code_one_succeeds() {
    let app = TestApp::new().await;
    prove(&app, &app.user("sari").await, NUMBER).await;
    for round in 0..40 {
        app.clock.advance(Duration::hours(13));
        let asked = ask_for_reset(&app, NUMBER).await.ok(202);
        app.run_jobs().await;
        let (request, code) = (&asked["request_id"], app.phones.code(NUMBER));
        let race = join_all((0..20).map(|_| exchange(&app, request, &code))).await;
        let won = race.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(won, 1, "round {round}");
        for reply in race.iter().filter(|reply| reply.status != 200) {
            reply.refused(422, "auth.phone_code_invalid");
        }
    }
    for round in 0..10 {
        app.clock.advance(Duration::hours(13));
        let sari = app.sign_in("sari").await;
        let number = format!("+628120000000{}", round % 2);
        ask(&sari, &number).await.ok(202);
        app.run_jobs().await;
        let code = app.phones.code(&number);
        let race = join_all((0..20).map(|_| verify(&sari, &code))).await;
        let won = race.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(won, 1, "round {round}");
    }
    let log = app.db.log();
    assert!(!log.contains("deadlock"), "{log}");
}

#[actix_web::test]
async fn codes_are_asked_for_ever_more_slowly() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    ask(&sari, NUMBER).await.ok(202);
    let slow = ask(&sari, NUMBER).await;
    slow.refused(429, "auth.too_many_codes");
    assert_eq!(slow.header("retry-after"), Some("60"));
    // The account waits, whatever the number; the number waits, whoever asks and for what.
    ask(&sari, FREE).await.refused(429, "auth.too_many_codes");
    let budi = app.user("budi").await;
    ask(&budi, NUMBER).await.refused(429, "auth.too_many_codes");
    ask_for_reset(&app, NUMBER)
        .await
        .refused(429, "auth.too_many_codes");
    app.clock.advance(Duration::seconds(59));
    ask(&sari, NUMBER).await.refused(429, "auth.too_many_codes");
    app.clock.advance(Duration::seconds(1));
    let asked = ask(&sari, NUMBER).await.ok(202);
    assert_eq!(asked["resend_at"], "2026-06-01T05:03:00.000Z");
    app.run_jobs().await;
    // A code that comes back makes the next one free.
    verify(&sari, &app.phones.code(NUMBER)).await.ok(200);
    ask(&sari, FREE).await.ok(202);

    // Of twenty at once, one.
    app.clock.advance(Duration::hours(13));
    let race = join_all((0..20).map(|_| ask_for_reset(&app, NUMBER))).await;
    let sent = race.iter().filter(|reply| reply.status == 202).count();
    assert_eq!(sent, 1);
    let query = "SELECT count(*) FROM phone_codes WHERE purpose = 'reset_password'";
    assert_eq!(app.count(query).await, 1);
}

#[actix_web::test]
async fn a_number_gets_ten_codes_a_day_and_a_network_twenty_at_once() {
    let app = TestApp::new().await;
    // However patient the one who asks is, and though each code comes back.
    let mut sent = 0;
    for minute in 0..24 * 60 {
        if minute > 0 {
            app.clock.advance(Duration::minutes(1));
        }
        if minute % 50 == 0 {
            let sql = app.db.sql().await;
            sql.execute("DELETE FROM sign_in_attempts", &[])
                .await
                .unwrap();
            let reply = ask_for_reset(&app, NUMBER).await;
            if reply.status == 202 {
                sent += 1;
            } else {
                reply.refused(429, "auth.too_many_codes");
            }
        }
    }
    assert_eq!(sent, 10);
    app.clock.advance(Duration::minutes(1));
    ask_for_reset(&app, NUMBER).await.ok(202);

    app.clock.advance(Duration::minutes(15));
    for n in 0..20 {
        ask_for_reset(&app, &format!("+62812555500{n:02}"))
            .await
            .ok(202);
    }
    let reply = ask_for_reset(&app, "+6281255550020").await;
    reply.refused(429, "auth.too_many_codes");
    assert_eq!(reply.header("retry-after"), Some("60"));
    app.clock.advance(Duration::minutes(1));
    ask_for_reset(&app, "+6281255550020").await.ok(202);
}

#[actix_web::test]
async fn guessing_at_a_password_by_phone_gets_slower_and_locks_nobody_out() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    prove(&app, &sari, NUMBER).await;
    let device = login(&app, NUMBER, PASSWORD).await.ok(200)["device_token"].clone();
    for number in [NUMBER, FREE] {
        for _ in 0..10 {
            login(&app, number, "salah-salah-salah")
                .await
                .refused(401, "auth.invalid_credentials");
        }
        let slow = login(&app, number, PASSWORD).await;
        slow.refused(429, "auth.too_many_attempts");
        assert_eq!(slow.header("retry-after"), Some("1"));
    }
    let body = json!({ "phone": NUMBER, "password": PASSWORD, "device_token": device });
    app.anon().post("/v1/auth/login", body).await.ok(200);
    // The address shows nothing of it.
    app.sign_in("sari").await;
}

#[actix_web::test]
async fn a_gateway_in_trouble_is_asked_again_and_one_that_refuses_is_not() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let trouble = |trouble| *app.phones.trouble.lock().unwrap() = trouble;
    trouble(Some(GatewayError::Passing("status 503".into())));
    ask(&sari, NUMBER).await.ok(202);
    app.run_jobs().await;
    let waiting = "SELECT count(*) FROM graphile_worker._private_jobs WHERE attempts = 1";
    assert_eq!(app.count(waiting).await, 1);
    let error = "SELECT count(*) FROM graphile_worker._private_jobs WHERE last_error LIKE '%812%'";
    assert_eq!(app.count(error).await, 0);
    trouble(None);
    app.run_all_jobs().await;
    verify(&sari, &app.phones.code(NUMBER)).await.ok(200);

    // Once nobody waits for it any more, it is not sent.
    trouble(Some(GatewayError::Passing("status 503".into())));
    ask_for_reset(&app, NUMBER).await.ok(202);
    app.run_jobs().await;
    trouble(None);
    let before = app.phones.of(NUMBER).len();
    app.clock.advance(Duration::minutes(10));
    app.run_all_jobs().await;
    assert_eq!(app.phones.of(NUMBER).len(), before);

    trouble(Some(GatewayError::Refused(
        "status 400, code 131026".into(),
    )));
    ask_for_reset(&app, NUMBER).await.ok(202);
    app.run_jobs().await;
    let any = "SELECT count(*) FROM graphile_worker._private_jobs";
    assert_eq!(app.count(any).await, 0);
}

#[actix_web::test]
async fn without_a_gateway_there_are_no_phones() {
    let app = TestApp::with(|parts| parts.auth.phones = None).await;
    let sari = app.user("sari").await;
    ask(&sari, NUMBER).await.refused(409, "auth.phones_off");
    for number in [NUMBER, FREE] {
        ask_for_reset(&app, number)
            .await
            .refused(409, "auth.phones_off");
    }
}

#[actix_web::test]
async fn a_repeated_request_gets_its_reply_and_sends_nothing() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let once = sari.clone().with("idempotency-key", "satu");
    let mut replies = Vec::new();
    for _ in 0..2 {
        replies.push(ask(&once, NUMBER).await.ok(202));
        app.run_jobs().await;
    }
    assert_eq!(replies[0], replies[1]);
    assert_eq!(app.phones.of(NUMBER).len(), 1);
    let code = app.phones.code(NUMBER);
    for _ in 0..2 {
        verify(&once, &code).await.ok(200);
    }
}
