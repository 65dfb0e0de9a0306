use karya_notifications::{
    FolderGateway, MailOptions, Mailer, Message, MessageGateway, Template, Transport,
};
use serde_json::json;

use crate::harness::{PASSWORD, TestApp, noon};

#[actix_web::test]
async fn every_code_has_a_page_in_both_languages() {
    let app = TestApp::new().await;
    let list = app.anon().get("/problems").await.text();
    for code in karya::error_codes() {
        let page = app.anon().get(&format!("/problems/{}", code.code)).await;
        assert_eq!(page.status, 200, "{}", code.code);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(
            page.text().contains("<h2 lang=\"id\">") && page.text().contains("<h2 lang=\"en\">")
        );
        assert!(list.contains(&format!("/problems/{}", code.code)));
    }
    app.anon()
        .get("/problems/tidak.ada")
        .await
        .refused(404, "request.not_found");
}

#[actix_web::test]
async fn the_link_in_the_mail_asks_before_it_acts() {
    let app = TestApp::new().await;
    let body = json!({ "email": "sari@contoh.id", "password": PASSWORD, "display_name": "Sari" });
    app.anon().post("/v1/auth/register", body).await.ok(202);
    app.run_jobs().await;
    let mail = &app.mails_to("sari@contoh.id")[0];
    let link = mail
        .text
        .split_whitespace()
        .find(|word| word.starts_with("https://karya.test/"))
        .unwrap();
    let path = link.strip_prefix("https://karya.test").unwrap();
    // Mail scanners open links too.
    for _ in 0..2 {
        let page = app.anon().get(path).await;
        assert_eq!(
            (page.status.as_u16(), page.header("cache-control")),
            (200, Some("no-store"))
        );
        assert!(page.text().contains("<form method=\"post\""));
    }
    let token = path.split("token=").nth(1).unwrap();
    let submit = async |password: &str| {
        let form = format!("token={token}&password={password}").into_bytes();
        app.anon()
            .send(
                actix_web::http::Method::POST,
                "/verify-email",
                Some("application/x-www-form-urlencoded"),
                form,
            )
            .await
            .text()
    };
    assert!(submit("salah").await.contains("Kata sandi itu salah"));
    assert!(submit(PASSWORD).await.contains("terverifikasi"));
    assert!(submit(PASSWORD).await.contains("tidak berlaku"));
    let hostile = app
        .anon()
        .get("/verify-email?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        .await
        .text();
    assert!(!hostile.contains("<script"), "{hostile}");
}

#[actix_web::test]
async fn links_never_follow_the_request() {
    let app = TestApp::new().await;
    let hostile = app
        .anon()
        .with("host", "evil.example")
        .with("x-forwarded-host", "evil.example")
        .with("forwarded", "host=evil.example");
    let body = json!({ "email": "sari@contoh.id", "password": PASSWORD, "display_name": "Sari" });
    let reply = hostile.post("/v1/auth/register", body).await;
    assert_eq!(reply.status, 202);
    app.run_jobs().await;
    let mail = &app.mails_to("sari@contoh.id")[0];
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
    let problem = hostile
        .get("/tidak-ada")
        .await
        .refused(404, "request.not_found");
    assert_eq!(
        problem["type"],
        "https://karya.test/problems/request.not_found"
    );
}

#[actix_web::test]
async fn the_inbox_shows_mails_as_text() {
    let folder = std::env::temp_dir().join(format!("karya-inbox-{}", std::process::id()));
    let inbox = folder.clone();
    let app = TestApp::with(|parts| parts.inbox = Some(inbox.clone())).await;
    assert_eq!(
        app.anon().get("/inbox.json").await.ok(200),
        json!({ "items": [] })
    );
    let from_address = karya_core::EmailAddress::parse("halo@karya.test").unwrap();
    let options = MailOptions {
        transport: Transport::Folder(folder.clone()),
        from_name: "Karya".into(),
        from_address,
    };
    let mailer = Mailer::new(options).unwrap();
    for name in ["Pertama", "<script>alert(1)</script>"] {
        let template = Template::AlreadyRegistered {
            display_name: name.into(),
            link: "https://karya.test/masuk".into(),
        };
        let to = karya_core::EmailAddress::parse("sari@contoh.id").unwrap();
        mailer
            .send(noon(), &to, karya_core::Lang::Id, &template)
            .await
            .unwrap();
    }
    let list = app.anon().get("/inbox.json").await.ok(200);
    assert!(
        list["items"][0]["text"]
            .as_str()
            .unwrap()
            .contains("script"),
        "the newest comes first"
    );
    assert_eq!(
        list["items"][0]["links"],
        json!(["https://karya.test/masuk"])
    );
    let id = list["items"][0]["id"].as_str().unwrap();
    for path in [
        "/inbox".to_owned(),
        format!("/inbox/{id}"),
        format!("/inbox/{id}/html"),
    ] {
        let page = app.anon().get(&path).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("<script>alert"), "{path}");
        assert!(
            page.header("content-security-policy")
                .unwrap()
                .contains("default-src 'none'")
        );
    }
    for path in [
        "/inbox/..%2f..%2fetc%2fpasswd",
        "/inbox/x",
        "/inbox/0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b",
    ] {
        assert_eq!(app.anon().get(path).await.status, 404, "{path}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[actix_web::test]
async fn the_inbox_shows_messages_beside_mails() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(|parts| parts.inbox = Some(folder.path().to_owned())).await;
    let gateway = FolderGateway::new(folder.path().to_owned());
    let to = karya_core::PhoneNumber::parse("0812-3456-7890").unwrap();
    let message = Message::NumberChanged {
        at: noon(),
        link: "https://karya.test/undo-phone-change?token=abc".into(),
        valid_days: 7,
    };
    let sent = gateway.send(noon(), &to, karya_core::Lang::En, &message);
    sent.await.unwrap();
    let list = app.anon().get("/inbox.json").await.ok(200);
    let mut entry = list["items"][0].clone();
    let id = entry["id"].as_str().unwrap().to_owned();
    entry.as_object_mut().unwrap().remove("id");
    let expected = json!({
        "to": "+6281234567890",
        "subject": "Pesan \u{b7} Message",
        "date": "2026-06-01T05:00:00Z",
        "links": ["https://karya.test/undo-phone-change?token=abc"],
        "text": "Your Karya account has not had this number since 2026-06-01 05:00 UTC. If it was not you who changed that, open https://karya.test/undo-phone-change?token=abc within 7 days: this number counts again, and you choose a new password.",
    });
    assert_eq!(entry, expected);
    assert!(
        app.anon()
            .get("/inbox")
            .await
            .text()
            .contains("+6281234567890")
    );
    let page = app.anon().get(&format!("/inbox/{id}")).await.text();
    assert!(page.contains("undo-phone-change") && !page.contains("<iframe"));
    let html = format!("/inbox/{id}/html");
    assert_eq!(app.anon().get(&html).await.status, 404);
}

#[actix_web::test]
async fn the_documentation_works_offline() {
    let app = TestApp::new().await;
    assert_eq!(
        app.anon().get("/docs").await.header("location"),
        Some("/docs/")
    );
    let page = app.anon().get("/docs/").await;
    assert_eq!(page.status, 200);
    for (_, asset) in page
        .text()
        .match_indices("src=\"")
        .chain(page.text().match_indices("href=\""))
    {
        assert!(!asset.contains("//"), "{asset}");
    }
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'self'")
    );
    assert!(!page.text().contains("https://"), "{}", page.text());
    assert_eq!(
        app.anon().get("/docs/swagger-ui-bundle.js").await.status,
        200
    );
    assert!(
        app.anon()
            .get("/docs/swagger-initializer.js")
            .await
            .text()
            .contains("/openapi.json")
    );
    let index = app.anon().with("accept-language", "en").get("/").await;
    assert_eq!(index.header("content-language"), Some("en"));
    assert!(index.text().contains("Interactive API documentation"));
    assert_eq!(
        app.anon().get("/inbox").await.status,
        404,
        "only in development"
    );
    assert_eq!(
        app.anon().get("/metrics").await.status,
        404,
        "a listener of its own"
    );
}

#[actix_web::test]
async fn who_finds_a_vulnerability_reads_where_to_write() {
    let app = TestApp::new().await;
    let reply = app.anon().get("/.well-known/security.txt").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        reply.text(),
        "Contact: mailto:keamanan@karya.test\nExpires: 2026-11-28T00:00:00Z\nPreferred-Languages: id, en\n\
         Canonical: https://karya.test/.well-known/security.txt\n"
    );
    let silent = TestApp::with(|parts| parts.security_contact = None).await;
    silent
        .anon()
        .get("/.well-known/security.txt")
        .await
        .refused(404, "request.not_found");
}

/// ASVS 6.2.6 and 6.2.7. Showing what one types, and pasting, are the browser's.
#[actix_web::test]
async fn a_password_is_masked_and_may_be_pasted() {
    let app = TestApp::new().await;
    for page in [
        "/verify-email",
        "/reset-password",
        "/confirm-email-change",
        "/undo-email-change",
    ] {
        let html = app.anon().get(&format!("{page}?token=x")).await.text();
        let inputs: Vec<&str> = html
            .split("<input")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap())
            .filter(|input| input.contains("password"))
            .collect();
        assert_eq!(inputs.len(), 1, "{page}");
        assert!(inputs[0].contains("type=\"password\""), "{page}");
        assert!(
            inputs[0].contains("autocomplete=\"current-password\"")
                || inputs[0].contains("autocomplete=\"new-password\""),
            "{page}"
        );
        for hindrance in ["<script", "onpaste", "oncopy", "onkey", "readonly"] {
            assert!(!html.contains(hindrance), "{page}");
        }
    }
}
