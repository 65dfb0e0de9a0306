//! The power goes out while people book: nothing that was promised is lost, and nothing happens twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Mentor, assert_sound};
use crate::harness::{PASSWORD, TestApp};

const CLIENTS: usize = 8;
const MENTORS: usize = 4;

/// Bookings that clients must have seen succeed before the end comes.
const ENOUGH: usize = 12;

/// However slow the machine is, this is too long.
const PATIENCE: Duration = Duration::from_secs(180);

type Http = Client<HttpConnector, Full<hyper::body::Bytes>>;

/// `karya dev` with its worker, in a process of its own.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(database_url: &str, folder: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = format!("http://127.0.0.1:{port}");
        let settings = [
            format!("server.bind=127.0.0.1:{port}"),
            format!("server.public_url={url}"),
            format!("database.url={database_url}"),
            // The key under which the harness seals.
            "secrets.master_key=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".to_owned(),
            "rate_limit.general_per_minute=1000000".to_owned(),
            "rate_limit.credentials_per_minute=1000000".to_owned(),
            "auth.hash_memory_kib=64".to_owned(),
            "auth.hash_iterations=1".to_owned(),
            "log.filter=error".to_owned(),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_karya-under-test"));
        command
            .args(["dev", "--json"])
            .current_dir(folder)
            .stdout(Stdio::piped());
        for setting in settings {
            command.arg("--set").arg(setting);
        }
        let mut process = command.spawn().unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(
            first.contains("owner_token"),
            "the server does not start: {first}"
        );
        Self { process, url }
    }

    /// SIGKILL: neither the server nor its worker gets to finish anything.
    fn kill(&mut self) {
        let _already_gone = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Status and body; nothing when the server went away.
async fn send(
    http: &Http,
    address: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Option<(u16, Value)> {
    let mut request = hyper::Request::builder()
        .uri(address)
        .method(if body.is_some() { "POST" } else { "GET" });
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(String::new, |body| body.to_string());
    let reply = http
        .request(request.body(Full::from(body)).unwrap())
        .await
        .ok()?;
    let status = reply.status().as_u16();
    let body = reply.into_body().collect().await.ok()?.to_bytes();
    Some((status, serde_json::from_slice(&body).ok()?))
}

/// What somebody asks for, again and again under one key.
#[derive(Debug, Clone)]
struct Wish {
    person: usize,
    key: String,
    body: Value,
}

struct Crowd {
    http: Http,
    url: String,
    tokens: Vec<String>,
}

impl Crowd {
    async fn enter(server: &Server) -> Self {
        let http: Http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        // The server says that it is ready a moment before it listens.
        let (started, ready) = (
            Instant::now(),
            format!("{}/v1/reference/subsectors", server.url),
        );
        while send(&http, &ready, &[], None).await.is_none() {
            assert!(started.elapsed() < PATIENCE, "the server does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut tokens = Vec::new();
        for person in 0..CLIENTS {
            let body = json!({ "email": crate::harness::email(&format!("orang{person}")), "password": PASSWORD });
            let address = format!("{}/v1/auth/login", server.url);
            let (status, reply) = send(&http, &address, &[], Some(body)).await.unwrap();
            assert_eq!(status, 200, "{reply}");
            tokens.push(format!(
                "Bearer {}",
                reply["access_token"].as_str().unwrap()
            ));
        }
        Self {
            http,
            url: server.url.clone(),
            tokens,
        }
    }

    async fn ask(&self, wish: &Wish) -> Option<(u16, Value)> {
        let headers = [
            ("authorization", self.tokens[wish.person].as_str()),
            ("idempotency-key", &wish.key),
        ];
        send(
            &self.http,
            &format!("{}/v1/bookings", self.url),
            &headers,
            Some(wish.body.clone()),
        )
        .await
    }

    /// Everybody asks for what they want, one after the other; `seen` hears every answer. What each came to, in order.
    async fn ask_all(&self, wishes: &[Wish], seen: impl Fn(u16)) -> Vec<Option<(u16, Value)>> {
        let lanes = (0..CLIENTS).map(|person| {
            let seen = &seen;
            async move {
                let mut answers = Vec::new();
                let own = wishes
                    .iter()
                    .enumerate()
                    .filter(|(_, wish)| wish.person == person);
                for (at, wish) in own {
                    let answer = self.ask(wish).await;
                    if let Some((status, _)) = &answer {
                        seen(*status);
                    }
                    answers.push((at, answer));
                }
                answers
            }
        });
        let mut answers = join_all(lanes).await.concat();
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// Address and code of every mail about a confirmed session, as often as it was sent.
fn mails(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.join(".karya/mail")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let is_mail = path.extension().is_some_and(|ending| ending == "eml");
        if !is_mail || !text.contains("Sesi pendampingan dikonfirmasi") {
            continue;
        }
        let to = text
            .lines()
            .find_map(|line| line.strip_prefix("To: "))
            .unwrap();
        let (_, code) = text.split_once("https://meet.karya.test/").unwrap();
        found.push((to.trim_matches(['<', '>']).to_owned(), code[..8].to_owned()));
    }
    found
}

#[actix_web::test]
async fn a_server_that_is_killed_loses_nothing_and_does_nothing_twice() {
    let app = TestApp::new().await;
    let sql = app.db.sql().await;
    let mut mentors = Vec::new();
    for number in 0..MENTORS {
        mentors.push(Mentor::new(&app, &format!("mentor{number}")).await);
    }
    for person in 0..CLIENTS {
        app.user(&format!("orang{person}")).await;
    }
    sql.batch_execute("UPDATE calendars SET holiday_policy = 'ignore'")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&app.db.url(), folder.path());
    let crowd = Crowd::enter(&server).await;

    // The program goes by the real clock. Two people want each time; one of them gets it.
    let today = karya_core::Clock::System.now().date_naive();
    let (from, to) = (today + chrono::Days::new(2), today + chrono::Days::new(12));
    let mut wishes = Vec::new();
    for (number, mentor) in mentors.iter().enumerate() {
        let address = format!(
            "{}/v1/offerings/{}/slots?from={from}&to={to}",
            server.url, mentor.offering
        );
        let (status, list) = send(&crowd.http, &address, &[], None).await.unwrap();
        assert_eq!(status, 200, "{list}");
        let days = list["days"].as_array().unwrap().iter();
        let starts = days
            .flat_map(|day| day["starts"].as_array().unwrap())
            .step_by(2);
        // No two mentors at one time, so that only the other person is in the way.
        for start in starts.skip(number).step_by(MENTORS).take(12) {
            for person in [number * 2, number * 2 + 1] {
                let body = json!({ "offering_id": mentor.offering, "starts_at": start });
                wishes.push(Wish {
                    person,
                    key: Uuid::now_v7().to_string(),
                    body,
                });
            }
        }
    }
    assert_eq!(wishes.len(), MENTORS * 12 * 2);

    let process = &mut server.process;
    let (seen, process) = (AtomicUsize::new(0), std::cell::RefCell::new(process));
    let before = crowd
        .ask_all(&wishes, |status| {
            assert!(status < 500, "{status}");
            if status == 201 && seen.fetch_add(1, Ordering::SeqCst) + 1 == ENOUGH {
                process.borrow_mut().kill().unwrap();
            }
        })
        .await;
    server.kill();
    let promised = before
        .iter()
        .flatten()
        .filter(|(status, _)| *status == 201)
        .count();
    let unanswered = before.iter().filter(|answer| answer.is_none()).count();
    assert!(
        promised >= ENOUGH && unanswered > 0,
        "{promised} promised, {unanswered} unanswered"
    );
    assert_sound(&app).await;

    let mut server = Server::start(&app.db.url(), folder.path());
    let crowd = Crowd::enter(&server).await;
    let calm = |status: u16| assert!(status < 500, "{status}");
    let after = crowd.ask_all(&wishes, calm).await;
    let again = crowd.ask_all(&wishes, calm).await;
    let mut ids = BTreeSet::new();
    for ((wish, first), (second, third)) in wishes.iter().zip(&before).zip(after.iter().zip(&again))
    {
        let second = second
            .as_ref()
            .unwrap_or_else(|| panic!("{wish:?} is not answered"));
        if let Some(first) = first.as_ref().filter(|(status, _)| *status == 201) {
            assert_eq!(first, second, "what was promised is kept: {wish:?}");
        }
        if second.0 == 201 {
            assert_eq!(Some(second), third.as_ref(), "{wish:?}");
            assert!(
                ids.insert(second.1["id"].as_str().unwrap().to_owned()),
                "{wish:?} got another's"
            );
        }
    }
    let rows = sql
        .query(
            "SELECT id::text, code FROM bookings WHERE state = 'confirmed'",
            &[],
        )
        .await
        .unwrap();
    let stored: BTreeMap<String, String> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(stored.keys().cloned().collect::<BTreeSet<_>>(), ids);
    assert_sound(&app).await;

    // What the dead worker had in hand comes back to the queue when it has been silent for a while: now.
    let silent = "UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL, run_at = least(run_at, now())
            WHERE locked_at < now() - interval '1 second' AND attempts > 0";
    let due = "SELECT count(*) FROM graphile_worker._private_jobs WHERE run_at <= now() AND attempts < max_attempts";
    sql.batch_execute(silent).await.unwrap();
    let started = Instant::now();
    while sql.query_one(due, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(
            started.elapsed() < PATIENCE,
            "the worker does not get its work done"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.kill();
    let mut sent: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mail in mails(folder.path()) {
        *sent.entry(mail).or_default() += 1;
    }
    let statement = "SELECT e.address, b.code FROM bookings b JOIN emails e ON e.user_id IN (b.mentor_id, b.mentee_id)";
    let rows = sql.query(statement, &[]).await.unwrap();
    let due: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(sent.keys().cloned().collect::<BTreeSet<_>>(), due);
    // A mail that the dying worker had sent but not crossed off goes out once more; it had four in hand at most.
    let twice = sent.values().filter(|count| **count > 1).count();
    assert!(
        twice <= 4 && sent.values().all(|count| *count <= 2),
        "{sent:?}"
    );
}
