//! The log: what is typed cannot make lines of it.

use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use karya::config::{Log, LogFormat};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::harness::TestApp;

/// What was logged by this thread.
#[derive(Clone, Default)]
pub struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Sink {
    /// Logs as the program does, until the guard goes.
    pub fn listen(&self, format: LogFormat, filter: &str) -> tracing::subscriber::DefaultGuard {
        // Beside another subscriber, which hears nothing: while there is one alone, whether anybody wants an event is
        // asked of the thread that comes by first, which may be another test's and have none.
        static DEAF: Once = Once::new();
        DEAF.call_once(|| {
            let deaf = tracing_subscriber::registry().with(LevelFilter::OFF);
            tracing::subscriber::set_global_default(deaf).unwrap();
        });
        let log = Log {
            format,
            filter: filter.to_owned(),
        };
        tracing::subscriber::set_default(karya::logging::subscriber(&log, self.clone()))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

const HOSTILE: &str =
    "x\n{\"level\":\"ERROR\",\"message\":\"suntikan\"}\r\n\u{1b}[2J\u{1b}]0;suntikan\u{7}\u{9b}31m";

/// Line feeds would make lines that nobody wrote, and ESC what a terminal obeys (RUSTSEC-2025-0055).
#[test]
fn log_injection_makes_no_line_and_no_escape_sequence() {
    let sink = Sink::default();
    let guard = sink.listen(LogFormat::Json, "trace");
    tracing::info!(field = HOSTILE, shown = %HOSTILE, debugged = ?HOSTILE, "{HOSTILE}");
    let _span = tracing::info_span!("request", name = %HOSTILE).entered();
    tracing::error!(
        error = &std::io::Error::other(HOSTILE) as &dyn std::error::Error,
        "failed"
    );
    drop(guard);
    let text = sink.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}")))
        .collect();
    let levels: Vec<&Value> = lines.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["INFO", "ERROR"]);
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{7}'),
        "{text:?}"
    );

    // What people read at a terminal: one line for one event too, and nothing is obeyed.
    let sink = Sink::default();
    let guard = sink.listen(LogFormat::Pretty, "trace");
    tracing::info!(shown = %HOSTILE, debugged = ?HOSTILE, "{HOSTILE}");
    drop(guard);
    let text = sink.text();
    assert_eq!(
        (text.lines().count(), text.matches("suntikan").count()),
        (1, 6),
        "{text:?}"
    );
    assert!(
        !text.contains("\u{1b}[2J") && !text.contains("\u{1b}]0") && !text.contains('\u{9b}'),
        "{text:?}"
    );
}

#[actix_web::test]
async fn what_clients_send_makes_no_lines() {
    let sink = Sink::default();
    let _guard = sink.listen(LogFormat::Json, "info,karya=debug");
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let before = sink.text().lines().count();
    let hostile = sari
        .clone()
        .with("user-agent", "x\tsuntikan")
        .with("traceparent", "00-suntikan-suntikan-01")
        .with("accept-language", "suntikan;q=x");
    let mut requests = 0;
    for path in [
        "/v1/me?suntikan=%0a%1b%5b2J",
        "/v1/%0d%0asuntikan%1b",
        "/v1/businesses?cursor=%0a%7b%22level%22%3a%22ERROR%22%7d",
        "/problems/%0asuntikan",
    ] {
        hostile.get(path).await;
        requests += 1;
    }
    for (path, body) in [
        (
            "/v1/auth/login",
            json!({ "email": HOSTILE, "password": HOSTILE }),
        ),
        ("/v1/auth/refresh", json!({ "refresh_token": HOSTILE })),
        (
            "/v1/auth/register",
            json!({ "email": "a@b.id", "password": HOSTILE, "display_name": HOSTILE }),
        ),
        ("/v1/auth/password-reset", json!({ "email": HOSTILE })),
        (
            "/v1/auth/login/verify-factor",
            json!({ "challenge_token": HOSTILE, "method": "totp", "code": HOSTILE }),
        ),
    ] {
        app.anon().post(path, body).await;
        requests += 1;
    }
    app.anon()
        .with_token("suntikan.suntikan.suntikan")
        .get("/v1/me")
        .await;
    requests += 1;
    let text = sink.text();
    let mut served = 0;
    for line in text.lines().skip(before) {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
        served += usize::from(event["target"] == "karya::access");
        assert!(
            event["level"] == "INFO" || event["level"] == "DEBUG",
            "{line}"
        );
    }
    assert_eq!(served, requests);
    assert!(
        !text.contains('\u{1b}') && !text.contains("suntikan"),
        "{text}"
    );
}
