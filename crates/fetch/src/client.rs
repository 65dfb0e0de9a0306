use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::{Host, Url};

use crate::{FetchError, is_public};

const USER_AGENT: &str = concat!("Karya/", env!("CARGO_PKG_VERSION"));

/// How many of a name's addresses are tried.
const MAX_ADDRESSES: usize = 4;

/// Where requests may go, and how much they may cost.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Every address that a name resolves to must be allowed.
    pub address: fn(IpAddr) -> bool,
    pub port: fn(u16) -> bool,
    /// Whether this machine may be asked too, by http as well and on any port: for development.
    pub loopback: bool,
    /// Certificate authorities to trust besides those of the system.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Names that are not looked up: like `/etc/hosts`, and checked like any other.
    pub hosts: HashMap<String, Vec<IpAddr>>,
    /// For the whole, redirects included.
    pub timeout: Duration,
    pub max_bytes: usize,
    pub max_redirects: usize,
}

impl Default for Policy {
    /// The public internet, port 443, 10 seconds, 2 MiB, 3 redirects.
    fn default() -> Self {
        Self {
            address: is_public,
            port: |port| port == 443,
            loopback: false,
            authorities: Vec::new(),
            hosts: HashMap::new(),
            timeout: Duration::from_secs(10),
            max_bytes: 2 * 1024 * 1024,
            max_redirects: 3,
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub method: Method,
    pub url: Url,
    /// `Host`, `User-Agent` and `Accept-Encoding` are set here.
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What [`Fetcher::get`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is still what had that tag.
    NotModified,
    Body {
        bytes: Bytes,
        etag: Option<String>,
    },
}

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    policy: Arc<Policy>,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

impl Fetcher {
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy: Arc::new(policy),
            tls: Arc::default(),
        }
    }

    /// Whether the policy lets an address be asked for at all, before its name is resolved.
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        let port = url.port_or_known_default().unwrap_or_default();
        let plain = url.username().is_empty() && url.password().is_none();
        if plain && self.is_loopback(url) {
            return Ok(());
        }
        if url.scheme() != "https" || !plain || !(self.policy.port)(port) {
            return Err(FetchError::BadAddress);
        }
        let literal = match url.host() {
            None => return Err(FetchError::BadAddress),
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        };
        if literal.is_some_and(|address| !(self.policy.address)(address)) {
            return Err(FetchError::RefusedAddress);
        }
        Ok(())
    }

    /// Whether an address names this machine, and may.
    fn is_loopback(&self, url: &Url) -> bool {
        let named = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.policy.loopback && named && matches!(url.scheme(), "http" | "https")
    }

    /// Sends one request and follows no redirect.
    pub async fn send(&self, request: Outgoing) -> Result<Response, FetchError> {
        tokio::time::timeout(self.policy.timeout, self.exchange(request))
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    /// Fetches what is at an address now, following redirects. `etag`: what the caller has already.
    pub async fn get(&self, url: &Url, etag: Option<&str>) -> Result<Fetched, FetchError> {
        tokio::time::timeout(self.policy.timeout, self.follow(url, etag))
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    async fn follow(&self, url: &Url, etag: Option<&str>) -> Result<Fetched, FetchError> {
        let mut url = url.clone();
        for _ in 0..=self.policy.max_redirects {
            let mut headers = HeaderMap::new();
            if let Some(tag) = etag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
                headers.insert(header::IF_NONE_MATCH, tag);
            }
            let request = Outgoing {
                method: Method::GET,
                url: url.clone(),
                headers,
                body: Bytes::new(),
            };
            let response = self.exchange(request).await?;
            let text = |name| response.headers.get(name).and_then(|v| v.to_str().ok());
            match response.status {
                StatusCode::OK => {
                    return Ok(Fetched::Body {
                        etag: text(header::ETAG).map(str::to_owned),
                        bytes: response.body,
                    });
                }
                StatusCode::NOT_MODIFIED if etag.is_some() => return Ok(Fetched::NotModified),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let target = text(header::LOCATION).and_then(|to| url.join(to).ok());
                    url = target.ok_or(FetchError::Redirects)?;
                }
                status => return Err(FetchError::Status(status.as_u16())),
            }
        }
        Err(FetchError::Redirects)
    }

    async fn exchange(&self, request: Outgoing) -> Result<Response, FetchError> {
        self.check(&request.url)?;
        let addresses = self.resolve(&request.url).await?;
        let host = request.url.host_str().ok_or(FetchError::BadAddress)?;
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_not_a_name| FetchError::BadAddress)?;
        let mut socket = None;
        for address in addresses.iter().take(MAX_ADDRESSES) {
            if let Ok(connected) = TcpStream::connect(address).await {
                socket = Some(connected);
                break;
            }
        }
        let socket = socket.ok_or(FetchError::Unreachable)?;
        if request.url.scheme() == "http" {
            return self.talk(socket, request).await;
        }
        let secure = TlsConnector::from(self.tls())
            .connect(name, socket)
            .await
            .map_err(|_reason| FetchError::Tls)?;
        self.talk(secure, request).await
    }

    /// One exchange over a connection.
    async fn talk(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        request: Outgoing,
    ) -> Result<Response, FetchError> {
        let broken = |_reason: hyper::Error| FetchError::Protocol;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(64 * 1024)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let answer = async {
            let response = sender
                .send_request(prepare(request)?)
                .await
                .map_err(broken)?;
            self.read(response).await
        };
        // The connection lives as long as its one exchange, so that nothing outlasts the deadline.
        tokio::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            _closed = connection => answer.await,
        }
    }

    /// The addresses of a name, all of them allowed.
    async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, FetchError> {
        let port = url.port_or_known_default().ok_or(FetchError::BadAddress)?;
        let addresses: Vec<SocketAddr> = match url.host().ok_or(FetchError::BadAddress)? {
            Host::Ipv4(address) => vec![(address, port).into()],
            Host::Ipv6(address) => vec![(address, port).into()],
            Host::Domain(name) => match self.policy.hosts.get(name) {
                Some(known) => known
                    .iter()
                    .map(|address| (*address, port).into())
                    .collect(),
                None => tokio::net::lookup_host((name, port))
                    .await
                    .map_err(|_reason| FetchError::Unresolvable)?
                    .collect(),
            },
        };
        if addresses.is_empty() {
            return Err(FetchError::Unresolvable);
        }
        let here = self.is_loopback(url);
        let is_allowed =
            |address: IpAddr| (self.policy.address)(address) || (here && address.is_loopback());
        if !addresses.iter().all(|address| is_allowed(address.ip())) {
            return Err(FetchError::RefusedAddress);
        }
        Ok(addresses)
    }

    async fn read(
        &self,
        response: hyper::Response<hyper::body::Incoming>,
    ) -> Result<Response, FetchError> {
        let max = self.policy.max_bytes;
        let (head, mut body) = response.into_parts();
        if body.size_hint().lower() > max as u64 {
            return Err(FetchError::TooLarge);
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_reason| FetchError::Protocol)?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > max {
                    return Err(FetchError::TooLarge);
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body: bytes.into(),
        })
    }

    /// Made at the first use: reading the system's certificates takes a while.
    fn tls(&self) -> Arc<ClientConfig> {
        let make = || {
            let mut roots = RootCertStore::empty();
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
            roots.add_parsable_certificates(self.policy.authorities.iter().cloned());
            let provider = Arc::new(crypto::aws_lc_rs::default_provider());
            #[expect(clippy::expect_used, reason = "the provider supports its own versions")]
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("TLS 1.2 and 1.3")
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Arc::new(config)
        };
        Arc::clone(self.tls.get_or_init(make))
    }
}

fn prepare(request: Outgoing) -> Result<Request<Full<Bytes>>, FetchError> {
    let url = &request.url;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let host = url.host_str().ok_or(FetchError::BadAddress)?;
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut built = Request::builder()
        .method(request.method)
        .uri(path)
        .body(Full::new(request.body))
        .map_err(|_reason| FetchError::BadAddress)?;
    let headers = built.headers_mut();
    *headers = request.headers;
    let host = HeaderValue::from_str(&host).map_err(|_reason| FetchError::BadAddress)?;
    headers.insert(header::HOST, host);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    // What is not compressed cannot explode.
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(built)
}
