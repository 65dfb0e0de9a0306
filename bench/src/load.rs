//! Requests in closed loops, and what they took.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// One request to make.
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl Call {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn post(path: impl Into<String>, token: &str, body: String) -> Self {
        Self {
            method: "POST",
            path: path.into(),
            headers: vec![
                ("authorization", format!("Bearer {token}")),
                ("content-type", "application/json".into()),
                ("idempotency-key", uuid::Uuid::now_v7().to_string()),
            ],
            body: Some(body),
        }
    }
}

impl Call {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[derive(Clone)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Http {
    pub fn new(url: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(256)
                .build(HttpConnector::new()),
            url: url.to_owned(),
        }
    }

    /// The `ETag` of what is there now.
    pub async fn tag(&self, path: &str) -> Option<String> {
        let uri = format!("{}{path}", self.url).parse().expect("an address");
        let response = self.client.get(uri).await.ok()?;
        let tag = response.headers().get("etag")?.to_str().ok()?.to_owned();
        response.into_body().collect().await.ok()?;
        Some(tag)
    }

    /// Status and body.
    pub async fn send(&self, call: Call) -> (u16, Bytes) {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.url, call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let body = Full::new(Bytes::from(call.body.unwrap_or_default()));
        let request = request.body(body).expect("a request");
        match self.client.request(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                let body = response.into_body().collect().await;
                (status, body.map(|body| body.to_bytes()).unwrap_or_default())
            }
            Err(error) => {
                eprintln!("{error:?}");
                (0, Bytes::new())
            }
        }
    }
}

/// What a run of requests came to.
pub struct Outcome {
    pub statuses: BTreeMap<u16, usize>,
    latencies: Vec<Duration>,
    elapsed: Duration,
}

impl Outcome {
    fn of(results: Vec<(u16, Duration)>, elapsed: Duration) -> Self {
        let mut statuses = BTreeMap::new();
        for (status, _) in &results {
            *statuses.entry(*status).or_default() += 1;
        }
        let mut latencies: Vec<Duration> = results.into_iter().map(|(_, took)| took).collect();
        latencies.sort_unstable();
        Self {
            statuses,
            latencies,
            elapsed,
        }
    }

    fn percentile(&self, part: f64) -> f64 {
        let at = ((self.latencies.len() as f64 * part) as usize).min(self.latencies.len() - 1);
        self.latencies[at].as_secs_f64() * 1000.0
    }

    pub fn print(&self, what: &str) {
        let rate = self.latencies.len() as f64 / self.elapsed.as_secs_f64();
        println!(
            "{what:<46} {rate:>8.0}/s  p50 {:>7.2} ms  p99 {:>7.2} ms  max {:>7.2} ms  {:?}",
            self.percentile(0.5),
            self.percentile(0.99),
            self.percentile(1.0),
            self.statuses
        );
    }
}

/// `connections` at a time, each with its next request as soon as it has its answer.
pub async fn closed_loop(
    http: &Http,
    connections: usize,
    time: Duration,
    call: impl Fn(usize) -> Option<Call> + Send + Sync + 'static,
) -> Outcome {
    let (call, next) = (Arc::new(call), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let tasks = (0..connections).map(|_| {
        let (http, call, next) = (http.clone(), Arc::clone(&call), Arc::clone(&next));
        tokio::spawn(async move {
            let mut results = Vec::new();
            while started.elapsed() < time {
                let Some(call) = call(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                let sent = Instant::now();
                let (status, _) = http.send(call).await;
                results.push((status, sent.elapsed()));
            }
            results
        })
    });
    let results = futures_util::future::join_all(tasks).await;
    let results = results.into_iter().flat_map(Result::unwrap_or_default);
    Outcome::of(results.collect(), started.elapsed())
}

/// All at the same moment.
pub async fn burst(http: &Http, calls: Vec<Call>) -> Outcome {
    let started = Instant::now();
    let tasks = calls.into_iter().map(|call| {
        let http = http.clone();
        tokio::spawn(async move {
            let sent = Instant::now();
            let (status, _) = http.send(call).await;
            (status, sent.elapsed())
        })
    });
    let results = futures_util::future::join_all(tasks).await;
    let results = results.into_iter().filter_map(Result::ok);
    Outcome::of(results.collect(), started.elapsed())
}
