use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Mentor;
use super::growth::{booked, completed, later, me};
use crate::harness::TestApp;

const HOURS: &str = "/v1/me/mentoring-hours?from=2026-06-01&to=2026-06-30";

/// Gives the first booking a business of the subsector `kriya`.
async fn with_business(app: &TestApp) {
    let sql = app.db.sql().await;
    sql.batch_execute(
        "INSERT INTO businesses (id, slug, name, legal_form, main_subsector, region_code, postal_code, street, created_at, updated_at)
            SELECT '0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b', 'batik-sari', '=Batik Sari', 'perorangan', 'kriya', code, '51112', 'Jl. Sapuro 12', now(), now()
              FROM regions WHERE char_length(code) = 13 LIMIT 1;
         INSERT INTO business_members (business_id, user_id, role, created_at)
            SELECT '0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b', id, 'owner', now() FROM users WHERE display_name = 'sari';
         UPDATE bookings SET business_id = '0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b'",
    )
    .await
    .unwrap();
}

#[actix_web::test]
async fn completed_sessions_are_hours() {
    let app = TestApp::new().await;
    let (mentor, sari, _) = completed(&app).await;
    with_business(&app).await;
    // Not completed: does not count.
    booked(&mentor, &sari, "2026-06-03T03:00:00.000Z").await;
    for (client, party) in [(&mentor.client, "mentor"), (&sari, "mentee")] {
        let report = client.get(HOURS).await.ok(200);
        assert_eq!(
            (&report["sessions"], &report["minutes"]),
            (&json!(1), &json!(60))
        );
        assert_eq!(
            report["by_party"],
            json!([{ "party": party, "sessions": 1, "minutes": 60 }])
        );
        assert_eq!(report["by_subsector"][0]["subsector"], "kriya");
        let item = &report["items"][0];
        assert_eq!(
            (
                &item["date"],
                &item["party"],
                &item["business_name"],
                &item["mentor_name"]
            ),
            (
                &json!("2026-06-02"),
                &json!(party),
                &json!("=Batik Sari"),
                &json!("made")
            )
        );
        let other = if party == "mentor" {
            "mentee"
        } else {
            "mentor"
        };
        let none = client.get(&format!("{HOURS}&party={other}")).await.ok(200);
        assert_eq!(none["items"], json!([]));
    }
    for (query, found) in [
        ("from=2026-06-02&to=2026-06-02", 1),
        ("from=2026-06-01&to=2026-06-01", 0),
        ("from=2026-06-03&to=2026-06-03", 0),
    ] {
        let path = format!("/v1/me/mentoring-hours?{query}");
        let report = sari.get(&path).await.ok(200);
        assert_eq!(report["items"].as_array().unwrap().len(), found, "{query}");
    }
    let budi = app.user("budi").await;
    assert_eq!(budi.get(HOURS).await.ok(200)["sessions"], 0);

    let english = sari.clone().with("accept-language", "en");
    let csv = english.get(&format!("{HOURS}&format=csv")).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        csv.header("content-disposition"),
        Some("attachment; filename=\"karya-2026-06-01-2026-06-30.csv\"")
    );
    assert!(
        csv.text()
            .contains("2026-06-02,made,sari,'=Batik Sari,Crafts,online,60,completed")
            || csv.text().contains(",made,sari,'=Batik Sari,"),
        "{}",
        csv.text()
    );
    let xlsx = sari.get(&format!("{HOURS}&format=xlsx")).await;
    assert_eq!(
        xlsx.header("content-type"),
        Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    );
    assert!(
        xlsx.header("content-disposition")
            .unwrap()
            .ends_with(".xlsx\"")
    );
    assert!(xlsx.body.starts_with(b"PK"));
}

#[actix_web::test]
async fn a_day_is_the_day_of_the_one_who_asks() {
    let app = TestApp::new().await;
    let (_, sari, _) = completed(&app).await;
    // 23:30 in Jakarta is tomorrow in Jayapura.
    let sql = app.db.sql().await;
    sql.batch_execute(
        "UPDATE bookings SET starts_at = '2026-06-30T16:30:00Z', ends_at = '2026-06-30T17:00:00Z';
         UPDATE users SET timezone = 'Asia/Jayapura' WHERE display_name = 'sari'",
    )
    .await
    .unwrap();
    let made = app.sign_in("made").await;
    assert_eq!(made.get(HOURS).await.ok(200)["minutes"], 30);
    assert_eq!(sari.get(HOURS).await.ok(200)["minutes"], 0);
    let july = "/v1/me/mentoring-hours?from=2026-07-01&to=2026-07-01";
    assert_eq!(
        sari.get(july).await.ok(200)["items"][0]["date"],
        "2026-07-01"
    );
}

#[actix_web::test]
async fn a_report_has_its_bounds() {
    let app = TestApp::new().await;
    let (mentor, sari, _) = completed(&app).await;
    for (query, fault) in [
        ("", "from required"),
        ("from=2026-06-01", "to required"),
        ("from=x&to=2026-06-01", "from format"),
        ("from=2026-06-01&to=9999-12-31", "to format"),
        ("from=-262143-01-01&to=2026-06-01", "from format"),
        ("from=2026-06-02&to=2026-06-01", "to before_from"),
        (
            "from=2026-06-01&to=2026-06-01&party=staff",
            "party wrong_type",
        ),
        (
            "from=2026-06-01&to=2026-06-01&format=pdf",
            "format wrong_type",
        ),
    ] {
        let reply = sari.get(&format!("/v1/me/mentoring-hours?{query}")).await;
        reply.refused(400, "request.invalid_query");
        assert_eq!(reply.faults(), [fault], "{query}");
    }
    let more = "INSERT INTO bookings SELECT (jsonb_populate_record(b, jsonb_build_object(
            'id', gen_random_uuid(), 'code', lpad(n::text, 8, '0')))).* FROM bookings b, generate_series(1, $1) n WHERE b.code !~ '^0000'";
    let sql = app.db.sql().await;
    sql.execute(more, &[&4999_i32]).await.unwrap();
    let full = mentor.client.get(&format!("{HOURS}&format=xlsx")).await;
    assert_eq!(full.status, 200);
    assert_eq!(sari.get(HOURS).await.ok(200)["minutes"], 300_000);
    sql.execute(
        "INSERT INTO bookings SELECT (jsonb_populate_record(b, jsonb_build_object(
            'id', gen_random_uuid(), 'code', '99999999'))).* FROM bookings b LIMIT 1",
        &[],
    )
    .await
    .unwrap();
    sari.get(HOURS)
        .await
        .refused(422, "mentoring_hours.too_many");
}

fn wish(party: &str) -> Value {
    json!({ "party": party, "from": "2026-01-01", "to": "2026-12-31" })
}

#[actix_web::test]
async fn a_certificate_is_issued_verified_and_revoked() {
    let app = TestApp::new().await;
    let (mentor, sari, path) = completed(&app).await;
    with_business(&app).await;
    sari.post("/v1/certificates", wish("mentor"))
        .await
        .refused(409, "certificate.no_sessions");
    let reply = sari
        .clone()
        .with("accept-language", "en")
        .with("idempotency-key", "satu")
        .post("/v1/certificates", wish("mentee"))
        .await;
    let issued = reply.ok(201);
    let code = issued["code"].as_str().unwrap();
    assert_eq!((code.len(), &code[..4]), (13, "KRY-"));
    assert_eq!(
        (
            &issued["minutes"],
            &issued["sessions"],
            &issued["holder_name"]
        ),
        (&json!(60), &json!(1), &json!("sari"))
    );
    assert_eq!(issued["themes"].as_array().unwrap().len(), 1);
    let verify = format!("/verify/{code}");
    assert_eq!(
        issued["verification_url"],
        format!("https://karya.test{verify}")
    );
    let list = sari.get("/v1/certificates").await.ok(200);
    assert_eq!(list["items"][0]["id"], issued["id"]);
    assert_eq!(
        mentor.client.get("/v1/certificates").await.ok(200)["items"],
        json!([])
    );

    let base = format!("/v1/certificates/{}", issued["id"].as_str().unwrap());
    let document = format!("{base}/document.pdf");
    for lang in ["id", "en"] {
        let pdf = sari
            .clone()
            .with("accept-language", lang)
            .get(&document)
            .await;
        assert_eq!(pdf.header("content-type"), Some("application/pdf"));
        assert_eq!(
            pdf.header("content-disposition"),
            Some(format!("attachment; filename=\"{code}.pdf\"").as_str())
        );
        assert!(pdf.body.starts_with(b"%PDF-"));
    }
    for reply in [
        mentor.client.get(&document).await,
        mentor
            .client
            .post(&format!("{base}/revoke"), json!({}))
            .await,
        sari.get(&format!("/v1/certificates/{}/document.pdf", Uuid::now_v7()))
            .await,
    ] {
        reply.refused(404, "certificate.not_found");
    }

    // It keeps what it certified.
    app.db
        .sql()
        .await
        .batch_execute("UPDATE users SET display_name = 'Lain'; UPDATE bookings SET state = 'no_show', no_show_party = 'mentee'")
        .await
        .unwrap();
    let public = format!("/v1/certificate-verifications/{code}");
    let found = app.anon().get(&public).await;
    let (text, sari_id) = (found.text(), me(&sari).await.to_string());
    for private in [
        sari_id.as_str(),
        "contoh.id",
        "made",
        "Batik",
        issued["id"].as_str().unwrap(),
        &path[13..],
    ] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    let found = found.ok(200);
    assert_eq!(
        (
            &found["holder_name"],
            &found["minutes"],
            &found["first_on"],
            &found["revoked"]
        ),
        (
            &json!("sari"),
            &json!(60),
            &json!("2026-06-02"),
            &json!(false)
        )
    );
    let typed = code.to_lowercase().replace('-', "");
    let same = app
        .anon()
        .get(&format!("/v1/certificate-verifications/{typed}"))
        .await;
    assert_eq!(same.ok(200), found);
    for other in ["KRY-0000-0000", "x", "%00", "KRY-7F3K-9Q2M%20OR%201=1"] {
        app.anon()
            .get(&format!("/v1/certificate-verifications/{other}"))
            .await
            .refused(404, "certificate.not_found");
    }

    let (_, sari) = later(&app, Duration::minutes(1)).await;
    let mut revoked = Vec::new();
    for _ in 0..2 {
        revoked.push(
            sari.post(&format!("{base}/revoke"), json!({}))
                .await
                .ok(200),
        );
        app.clock.advance(Duration::minutes(1));
    }
    assert_eq!(revoked[0], revoked[1]);
    assert_eq!(app.anon().get(&public).await.ok(200)["revoked"], true);
    sari.get(&document)
        .await
        .refused(409, "certificate.revoked");
    let page = app.anon().with("accept-language", "en").get(&verify).await;
    assert!(page.text().contains("This certificate is revoked"));
}

#[actix_web::test]
async fn a_page_verifies_certificates_for_people() {
    let app = TestApp::new().await;
    let (_, sari, _) = completed(&app).await;
    let hostile =
        "UPDATE users SET display_name = '<script>alert(1)</script>' WHERE display_name = 'sari'";
    app.db.sql().await.batch_execute(hostile).await.unwrap();
    let issued = sari.post("/v1/certificates", wish("mentee")).await.ok(201);
    let code = issued["code"].as_str().unwrap();
    for (lang, words) in [
        ("id", "Sertifikat ini asli"),
        ("en", "This certificate is genuine"),
    ] {
        let client = app.anon().with("accept-language", lang);
        let page = client.get(&format!("/verify/{code}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(
            page.header("content-security-policy")
                .unwrap()
                .starts_with("default-src 'none'")
        );
        assert!(page.text().contains(words) && page.text().contains(code));
        assert!(!page.text().contains("<script"), "{}", page.text());
        let form = client.get("/verify").await;
        assert_eq!(form.status, 200);
        assert!(form.text().contains("action=\"/verify\""));
    }
    let typed = code.to_lowercase().replace('-', "+");
    let found = app.anon().get(&format!("/verify?code={typed}")).await;
    assert_eq!(
        (found.status.as_u16(), found.header("location")),
        (303, Some(format!("/verify/{code}").as_str()))
    );
    for unknown in [
        "/verify/KRY-0000-0000",
        "/verify/%22%3E%3Cscript%3E",
        "/verify?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let page = app.anon().get(unknown).await;
        assert_eq!(page.status, 404, "{unknown}");
        assert!(page.text().contains("Tidak ada sertifikat dengan kode itu"));
        assert!(!page.text().contains("<script"), "{}", page.text());
    }
}

#[actix_web::test]
async fn what_cannot_be_certified_is_refused() {
    let app = TestApp::new().await;
    let (_, sari, _) = completed(&app).await;
    for (field, value, fault) in [
        ("party", json!("staff"), "/party wrong_type"),
        ("from", json!("0001-01-01"), "/from format"),
        ("to", json!("2025-12-31"), "/to before_from"),
        ("to", json!("+262142-12-31"), "/to format"),
    ] {
        let mut body = wish("mentee");
        body[field] = value;
        let reply = sari.post("/v1/certificates", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let early = json!({ "party": "mentee", "from": "2026-01-01", "to": "2026-06-01" });
    sari.post("/v1/certificates", early)
        .await
        .refused(409, "certificate.no_sessions");
    let name = "UPDATE users SET display_name = '陳' WHERE display_name = 'sari'";
    app.db.sql().await.batch_execute(name).await.unwrap();
    sari.post("/v1/certificates", wish("mentee"))
        .await
        .refused(409, "certificate.name_not_printable");
    let mentor = Mentor::new(&app, "putu").await;
    mentor
        .client
        .post("/v1/certificates", wish("mentor"))
        .await
        .refused(409, "certificate.no_sessions");
}

#[actix_web::test]
async fn reading_takes_as_many_statements_however_much_there_is() {
    let app = TestApp::new().await;
    let (mentor, sari, path) = completed(&app).await;
    let admin = super::growth::staff(&app, "admin", "admin").await;
    for number in 0..3 {
        sari.post("/v1/certificates", wish("mentee")).await.ok(201);
        let note = json!({ "body": format!("{number}"), "visibility": "shared" });
        sari.post(&format!("{path}/notes"), note).await.ok(201);
    }
    sari.post(&format!("{path}/feedback"), json!({ "rating": 5 }))
        .await
        .ok(201);
    mentor
        .client
        .post(&format!("{path}/feedback"), json!({ "rating": 5 }))
        .await
        .ok(201);
    let public = format!("/v1/mentors/{}/feedback", mentor.user_id);
    // A connection's first statement brings others with it, a session's first request the look at how it stands.
    admin.get("/v1/booking-disputes").await.ok(200);
    sari.get(HOURS).await.ok(200);
    // And the first request of a session reads how it stands.
    admin.get("/v1/me").await.ok(200);
    sari.get("/v1/certificates").await.ok(200);
    sari.get("/v1/bookings").await.ok(200);
    for (client, address, statements) in [
        (&sari, HOURS, 1),
        (&sari, &format!("{HOURS}&format=csv"), 1),
        (&sari, "/v1/certificates", 1),
        (&sari, "/v1/mentorships", 1),
        (&sari, &format!("{path}/notes"), 2),
        (&sari, &format!("{path}/agenda"), 2),
        (&sari, &format!("{path}/feedback"), 2),
        (&app.anon(), &public, 2),
        (&admin, "/v1/booking-disputes", 1),
    ] {
        let reply = client.get(address).await;
        assert_eq!(reply.status, 200, "{address}");
        let counted = format!("sql;desc=\"{statements}\"");
        let timing = reply.header("server-timing").unwrap();
        assert!(timing.starts_with(&counted), "{address}: {timing}");
    }
}
