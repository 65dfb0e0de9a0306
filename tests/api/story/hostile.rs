//! The same story, told by somebody who says in every request that the server is another one.

use std::collections::BTreeSet;

use super::{Look, Story};
use crate::harness::TestApp;

/// The hosts of the links in a text.
fn hosts(text: &str) -> BTreeSet<String> {
    let links = text.match_indices("://").map(|(at, _)| &text[at + 3..]);
    let host = |link: &str| {
        let end = link.find(|c: char| !c.is_ascii_alphanumeric() && !".-:@".contains(c));
        link[..end.unwrap_or(link.len())]
            .trim_end_matches(['.', ':'])
            .to_owned()
    };
    links.map(host).collect()
}

/// Four times the same hole in one project, and once in another: the host of a request became that of a link in a mail.
#[actix_web::test]
async fn no_link_of_any_mail_follows_the_request() {
    let app = TestApp::new().await;
    for header in [
        "host",
        "x-forwarded-host",
        "x-forwarded-server",
        "x-original-host",
        "x-host",
        "x-original-url",
        "x-rewrite-url",
    ] {
        app.always
            .borrow_mut()
            .push((header, || "evil.example".to_owned()));
    }
    app.always.borrow_mut().extend([
        (
            "forwarded",
            (|| "for=203.0.113.9;host=evil.example;proto=http".to_owned()) as fn() -> String,
        ),
        ("x-forwarded-proto", || "http".to_owned()),
        ("x-forwarded-port", || "8443".to_owned()),
        ("x-forwarded-prefix", || "/evil".to_owned()),
    ]);
    *app.heard.borrow_mut() = Some(Vec::new());
    Story::tell(&app, Look::Nothing).await;
    app.run_jobs().await;
    let mails = app.mailer.sent();
    let mut linked = 0;
    for mail in &mails {
        for text in [&mail.text, &mail.html] {
            assert!(!text.contains("evil"), "{}: {text}", mail.subject);
            let found = hosts(text);
            linked += usize::from(found.contains("karya.test"));
            for host in found {
                assert!(
                    ELSEWHERE.contains(&host.as_str()) || host == "karya.test",
                    "{host} in {}",
                    mail.subject
                );
            }
        }
        if let Some(calendar) = &mail.calendar {
            assert!(!calendar.text.contains("evil"), "{}", calendar.text);
        }
    }
    let subjects: BTreeSet<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert!(
        subjects.len() >= 25 && linked >= 10,
        "{} {linked}",
        subjects.len()
    );
    for exchange in app.heard.borrow().iter().flatten() {
        let text = String::from_utf8_lossy(&exchange.response);
        assert!(!text.contains("evil.example"), "{}: {text}", exchange.path);
    }
}

/// Where people meet: addresses that they typed themselves.
const ELSEWHERE: [&str; 1] = ["meet.contoh.id"];
