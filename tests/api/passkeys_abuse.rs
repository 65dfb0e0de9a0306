//! What attackers do with passkeys.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Forgery, Reply, SoftPasskey, TestApp};
use crate::passkeys::{add, begin, finish, sign_in, verify};

fn refusal(reply: &Reply) -> Value {
    let mut problem = reply.refused(401, "auth.passkey_invalid");
    problem["request_id"] = json!("");
    problem
}

#[actix_web::test]
async fn no_forged_answer_signs_in_and_all_are_refused_alike() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (passkey, _) = add(&sari).await;
    let budi = app.user("budi").await;
    let (his, _) = add(&budi).await;
    let good = Forgery::default;
    let mut refusals = Vec::new();
    for (what, forgery) in [
        (
            "origin",
            Forgery {
                origin: "https://karya.test.evil.example".into(),
                ..good()
            },
        ),
        (
            "scheme",
            Forgery {
                origin: "http://karya.test".into(),
                ..good()
            },
        ),
        (
            "site",
            Forgery {
                rp_id: "evil.example".into(),
                ..good()
            },
        ),
        (
            "not verified",
            Forgery {
                verified: false,
                ..good()
            },
        ),
        (
            "framed",
            Forgery {
                cross_origin: true,
                ..good()
            },
        ),
        (
            "a registration",
            Forgery {
                kind: "webauthn.create",
                ..good()
            },
        ),
        (
            "signature",
            Forgery {
                spoil_signature: true,
                ..good()
            },
        ),
        (
            "another account",
            Forgery {
                user_handle: Some(his.user_handle().to_vec()),
                ..good()
            },
        ),
        (
            "no account",
            Forgery {
                user_handle: Some(vec![7; 16]),
                ..good()
            },
        ),
        (
            "no id",
            Forgery {
                user_handle: Some(b"sari".to_vec()),
                ..good()
            },
        ),
    ] {
        let reply = sign_in(&app, &passkey, &forgery).await;
        assert_eq!(reply.status, 401, "{what}");
        refusals.push(refusal(&reply));
    }
    // The answer to another challenge.
    let (token, _) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    let (_, other) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    refusals.push(refusal(&verify(&app, &token, &passkey.sign(&other)).await));
    // One that nobody has.
    let (_, options) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (unknown, _) = SoftPasskey::make(&options);
    refusals.push(refusal(&sign_in(&app, &unknown, &good()).await));
    // Hers, under the id of his.
    let mut mixed = unknown;
    mixed.credential_id = his.credential_id.clone();
    refusals.push(refusal(&sign_in(&app, &mixed, &good()).await));
    for garbage in ["{}", "null", "[]", "{", "{\"id\":\"\u{0}\"}"] {
        let (token, _) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
        refusals.push(refusal(&verify(&app, &token, garbage).await));
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    sign_in(&app, &passkey, &good()).await.ok(200);
    sign_in(&app, &his, &good()).await.ok(200);
}

#[actix_web::test]
async fn a_challenge_has_one_answer_within_five_minutes() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (passkey, _) = add(&sari).await;
    let (token, options) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    let answer = passkey.sign(&options);
    let race = join_all((0..20).map(|_| verify(&app, &token, &answer))).await;
    assert_eq!(race.iter().filter(|reply| reply.status == 200).count(), 1);
    // A wrong answer is one.
    let (token, options) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    let wrong = Forgery {
        spoil_signature: true,
        ..Forgery::default()
    };
    refusal(&verify(&app, &token, &passkey.forge(&options, &wrong)).await);
    refusal(&verify(&app, &token, &passkey.sign(&options)).await);
    let (token, options) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    app.clock.advance(Duration::minutes(5));
    refusal(&verify(&app, &token, &passkey.sign(&options)).await);
    let mut conn = app.parts.db.conn().await.unwrap();
    app.clock.advance(Duration::seconds(1));
    karya_auth::ops::sweep(&mut conn, app.clock.now())
        .await
        .unwrap();
    assert_eq!(
        app.count("SELECT count(*) FROM passkey_ceremonies").await,
        0
    );
}

#[actix_web::test]
async fn a_ceremony_is_of_its_kind_and_its_account() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    let (passkey, _) = add(&sari).await;
    let (adding, creation) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (_, made) = SoftPasskey::make(&creation);
    let over = ["/ceremony_token ceremony_over"];
    assert_eq!(finish(&budi, &adding, &made).await.faults(), over);
    refusal(&verify(&app, &adding, &passkey.sign(&creation)).await);
    let (signing_in, _) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    assert_eq!(finish(&sari, &signing_in, &made).await.faults(), over);
    // Neither used the other up.
    finish(&sari, &adding, &made).await.ok(201);
}

#[actix_web::test]
async fn what_no_authenticator_of_ours_made_is_not_added() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let create = || Forgery {
        kind: "webauthn.create",
        ..Forgery::default()
    };
    for (what, forgery) in [
        (
            "origin",
            Forgery {
                origin: "https://evil.example".into(),
                ..create()
            },
        ),
        (
            "site",
            Forgery {
                rp_id: "evil.example".into(),
                ..create()
            },
        ),
        (
            "not verified",
            Forgery {
                verified: false,
                ..create()
            },
        ),
        (
            "framed",
            Forgery {
                cross_origin: true,
                ..create()
            },
        ),
        (
            "a sign-in",
            Forgery {
                kind: "webauthn.get",
                ..create()
            },
        ),
    ] {
        let (token, options) = begin(&sari, "/v1/me/passkeys/begin").await;
        let (_, made) = SoftPasskey::make_forged(&options, &forgery, b"satu");
        let reply = finish(&sari, &token, &made).await;
        assert_eq!(reply.status, 422, "{what}");
        assert_eq!(reply.faults(), ["/credential_json passkey_not_accepted"]);
    }
    let (token, _) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (_, other) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (_, made) = SoftPasskey::make(&other);
    assert_eq!(
        finish(&sari, &token, &made).await.faults(),
        ["/credential_json passkey_not_accepted"]
    );
    // An id that another account has: whoever signed in with it would be either.
    let (token, options) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (_, made) = SoftPasskey::make_forged(&options, &create(), b"satu");
    finish(&sari, &token, &made).await.ok(201);
    let budi = app.user("budi").await;
    let (token, options) = begin(&budi, "/v1/me/passkeys/begin").await;
    let (_, made) = SoftPasskey::make_forged(&options, &create(), b"satu");
    assert_eq!(
        finish(&budi, &token, &made).await.faults(),
        ["/credential_json passkey_not_accepted"]
    );
}

#[actix_web::test]
async fn a_counter_that_does_not_go_up_tells_of_a_copy() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (passkey, _) = add(&sari).await;
    let at = |counter| Forgery {
        counter,
        ..Forgery::default()
    };
    for (counter, good) in [
        (0, true),
        (0, true),
        (5, true),
        (5, false),
        (4, false),
        (0, false),
        (6, true),
    ] {
        let reply = sign_in(&app, &passkey, &at(counter)).await;
        assert_eq!(reply.status == 200, good, "{counter}");
    }
    let next = at(7);
    let sign_ins = (0..10).map(|_| sign_in(&app, &passkey, &next));
    let sign_ins = join_all(sign_ins).await;
    assert_eq!(
        sign_ins.iter().filter(|reply| reply.status == 200).count(),
        1
    );
}

#[actix_web::test]
async fn a_locked_account_is_refused_like_an_unknown_one() {
    let app = TestApp::new().await;
    let (passkey, _) = add(&app.user("sari").await).await;
    for state in ["locked", "deleted"] {
        let sql = app.db.sql().await;
        let reason = if state == "locked" { "'abuse'" } else { "NULL" };
        let shut = format!("UPDATE users SET state = '{state}', lock_reason = {reason}");
        sql.batch_execute(&shut).await.unwrap();
        refusal(&sign_in(&app, &passkey, &Forgery::default()).await);
    }
}
