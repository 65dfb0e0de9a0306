//! Everything that signs in or changes how one signs in, side by side: accounts that are shut, sessions after each change,
//! tokens that are shown in the wrong place, races.

use std::collections::BTreeSet;
use std::time::Duration as Time;

use chrono::Duration;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{
    Authenticator, Client, Forgery, PASSWORD, Reply, SoftPasskey, TestApp, email, rounds,
};
use crate::passkeys;

const NEW: &str = "perahu-kuning-di-teluk";

/// The token of the newest link to a page, in the mails to an address.
fn linked(app: &TestApp, address: &str, page: &str) -> String {
    let start = format!("https://karya.test/{page}?token=");
    let mails = app.mails_to(address).into_iter().rev();
    let mut found = mails.filter_map(|mail| {
        let token = mail.text.split(&start).nth(1)?.split_whitespace().next()?;
        Some(token.to_owned())
    });
    found.next().expect("a link")
}

async fn post(app: &TestApp, path: &str, body: Value) -> Reply {
    app.anon().post(path, body).await
}

async fn ask_reset(app: &TestApp, name: &str) {
    let body = json!({ "email": email(name) });
    post(app, "/v1/auth/password-reset", body).await.ok(202);
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "new_password": password });
    post(app, "/v1/auth/password-reset/confirm", body).await
}

async fn ask_change(client: &Client<'_>, new: &str) {
    let body = json!({ "current_password": PASSWORD, "new_email": email(new) });
    client.post("/v1/me/email-change", body).await.ok(202);
}

async fn confirm_change(app: &TestApp, token: &str) -> Reply {
    let body = json!({ "token": token, "password": PASSWORD });
    post(app, "/v1/auth/email-change/confirm", body).await
}

async fn undo_change(app: &TestApp, token: &str) -> Reply {
    let body = json!({ "token": token, "new_password": NEW });
    post(app, "/v1/auth/email-change/undo", body).await
}

async fn refresh(app: &TestApp, token: &Value) -> Reply {
    post(app, "/v1/auth/refresh", json!({ "refresh_token": token })).await
}

async fn recovery_codes(client: &Client<'_>) -> Vec<String> {
    let made = client
        .post("/v1/me/recovery-codes", json!({}))
        .await
        .ok(201);
    let codes = made["codes"].as_array().unwrap().iter();
    codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// Every way to a session or to another credential.
const WAYS: [&str; 11] = [
    "password",
    "password on a known device",
    "code",
    "recovery code",
    "passkey",
    "refresh token",
    "access token",
    "step-up",
    "reset mail",
    "mail of a change of address",
    "mail that undoes one",
];

/// Goes a way whose beginning was made while the account was in order; `shut` comes just before its last step.
async fn go(app: &TestApp, way: &str, name: &str, shut: impl AsyncFnOnce()) -> Reply {
    let owner = app.user(name).await;
    match way {
        "password" => {
            shut().await;
            app.login(name, None).await
        }
        "password on a known device" => {
            let known = app.login(name, None).await.ok(200);
            shut().await;
            app.login(name, known["device_token"].as_str()).await
        }
        "code" => {
            let phone = Authenticator::enrol(app, &owner).await;
            let challenge = app.challenge(name, None).await;
            shut().await;
            app.answer(&challenge, "totp", &phone.code()).await
        }
        "recovery code" => {
            Authenticator::enrol(app, &owner).await;
            let codes = recovery_codes(&owner).await;
            let challenge = app.challenge(name, None).await;
            shut().await;
            app.answer(&challenge, "recovery_code", &codes[0]).await
        }
        "passkey" => {
            let (passkey, _) = passkeys::add(&owner).await;
            shut().await;
            passkeys::sign_in(app, &passkey, &Forgery::default()).await
        }
        "refresh token" => {
            let tokens = app.login(name, None).await.ok(200);
            shut().await;
            refresh(app, &tokens["refresh_token"]).await
        }
        "access token" => {
            shut().await;
            owner.get("/v1/me").await
        }
        "step-up" => {
            shut().await;
            let body = json!({ "password": PASSWORD });
            owner.post("/v1/auth/step-up", body).await
        }
        "reset mail" => {
            ask_reset(app, name).await;
            app.run_jobs().await;
            let token = linked(app, &email(name), "reset-password");
            shut().await;
            reset(app, &token, NEW).await
        }
        "mail of a change of address" => {
            let new = format!("{name}.baru");
            ask_change(&owner, &new).await;
            app.run_jobs().await;
            let token = linked(app, &email(&new), "confirm-email-change");
            shut().await;
            confirm_change(app, &token).await
        }
        "mail that undoes one" => {
            let new = format!("{name}.baru");
            ask_change(&owner, &new).await;
            app.run_jobs().await;
            let token = linked(app, &email(&new), "confirm-email-change");
            confirm_change(app, &token).await.ok(200);
            app.run_jobs().await;
            let token = linked(app, &email(name), "undo-email-change");
            shut().await;
            undo_change(app, &token).await
        }
        other => panic!("{other}"),
    }
}

/// Lock-outs were honoured in one way of signing in and forgotten in the next, three times in one project.
#[actix_web::test]
async fn a_shut_account_gets_nothing_by_any_way() {
    let app = TestApp::new().await;
    let held = "SELECT coalesce(md5(string_agg(x, ',' ORDER BY x)), '') FROM (
        SELECT id::text FROM sessions WHERE revoked_at IS NULL UNION ALL
        SELECT phc FROM passwords UNION ALL SELECT address::text FROM emails UNION ALL
        SELECT token_hash::text FROM refresh_tokens) AS all_of_it(x)";
    for (number, way) in WAYS.into_iter().enumerate() {
        // As it is meant, it goes.
        let name = format!("orang-{number}");
        let reply = go(&app, way, &name, async || {}).await;
        assert_eq!(reply.status, 200, "{way}: {}", reply.text());
        for state in ["locked", "deleted"] {
            let name = format!("{state}-{number}");
            let sql = app.db.sql().await;
            let before = std::cell::RefCell::new(String::new());
            let shut = async || {
                let reason = if state == "locked" { "'abuse'" } else { "NULL" };
                let shut = format!(
                    "UPDATE users SET state = '{state}', lock_reason = {reason}
                      WHERE id = (SELECT user_id FROM emails WHERE address LIKE '{name}%')"
                );
                assert_eq!(sql.execute(&shut, &[]).await.unwrap(), 1);
                // What is remembered of sessions is forgotten by then.
                app.clock.advance(Duration::seconds(3));
                *before.borrow_mut() = sql.query_one(held, &[]).await.unwrap().get(0);
            };
            let reply = go(&app, way, &name, shut).await;
            let text = reply.text();
            assert!(reply.status.is_client_error(), "{way} {state}: {text}");
            assert!(!text.contains("_token"), "{way} {state}: {text}");
            let after: String = sql.query_one(held, &[]).await.unwrap().get(0);
            assert_eq!(*before.borrow(), after, "{way} {state}");
        }
    }
}

/// What changes about an account, and which of its sessions go on: the one in which it was changed, and another one.
const CHANGES: [(&str, bool, bool); 12] = [
    ("nothing", true, true),
    ("the account is locked", false, false),
    ("the account is deleted", false, false),
    ("a role is taken away", true, true),
    ("the epoch is raised", true, true),
    ("the password is changed", true, false),
    ("the password is reset by mail", false, false),
    ("a second factor is added", true, false),
    ("the address is changed", true, false),
    ("the other session is ended", true, false),
    ("all sessions are ended", false, false),
    ("staff end the sessions", false, false),
];

/// Locked accounts went on refreshing, and roles that were gone came back with the next token.
#[actix_web::test]
async fn refresh_after_every_change_of_state() {
    let app = TestApp::new().await;
    for (number, (change, own, other)) in CHANGES.into_iter().enumerate() {
        let name = format!("orang-{number}");
        app.staff(&name, karya_core::Role::Verifier).await;
        let desk = app.login(&name, None).await.ok(200);
        let phone = app.login(&name, None).await.ok(200);
        let client = app.with_tokens(&desk);
        let sql = app.db.sql().await;
        let account = format!(
            "(SELECT user_id FROM emails WHERE address = '{}')",
            email(&name)
        );
        let by_hand = async |statement: &str| {
            let statement = statement.replace("$account", &account);
            sql.batch_execute(&statement).await.unwrap();
        };
        match change {
            "nothing" => {}
            "the account is locked" => {
                by_hand(
                    "UPDATE users SET state = 'locked', lock_reason = 'abuse' WHERE id = $account",
                )
                .await;
            }
            "the account is deleted" => {
                by_hand("UPDATE users SET state = 'deleted' WHERE id = $account").await;
            }
            "a role is taken away" => {
                by_hand("DELETE FROM user_roles WHERE user_id = $account").await;
            }
            "the epoch is raised" => {
                by_hand("UPDATE users SET token_epoch = token_epoch + 1 WHERE id = $account").await;
            }
            "the password is changed" => {
                let body = json!({ "current_password": PASSWORD, "new_password": NEW });
                client.post("/v1/me/password", body).await.ok(200);
            }
            "the password is reset by mail" => {
                ask_reset(&app, &name).await;
                app.run_jobs().await;
                let token = linked(&app, &email(&name), "reset-password");
                reset(&app, &token, NEW).await.ok(200);
            }
            "a second factor is added" => {
                Authenticator::enrol(&app, &client).await;
            }
            "the address is changed" => {
                let new = format!("{name}.baru");
                ask_change(&client, &new).await;
                app.run_jobs().await;
                let token = linked(&app, &email(&new), "confirm-email-change");
                confirm_change(&app, &token).await.ok(200);
            }
            "the other session is ended" => {
                let others = "/v1/me/sessions/revoke-others";
                client.post(others, json!({})).await.ok(200);
            }
            "all sessions are ended" => {
                let all = "/v1/me/sessions/revoke-all";
                client.post(all, json!({})).await.ok(200);
            }
            "staff end the sessions" => {
                by_hand("UPDATE sessions SET revoked_at = now(), revoke_reason = 'admin' WHERE user_id = $account").await;
            }
            other => panic!("{other}"),
        }
        for (session, goes_on) in [(&desk, own), (&phone, other)] {
            let reply = refresh(&app, &session["refresh_token"]).await;
            if !goes_on {
                assert_eq!(reply.status, 401, "{change}: {}", reply.text());
                reply.refused(401, "auth.refresh_invalid");
                continue;
            }
            assert_eq!(reply.status, 200, "{change}: {}", reply.text());
            let next = app.with_tokens(&reply.json());
            app.clock.advance(Duration::seconds(3));
            let staff = next.get("/v1/mentor-applications").await.status;
            let keeps_role = change != "a role is taken away";
            assert_eq!(staff, if keeps_role { 200 } else { 403 }, "{change}");
        }
    }
}

/// A token for unsubscribing signed people in elsewhere.
#[actix_web::test]
async fn a_token_of_one_purpose_is_good_for_nothing_else() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let tokens = app.login("sari", None).await.ok(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let body = json!({ "email": email("baru"), "password": PASSWORD, "display_name": "Baru" });
    post(&app, "/v1/auth/register", body).await.ok(202);
    ask_reset(&app, "sari").await;
    let (wati, dian) = (app.user("wati").await, app.user("dian").await);
    ask_change(&wati, "wati.baru").await;
    ask_change(&dian, "dian.baru").await;
    app.run_jobs().await;
    let confirmed = linked(&app, &email("dian.baru"), "confirm-email-change");
    confirm_change(&app, &confirmed).await.ok(200);
    app.run_jobs().await;
    let budi = app.user("budi").await;
    let phone = Authenticator::enrol(&app, &budi).await;
    let codes = recovery_codes(&budi).await;
    let ani = app.user("ani").await;
    let (passkey, _) = passkeys::add(&ani).await;
    let (to_sign_in, options) = passkeys::begin(&app.anon(), "/v1/auth/passkey/begin").await;
    let (to_add, new) = passkeys::begin(&ani, "/v1/me/passkeys/begin").await;
    let answer = passkey.forge(&options, &Forgery::default());
    let (_, made) = SoftPasskey::make(&new);
    let feed = json!({ "name": "Sesi" });
    let feed = sari.post("/v1/me/calendar-feeds", feed).await.ok(201);
    let (_, feed) = feed["url"].as_str().unwrap().rsplit_once('/').unwrap();
    let all = [
        ("verification", linked(&app, &email("baru"), "verify-email")),
        ("reset", linked(&app, &email("sari"), "reset-password")),
        (
            "change",
            linked(&app, &email("wati.baru"), "confirm-email-change"),
        ),
        ("undo", linked(&app, &email("dian"), "undo-email-change")),
        ("refresh", text(&tokens["refresh_token"])),
        ("access", text(&tokens["access_token"])),
        ("device", text(&tokens["device_token"])),
        ("challenge", app.challenge("budi", None).await),
        ("recovery code", codes[0].clone()),
        ("ceremony of a sign-in", to_sign_in),
        ("ceremony of an addition", to_add),
        ("feed", feed.trim_end_matches(".ics").to_owned()),
    ];
    let mut tried = 0;
    for (place, _) in &all {
        for (kind, token) in all.iter().filter(|(kind, _)| kind != place) {
            let reply = match *place {
                "verification" => {
                    let body = json!({ "token": token, "password": PASSWORD });
                    post(&app, "/v1/auth/email-verification", body).await
                }
                "reset" => reset(&app, token, NEW).await,
                "change" => confirm_change(&app, token).await,
                "undo" => undo_change(&app, token).await,
                "refresh" => refresh(&app, &json!(token)).await,
                "access" => app.anon().with_token(token).get("/v1/me").await,
                "device" => {
                    // It counts as none, and stands for no factor.
                    app.login("budi", Some(token)).await
                }
                "challenge" => app.answer(token, "totp", &phone.code()).await,
                "recovery code" => {
                    // All of them are to be looked at.
                    let sql = app.db.sql().await;
                    sql.execute("DELETE FROM sign_in_attempts", &[])
                        .await
                        .unwrap();
                    let challenge = app.challenge("budi", None).await;
                    app.answer(&challenge, "recovery_code", token).await
                }
                "ceremony of a sign-in" => passkeys::verify(&app, token, &answer).await,
                "ceremony of an addition" => passkeys::finish(&ani, token, &made).await,
                "feed" => {
                    let path = format!("/v1/calendar-feeds/{token}.ics");
                    app.anon().get(&path).await
                }
                other => panic!("{other}"),
            };
            assert!(
                reply.status.is_client_error(),
                "{kind} as {place}: {}",
                reply.text()
            );
            tried += 1;
        }
    }
    assert_eq!(tried, all.len() * (all.len() - 1));
}

/// What somebody can send who does not read the mails of the account.
async fn without_the_mail(app: &TestApp, rng: &mut StdRng, mallory: &Client<'_>) {
    let guess: String = (0..43)
        .map(|_| char::from(b'a' + rng.random_range(0..26)))
        .collect();
    match rng.random_range(0..10) {
        0 => ask_reset(app, "sari").await,
        1 => ask_reset(app, "mallory").await,
        2 => drop(reset(app, &guess, NEW).await),
        3 => {
            // With the token of an account of one's own.
            ask_reset(app, "mallory").await;
            app.run_jobs().await;
            let own = linked(app, &email("mallory"), "reset-password");
            let body = json!({ "token": own, "new_password": NEW, "email": email("sari") });
            let reply = post(app, "/v1/auth/password-reset/confirm", body).await;
            assert!(reply.status.is_client_error(), "{}", reply.text());
            // There is a mail now and then only; its token works once.
            let first = reset(app, &own, PASSWORD).await;
            if first.status == 200 {
                assert!(reset(app, &own, NEW).await.status.is_client_error());
            }
        }
        4 => {
            let body =
                json!({ "email": email("sari"), "password": NEW, "display_name": "Mallory" });
            post(app, "/v1/auth/register", body).await.ok(202);
        }
        5 => {
            let body = json!({ "token": guess, "password": NEW });
            let reply = post(app, "/v1/auth/email-verification", body).await;
            assert!(reply.status.is_client_error());
        }
        6 => {
            let body = json!({ "current_password": PASSWORD, "new_password": NEW, "user": "sari" });
            drop(mallory.post("/v1/me/password", body).await);
        }
        7 => drop(undo_change(app, &guess).await),
        8 => app
            .clock
            .advance(Duration::minutes(rng.random_range(1..40))),
        _ => app.run_jobs().await,
    }
}

/// A password was reset without the link of the mail ever being followed.
#[actix_web::test]
async fn no_sequence_without_the_code_reaches_a_changed_password() {
    let app = TestApp::new().await;
    app.user("sari").await;
    app.user("mallory").await;
    let phc = "SELECT phc FROM passwords JOIN emails USING (user_id)
        WHERE address = 'sari@contoh.id' AND verified_at IS NOT NULL";
    let sql = app.db.sql().await;
    let before: String = sql.query_one(phc, &[]).await.unwrap().get(0);
    for seed in 0..rounds(12) {
        let mut rng = StdRng::seed_from_u64(seed as u64);
        let mallory = app.sign_in("mallory").await;
        for _ in 0..12 {
            without_the_mail(&app, &mut rng, &mallory).await;
            let after: String = sql.query_one(phc, &[]).await.unwrap().get(0);
            assert_eq!(before, after, "seed {seed}");
        }
    }
    app.sign_in("sari").await;
    // With the code it goes, so the steps are the right ones.
    ask_reset(&app, "sari").await;
    app.run_all_jobs().await;
    let token = linked(&app, &email("sari"), "reset-password");
    reset(&app, &token, NEW).await.ok(200);
    let after: String = sql.query_one(phc, &[]).await.unwrap().get(0);
    assert_ne!(before, after);
}

/// How many of twenty at once hear yes.
async fn winners(tries: impl IntoIterator<Item = impl Future<Output = Reply>>) -> usize {
    let replies = join_all(tries).await;
    assert_eq!(replies.len(), 20);
    for reply in &replies {
        assert!(reply.status.as_u16() < 500, "{}", reply.text());
    }
    replies.iter().filter(|reply| reply.status == 200).count()
}

/// Codes were redeemed twice where the look and the deletion were two statements. `KARYA_ROUNDS` says how often.
#[actix_web::test]
async fn of_20_who_use_one_secret_at_once_one_succeeds() {
    const OF_ONE_DATABASE: usize = 50;
    let mut app = TestApp::new().await;
    for round in 0..rounds(2) {
        if round % OF_ONE_DATABASE == OF_ONE_DATABASE - 1 {
            app = TestApp::new().await;
        }
        let app = &app;
        let called = |what: &str| format!("{what}-{round}");
        let body = json!({ "email": email(&called("baru")), "password": PASSWORD, "display_name": "Baru" });
        post(app, "/v1/auth/register", body).await.ok(202);
        let (sari, wati) = (
            app.user(&called("sari")).await,
            app.user(&called("wati")).await,
        );
        ask_reset(app, &called("sari")).await;
        ask_change(&wati, &called("wati.baru")).await;
        app.run_jobs().await;

        let token = linked(app, &email(&called("baru")), "verify-email");
        let body = json!({ "token": token, "password": PASSWORD });
        let verify = (0..20).map(|_| post(app, "/v1/auth/email-verification", body.clone()));
        assert_eq!(winners(verify).await, 1, "verification, round {round}");

        let token = linked(app, &email(&called("wati.baru")), "confirm-email-change");
        let confirm = (0..20).map(|_| confirm_change(app, &token));
        assert_eq!(
            winners(confirm).await,
            1,
            "change of address, round {round}"
        );
        app.run_jobs().await;
        let token = linked(app, &email(&called("wati")), "undo-email-change");
        let undo = (0..20).map(|_| undo_change(app, &token));
        assert_eq!(winners(undo).await, 1, "undoing it, round {round}");

        let (passkey, _) = passkeys::add(&sari).await;
        let (token, options) = passkeys::begin(&app.anon(), "/v1/auth/passkey/begin").await;
        let answer = passkey.sign(&options);
        let sign_in = (0..20).map(|_| passkeys::verify(app, &token, &answer));
        assert_eq!(winners(sign_in).await, 1, "passkey, round {round}");

        let tokens = app.login(&called("sari"), None).await.ok(200);
        let replies = join_all((0..20).map(|_| refresh(app, &tokens["refresh_token"]))).await;
        let successors: BTreeSet<String> = replies
            .into_iter()
            .map(|reply| reply.ok(200)["refresh_token"].to_string())
            .collect();
        assert_eq!(successors.len(), 1, "refresh, round {round}");

        let token = linked(app, &email(&called("sari")), "reset-password");
        let resets = (0..20).map(|_| reset(app, &token, NEW));
        assert_eq!(winners(resets).await, 1, "reset, round {round}");

        let owner = app.user(&called("budi")).await;
        let phone = Authenticator::enrol(app, &owner).await;
        let codes = recovery_codes(&owner).await;
        for (method, code) in [("totp", phone.code()), ("recovery_code", codes[0].clone())] {
            // No more of them are looked at than may be: those that are not are no winners either.
            let mut challenges = Vec::new();
            for _ in 0..20 {
                challenges.push(app.challenge(&called("budi"), None).await);
            }
            let answers = challenges.iter().map(|one| app.answer(one, method, &code));
            assert_eq!(winners(answers).await, 1, "{method}, round {round}");
            app.clock.advance(Duration::hours(5));
        }
    }
}

/// Phones ask twice, ask again and hang up. `KARYA_ROUNDS` says how often tokens are exchanged.
#[actix_web::test]
async fn no_refresh_that_is_concurrent_or_cut_off_signs_anybody_out() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let mut rng = StdRng::seed_from_u64(7);
    let mut token = app.login("sari", None).await.ok(200)["refresh_token"].clone();
    let (mut asked, mut cut, mut lost, mut exchanged) = (0, 0, 0, 0);
    while asked < rounds(300) {
        let tries = (0..rng.random_range(1..=6)).map(|_| {
            // Some hang up before there is an answer, at whatever moment that is.
            let patience = rng.random_bool(0.4).then(|| rng.random_range(0..8000));
            let answer = refresh(&app, &token);
            async move {
                match patience {
                    Some(micros) => tokio::time::timeout(Time::from_micros(micros), answer)
                        .await
                        .ok(),
                    None => Some(answer.await),
                }
            }
        });
        let tries: Vec<_> = tries.collect();
        asked += tries.len();
        let replies = join_all(tries).await;
        cut += replies.iter().filter(|reply| reply.is_none()).count();
        let next: BTreeSet<String> = replies
            .into_iter()
            .flatten()
            .map(|reply| reply.ok(200)["refresh_token"].as_str().unwrap().to_owned())
            .collect();
        assert!(next.len() <= 1, "{next:?}");
        match next.into_iter().next() {
            Some(next) => {
                token = json!(next);
                exchanged += 1;
                app.clock
                    .advance(Duration::seconds(rng.random_range(0..120)));
            }
            // Nobody heard anything: the phone tries again with what it has.
            None => lost += 1,
        }
    }
    println!(
        "{asked} refreshes, {cut} cut off, {lost} times without any answer, {exchanged} exchanges, 0 sign-outs"
    );
    refresh(&app, &token).await.ok(200);
}

/// ASVS 6.2.8 and 6.2.9.
#[actix_web::test]
async fn a_password_is_compared_to_the_last_letter() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let long = "Tenun Gringsing ".repeat(8);
    assert_eq!(long.len(), 128);
    let change = async |new: &str| {
        let body = json!({ "current_password": PASSWORD, "new_password": new });
        sari.post("/v1/me/password", body).await
    };
    let too_long = change(&format!("{long}.")).await;
    too_long.refused(422, "request.validation_failed");
    change(&long).await.ok(200);
    let login = async |password: &str| {
        let body = json!({ "email": email("sari"), "password": password });
        post(&app, "/v1/auth/login", body).await.status.as_u16()
    };
    assert_eq!(login(&long).await, 200);
    for other in [
        long[..127].to_owned(),
        format!("{}.", &long[..127]),
        long.to_lowercase(),
        long.trim_end().to_owned(),
        format!(" {}", &long[..127]),
        long[..72].to_owned(),
    ] {
        assert_eq!(login(&other).await, 401, "{other:?}");
    }
}

/// ASVS 6.3.2.
#[actix_web::test]
async fn a_new_database_has_no_accounts() {
    let app = TestApp::new().await;
    for table in [
        "users",
        "emails",
        "passwords",
        "passkeys",
        "user_roles",
        "sessions",
    ] {
        let all = format!("SELECT count(*) FROM {table}");
        assert_eq!(app.count(&all).await, 0, "{table}");
    }
}

/// ASVS 6.4.2. Mentors ask questions before a session; nobody is asked any to sign in.
#[test]
fn no_request_takes_a_hint_or_an_answer() {
    let document = crate::contract::document();
    let mut members = BTreeSet::new();
    crate::contract::walk(&document["components"]["schemas"], "", &mut |path, _| {
        if let Some((schema, member)) = path.rsplit_once("/properties/")
            && !member.contains('/')
        {
            members.insert((schema.to_owned(), member.to_owned()));
        }
    });
    assert!(members.len() > 500);
    let odd = ["hint", "question", "mother", "birth", "answer"];
    let found: Vec<_> = members
        .iter()
        .filter(|(_, member)| odd.iter().any(|word| member.contains(word)))
        .map(|(schema, member)| format!("{schema} {member}"))
        .collect();
    // What staff say to a request, what a receiver of webhooks replied, and how a provider answers.
    let others = [
        "/AnswerDataRequest answer",
        "/AttemptView answer",
        "/AuthProvider answers",
        "/DataRequestView answer",
    ];
    let elsewhere = |one: &String| {
        let of_bookings = ["Booking", "Offering"].iter().any(|of| one.contains(of));
        of_bookings || others.contains(&one.as_str())
    };
    assert!(found.iter().all(elsewhere), "{found:?}");
    let paths = document["paths"].to_string();
    for word in ["security-question", "password-hint"] {
        assert!(!paths.contains(word));
    }
}

/// ASVS 6.5.3, 6.5.4 and 7.2.3: as long as they should be, no two alike, and as many ones as zeros.
#[actix_web::test]
async fn every_secret_is_random_and_long_enough() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        let issued = app.login("sari", None).await.ok(200);
        for name in ["refresh_token", "device_token"] {
            tokens.push(issued[name].as_str().unwrap().to_owned());
        }
        tokens.push(
            passkeys::begin(&app.anon(), "/v1/auth/passkey/begin")
                .await
                .0,
        );
    }
    ask_reset(&app, "sari").await;
    app.run_jobs().await;
    tokens.push(linked(&app, &email("sari"), "reset-password"));
    let phone = Authenticator::enrol(&app, &sari).await;
    tokens.push(app.challenge("sari", None).await);
    let distinct: BTreeSet<&String> = tokens.iter().collect();
    assert_eq!(distinct.len(), tokens.len());
    let (mut ones, mut bits) = (0, 0);
    for token in &tokens {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        assert_eq!(bytes.len(), 32, "{token}");
        ones += bytes.iter().map(|byte| byte.count_ones()).sum::<u32>();
        bits += 256;
    }
    // Five standard deviations.
    let (mean, deviation) = (f64::from(bits) / 2.0, f64::from(bits).sqrt() / 2.0);
    assert!(
        (f64::from(ones) - mean).abs() < 5.0 * deviation,
        "{ones} of {bits}"
    );
    // Five bits a letter.
    assert_eq!(phone.secret.len() * 5, 160);
    let codes = recovery_codes(&sari).await;
    let distinct: BTreeSet<&String> = codes.iter().collect();
    assert_eq!((codes.len(), distinct.len()), (10, 10));
    assert!(
        codes
            .iter()
            .all(|code| code.replace('-', "").len() * 5 == 120)
    );
}

/// ASVS 7.2.4: whatever somebody brings along, a sign-in has a session of its own.
#[actix_web::test]
async fn a_sign_in_takes_up_no_session_that_is_there() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let first = app.login("sari", None).await.ok(200);
    let body = json!({
        "email": email("sari"), "password": PASSWORD, "device_token": first["device_token"],
    });
    let second = app.with_tokens(&first).post("/v1/auth/login", body).await;
    let second = second.ok(200);
    for name in ["session_id", "access_token", "refresh_token"] {
        assert_ne!(first[name], second[name], "{name}");
    }
    let mut given = json!({ "email": email("sari"), "password": PASSWORD });
    for name in ["session_id", "refresh_token"] {
        given[name] = first[name].clone();
        let refused = post(&app, "/v1/auth/login", given.clone()).await;
        assert!(refused.status.is_client_error(), "{name}");
    }
}

/// ASVS 7.6.2: no link that is followed and no page that is read signs anybody in, and browsers get no cookie.
#[actix_web::test]
async fn no_session_opens_without_credentials() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let sessions = "SELECT count(*) FROM sessions";
    let before = app.count(sessions).await;
    let mut paths: Vec<String> = crate::contract::operations()
        .into_iter()
        // Its examples have tokens of the story.
        .filter(|operation| operation.method == "GET" && operation.id != "get_openapi")
        .map(|operation| operation.path)
        .collect();
    for page in [
        "verify-email",
        "reset-password",
        "confirm-email-change",
        "undo-email-change",
    ] {
        paths.push(format!("/{page}?token=x"));
    }
    for path in paths {
        for client in [&app.anon(), &sari] {
            let reply = client.get(&path).await;
            assert!(reply.header("set-cookie").is_none(), "{path}");
            assert!(!reply.text().contains("\"access_token\":\"ey"), "{path}");
        }
    }
    assert_eq!(app.count(sessions).await, before);
}

/// ASVS 8.2.3: what is no member of a request is refused and not passed over, so no request sets what is not its to set.
#[actix_web::test]
async fn no_request_takes_a_member_that_it_does_not_name() {
    let app = TestApp::new().await;
    let admin = app.staff("admin", karya_core::Role::Admin).await;
    let client = admin.with("if-match", "\"1\"");
    let examples = karya::spec::examples::all().unwrap();
    let mut tried = 0;
    for operation in crate::contract::operations() {
        let example = examples.get(&operation.id);
        let Some(Value::Object(example)) = example.and_then(|one| one.request.clone()) else {
            continue;
        };
        let kinds = operation.value["requestBody"]["content"]
            .as_object()
            .unwrap();
        let kind = kinds.keys().next().unwrap();
        for member in [
            "roles",
            "is_admin",
            "state",
            "user_id",
            "owner_id",
            "verified_at",
        ] {
            let schema = operation.value.to_string();
            if example.contains_key(member) || schema.contains(&format!("\"{member}\"")) {
                continue;
            }
            let mut body = example.clone();
            body.insert(member.to_owned(), json!("admin"));
            let path = operation.path.clone();
            let client = client
                .clone()
                .with("idempotency-key", &uuid::Uuid::now_v7().to_string());
            let bytes = Value::Object(body).to_string().into_bytes();
            let reply = client
                .send(operation.method.clone(), &path, Some(kind), bytes)
                .await;
            let text = reply.text();
            assert!(
                matches!(reply.status.as_u16(), 400 | 422),
                "{} {member}: {text}",
                operation.id
            );
            assert!(text.contains(member), "{} {member}: {text}", operation.id);
            tried += 1;
        }
    }
    assert!(tried >= 200, "{tried}");
}
