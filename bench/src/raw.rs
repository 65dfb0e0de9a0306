//! Load at little cost: requests are bytes that are made beforehand, and of the replies only status and length are
//! read. The program under test has most of the processor to itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The bytes of a request with these header lines (each with its end).
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\nhost: karya\r\n{headers}{length}\r\n{body}").into_bytes()
}

/// A connection that is kept, with what was read beyond the last reply: nothing, as requests wait for their replies.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What a reply said.
pub struct Reply {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(64 * 1024),
        })
    }

    /// Sends a request and reads the reply; tells the status, and where the body begins in `read`.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, usize)> {
        self.stream.write_all(request).await?;
        self.read.clear();
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some(head) = find(&self.read, b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(&self.read[..head]).map_err(io::Error::other)?;
            let status = text[9..12].parse().map_err(io::Error::other)?;
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(Ok(0), str::parse::<usize>)
                .map_err(io::Error::other)?;
            while self.read.len() < head + 4 + length {
                if self.stream.read_buf(&mut self.read).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            return Ok((status, head + 4));
        }
    }

    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        let (status, body) = self.exchange(request).await?;
        Ok(Reply {
            status,
            headers: String::from_utf8_lossy(&self.read[..body]).into_owned(),
            body: self.read[body..].to_vec(),
        })
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// What a run came to.
pub struct Run {
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
    pub statuses: BTreeMap<u16, usize>,
}

/// `connections` at a time, each with its next request as soon as it has its reply. `make` gives the n-th request.
pub async fn closed_loop(
    address: &str,
    connections: usize,
    time: Duration,
    make: impl Fn(usize) -> Arc<[u8]> + Send + Sync + 'static,
) -> Run {
    let (make, next) = (Arc::new(make), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let tasks = (0..connections).map(|_| {
        let (address, make, next) = (address.to_owned(), Arc::clone(&make), Arc::clone(&next));
        tokio::spawn(async move {
            let mut connection = Connection::open(&address)
                .await
                .expect("the server listens");
            let mut results = Vec::new();
            while started.elapsed() < time {
                let request = make(next.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let (status, _) = connection.exchange(&request).await.expect("a reply");
                results.push((status, sent.elapsed()));
            }
            results
        })
    });
    let results = futures_util::future::join_all(tasks).await;
    let elapsed = started.elapsed().as_secs_f64();
    let results: Vec<(u16, Duration)> = results
        .into_iter()
        .flat_map(|results| results.expect("a run"))
        .collect();
    let mut statuses = BTreeMap::new();
    for (status, _) in &results {
        *statuses.entry(*status).or_default() += 1;
    }
    let mut took: Vec<f64> = results
        .iter()
        .map(|(_, took)| took.as_secs_f64() * 1000.0)
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    let percentile = |part: f64| took[((took.len() as f64 * part) as usize).min(took.len() - 1)];
    Run {
        rate: results.len() as f64 / elapsed,
        p50: percentile(0.5),
        p99: percentile(0.99),
        statuses,
    }
}
