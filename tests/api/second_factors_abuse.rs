//! What attackers do to second factors.

use chrono::Duration;
use futures_util::future::join_all;
use karya_core::sealing::sha256;
use serde_json::json;

use crate::harness::{Authenticator, PASSWORD, TestApp};

const SARI: &str = "sari@contoh.id";
const NEW: &str = "perahu-kuning-di-teluk";

/// With the new password, and the app all the same.
async fn sign_in_anew(app: &TestApp, phone: &Authenticator<'_>) {
    let body = json!({ "email": SARI, "password": NEW });
    let reply = app.anon().post("/v1/auth/login", body).await;
    let problem = reply.refused(401, "auth.factor_required");
    let challenge = problem["challenge"]["token"].as_str().unwrap();
    app.answer(challenge, "totp", &phone.code()).await.ok(200);
}

/// Sets the password with a code from a mail. The reply has no tokens.
async fn reset(app: &TestApp, new: &str) {
    let ask = json!({ "email": SARI });
    app.anon()
        .post("/v1/auth/password-reset", ask)
        .await
        .ok(202);
    app.run_jobs().await;
    let mails = app.mails_to(SARI);
    let mut links = mails
        .iter()
        .rev()
        .filter_map(|mail| mail.text.split("token=").nth(1));
    let token = links.next().unwrap().split_whitespace().next().unwrap();
    let body = json!({ "token": token, "new_password": new });
    let done = app
        .anon()
        .post("/v1/auth/password-reset/confirm", body)
        .await;
    assert_eq!(done.ok(200), json!({ "status": "password_changed" }));
}

#[actix_web::test]
async fn totp_same_code_twice_or_an_older_one_is_refused() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let phone = Authenticator::begin(&app, &sari).await;
    let first = phone.code();
    phone.confirm(&sari, &first).await.ok(200);
    let refuse = async |code: &str| {
        let challenge = app.challenge("sari", None).await;
        app.answer(&challenge, "totp", code)
            .await
            .refused(401, "auth.factor_invalid");
    };
    // What set it up does not sign in.
    refuse(&first).await;
    let challenge = app.challenge("sari", None).await;
    let ahead = phone.code_after(1);
    app.answer(&challenge, "totp", &ahead).await.ok(200);
    phone.next();
    refuse(&ahead).await;
    phone.next();
    refuse(&ahead).await;
    // Within the window, but before the last one that was taken.
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "totp", &phone.code_after(1))
        .await
        .ok(200);
    app.clock.advance(Duration::minutes(2));
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "totp", &phone.code_after(1))
        .await
        .ok(200);
    refuse(&phone.code()).await;
}

#[actix_web::test]
async fn totp_20_concurrent_same_code_one_success() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    // Devices that signed in before are counted apart, so that all of them are looked at.
    let sql = app.db.sql().await;
    let mut open = Vec::new();
    for number in 0..20 {
        let device = format!("perangkat-{number}");
        let insert = "INSERT INTO known_devices SELECT $1, user_id, now(), now() FROM emails";
        sql.execute(insert, &[&sha256(device.as_bytes())])
            .await
            .unwrap();
        open.push((app.challenge("sari", Some(&device)).await, device));
    }
    let code = phone.code();
    let tries = open.iter().map(|(challenge, device)| {
        let body = json!({ "challenge_token": challenge, "method": "totp", "code": code, "device_token": device });
        let anon = app.anon();
        async move { anon.post("/v1/auth/login/verify-factor", body).await }
    });
    let replies = join_all(tries).await;
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(good, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(401, "auth.factor_invalid");
    }
}

#[actix_web::test]
async fn of_20_concurrent_answers_to_one_challenge_one_opens_a_session() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    let sessions = "SELECT count(*) FROM sessions";
    let before = app.count(sessions).await;
    let challenge = app.challenge("sari", None).await;
    // Three codes are good at a time.
    let codes: Vec<String> = (0..20).map(|n| phone.code_after(n % 2)).collect();
    let replies = join_all(
        codes
            .iter()
            .map(|code| app.answer(&challenge, "totp", code)),
    )
    .await;
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((good, app.count(sessions).await), (1, before + 1));
}

#[actix_web::test]
async fn a_thousand_guesses_everywhere_are_ten_in_ten_minutes_and_the_owner_gets_in() {
    let app = TestApp::new().await;
    let owner = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &owner).await;
    let challenge = app.challenge("sari", None).await;
    let tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    let device = tokens["device_token"].as_str().unwrap().to_owned();
    let mut looked_at = 0;
    for round in 0..20 {
        app.clock.advance(Duration::seconds(30));
        let wrong = phone.wrong();
        let mut open = Vec::new();
        for _ in 0..5 {
            open.push(app.challenge("sari", None).await);
        }
        let guesses = (0..45).map(|n| app.answer(&open[n % 5], "totp", &wrong));
        let step_up = json!({ "code": wrong });
        let session = app.with_tokens(&tokens);
        let stolen = (0..5).map(|_| session.post("/v1/auth/step-up", step_up.clone()));
        let (guesses, stolen) = tokio::join!(join_all(guesses), join_all(stolen));
        for reply in guesses.iter().chain(&stolen) {
            match reply.status.as_u16() {
                429 => {
                    reply.refused(429, "auth.too_many_attempts");
                }
                // The access token of the session is ten minutes old at the end.
                401 if reply.json()["code"] != "auth.factor_invalid" => {}
                401 | 422 => looked_at += 1,
                status => panic!("{status} {}", reply.text()),
            }
        }
        if round % 5 == 4 {
            // A device that signed in before is not delayed by others.
            let challenge = app.challenge("sari", Some(&device)).await;
            let body = json!({ "challenge_token": challenge, "method": "totp", "code": phone.code(), "device_token": device });
            app.anon()
                .post("/v1/auth/login/verify-factor", body)
                .await
                .ok(200);
        }
    }
    assert!(
        (5..=10).contains(&looked_at),
        "{looked_at} guesses were looked at"
    );
    app.run_jobs().await;
    let mails = app.mails_to(SARI);
    let warnings = mails
        .iter()
        .filter(|mail| mail.subject == "Ada yang menebak kode masuk Anda");
    assert_eq!(warnings.count(), 1);
    // On a new device it waits, four hours at most.
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "totp", &phone.code())
        .await
        .refused(429, "auth.too_many_attempts");
    app.clock.advance(Duration::hours(4));
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "totp", &phone.code()).await.ok(200);
}

#[actix_web::test]
async fn a_stolen_device_token_limits_itself_too() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    let challenge = app.challenge("sari", None).await;
    let tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    let device = tokens["device_token"].as_str().unwrap();
    let mut looked_at = 0;
    for _ in 0..20 {
        let challenge = app.challenge("sari", Some(device)).await;
        let body = json!({ "challenge_token": challenge, "method": "totp", "code": phone.wrong(), "device_token": device });
        let reply = app.anon().post("/v1/auth/login/verify-factor", body).await;
        looked_at += usize::from(reply.status == 401);
    }
    assert_eq!(looked_at, 5);
}

#[actix_web::test]
async fn a_password_reset_bypasses_no_factor_and_ends_what_waits_for_one() {
    let app = TestApp::new().await;
    let owner = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &owner).await;
    let waiting = app.challenge("sari", None).await;
    reset(&app, NEW).await;
    app.answer(&waiting, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
    sign_in_anew(&app, &phone).await;
    // The factor is still there.
    assert_eq!(
        app.count("SELECT count(*) FROM totp_factors WHERE confirmed_at IS NOT NULL")
            .await,
        1
    );
}

/// Whoever has the mailbox can reset the password as often as mails come; each time they have as many guesses left as
/// before.
#[actix_web::test]
async fn a_password_reset_gives_no_new_guesses() {
    let app = TestApp::new().await;
    let owner = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &owner).await;
    let mut looked_at = 0;
    for round in 0..3 {
        let new = format!("{NEW}-{round}");
        reset(&app, &new).await;
        for _ in 0..5 {
            let body = json!({ "email": SARI, "password": new });
            let reply = app.anon().post("/v1/auth/login", body).await;
            let problem = reply.refused(401, "auth.factor_required");
            let challenge = problem["challenge"]["token"].as_str().unwrap();
            let reply = app.answer(challenge, "totp", &phone.wrong()).await;
            looked_at += usize::from(reply.status == 401);
        }
    }
    assert_eq!(looked_at, 5);
}

#[actix_web::test]
async fn a_changed_password_ends_what_waits_and_guessers_delay_nobody_then() {
    let app = TestApp::new().await;
    let owner = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &owner).await;
    let attacker = app.challenge("sari", None).await;
    for _ in 0..5 {
        app.answer(&attacker, "totp", &phone.wrong()).await;
    }
    let waiting = app.challenge("sari", None).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    owner.post("/v1/me/password", body).await.ok(200);
    app.answer(&waiting, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
    sign_in_anew(&app, &phone).await;
}

#[actix_web::test]
async fn a_locked_account_gets_no_further_than_its_challenge() {
    for state in ["locked", "deleted"] {
        let app = TestApp::new().await;
        let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
        let challenge = app.challenge("sari", None).await;
        let sql = app.db.sql().await;
        let reason = if state == "locked" { "'abuse'" } else { "NULL" };
        let shut = format!("UPDATE users SET state = '{state}', lock_reason = {reason}");
        sql.batch_execute(&shut).await.unwrap();
        app.answer(&challenge, "totp", &phone.code())
            .await
            .refused(401, "auth.challenge_invalid");
    }
}

/// The password alone never opens a session once there is a factor, however the two requests meet.
#[actix_web::test]
async fn no_sign_in_slips_past_an_enrolment_beside_it() {
    for _ in 0..5 {
        let app = TestApp::new().await;
        let owner = app.user("sari").await;
        let phone = Authenticator::begin(&app, &owner).await;
        let code = phone.code();
        let logins = join_all((0..9).map(|_| app.login("sari", None)));
        let confirm = phone.confirm(&owner, &code);
        let (logins, confirm) = tokio::join!(logins, confirm);
        confirm.ok(200);
        for reply in &logins {
            assert!(
                reply.status == 200 || reply.status == 401,
                "{}",
                reply.text()
            );
        }
        let left =
            "SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND second_factor IS NULL";
        assert_eq!(app.count(left).await, 0);
    }
}

#[actix_web::test]
async fn a_wrong_password_says_nothing_about_factors() {
    let app = TestApp::new().await;
    Authenticator::enrol(&app, &app.user("sari").await).await;
    app.user("budi").await;
    let mut answers = Vec::new();
    for email in [SARI, "budi@contoh.id", "siapa@contoh.id"] {
        let body = json!({ "email": email, "password": "salah-salah-salah" });
        // Each connection has to learn the statements first.
        for _ in 0..6 {
            app.anon().post("/v1/auth/login", body.clone()).await;
        }
        let reply = app.anon().post("/v1/auth/login", body).await;
        let mut problem = reply.refused(401, "auth.invalid_credentials");
        problem["request_id"] = json!("");
        answers.push((problem, reply.statements()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}
