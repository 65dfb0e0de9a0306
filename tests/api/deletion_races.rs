//! Deletions beside what else may happen at the same moment.

use futures_util::future::join_all;
use karya::rights::EraseAccount;
use karya_jobs::enqueue;
use serde_json::json;

use crate::deletion::{GRACE, PATH, ask, login, number, settle, subjects};
use crate::harness::TestApp;
use crate::mentoring::{Mentor, book};

#[actix_web::test]
async fn two_deletions_at_once_are_one() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let all = join_all((0..10).map(|_| sari.post(PATH, json!({})))).await;
    let asked: Vec<_> = all.into_iter().map(|reply| reply.ok(202)).collect();
    assert!(asked.iter().all(|one| *one == asked[0]), "{asked:?}");
    let rows = "SELECT count(*) FROM account_deletions";
    assert_eq!(number(&app, rows).await, 1);
    settle(&app).await;
    assert_eq!(subjects(&app, "sari").len(), 1);
}

/// Runs the erasing job several times over, beside something else.
async fn while_erasing<T>(app: &TestApp, beside: impl Future<Output = T>) -> T {
    let mut conn = app.parts.db.conn().await.unwrap();
    let sql = app.db.sql().await;
    let row = sql
        .query_one(
            "SELECT id FROM account_deletions WHERE state = 'pending'",
            &[],
        )
        .await
        .unwrap();
    for _ in 0..3 {
        let job = EraseAccount {
            deletion_id: row.get(0),
        };
        enqueue(&mut conn, &job).await.unwrap();
    }
    drop(conn);
    tokio::join!(app.run_jobs(), beside).1
}

#[actix_web::test]
async fn of_taking_it_back_and_erasing_exactly_one_wins() {
    let app = TestApp::new().await;
    let (mut kept, mut erased) = (0, 0);
    for round in 0..12_u64 {
        let name = format!("sari{round}");
        let sari = app.user(&name).await;
        ask(&sari).await;
        app.run_jobs().await;
        app.clock.advance(GRACE);
        let sari = app.sign_in(&name).await;
        let cancel = async {
            tokio::time::sleep(std::time::Duration::from_millis(round * 4)).await;
            sari.post(&format!("{PATH}/cancel"), json!({})).await
        };
        let reply = while_erasing(&app, cancel).await;
        let sql = app.db.sql().await;
        let state =
            "SELECT d.state, u.state, (SELECT count(*) FROM emails e WHERE e.user_id = u.id)
            FROM account_deletions d JOIN users u ON u.id = d.user_id ORDER BY d.id DESC LIMIT 1";
        let row = sql.query_one(state, &[]).await.unwrap();
        let found: (String, String, i64) = (row.get(0), row.get(1), row.get(2));
        if reply.status == 200 {
            kept += 1;
            assert_eq!(found, ("cancelled".to_owned(), "active".to_owned(), 1));
            login(&app, &name).await.ok(200);
        } else {
            erased += 1;
            reply.refused(401, "auth.unauthenticated");
            assert_eq!(found, ("done".to_owned(), "deleted".to_owned(), 0));
        }
    }
    assert_eq!(kept + erased, 12);
}

#[actix_web::test]
async fn who_signs_in_while_it_is_erased_has_no_session_afterwards() {
    let app = TestApp::new().await;
    for round in 0..4 {
        let name = format!("sari{round}");
        let sari = app.user(&name).await;
        ask(&sari).await;
        app.run_jobs().await;
        app.clock.advance(GRACE);
        let replies = while_erasing(
            &app,
            join_all((0..8_u64).map(async |wait: u64| {
                tokio::time::sleep(std::time::Duration::from_millis(wait * 6)).await;
                login(&app, &name).await
            })),
        )
        .await;
        for reply in &replies {
            assert!(
                [200, 401].contains(&reply.status.as_u16()),
                "{}",
                reply.text()
            );
        }
        let left = "SELECT (SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.state = 'deleted')
            + (SELECT count(*) FROM known_devices d JOIN users u ON u.id = d.user_id WHERE u.state = 'deleted')";
        assert_eq!(number(&app, left).await, 0);
        login(&app, &name)
            .await
            .refused(401, "auth.invalid_credentials");
    }
}

#[actix_web::test]
async fn nobody_books_a_mentor_who_is_leaving() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let mentees = [
        app.user("sari").await,
        app.user("budi").await,
        app.user("dewi").await,
    ];
    let bookings = |day: u32| {
        let all = mentees.iter().enumerate().map(|(hour, mentee)| {
            let body = made.booking(&format!("2026-06-{day:02}T0{}:00:00.000Z", hour + 3));
            async move { book(mentee, body).await.status.as_u16() }
        });
        join_all(all.collect::<Vec<_>>())
    };
    let (replies, _) = tokio::join!(bookings(3), ask(&made.client));
    let more = tokio::join!(bookings(4), app.run_jobs()).0;
    assert!(
        more.iter().all(|status| *status == 404),
        "{replies:?} {more:?}"
    );
    app.run_jobs().await;
    let live =
        "SELECT count(*) FROM bookings WHERE state IN ('requested', 'confirmed', 'suspended')";
    assert_eq!(number(&app, live).await, 0, "{replies:?}");
    app.clock.advance(GRACE);
    let sari = app.sign_in("sari").await;
    let beside = async { book(&sari, made.booking("2026-06-18T03:00:00.000Z")).await };
    let refused = while_erasing(&app, beside).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert_eq!(number(&app, live).await, 0);
    assert_eq!(
        number(&app, "SELECT count(*) FROM users WHERE state = 'deleted'").await,
        1
    );
}
