//! Another side: an HTTPS server on this machine that keeps what it is sent and answers what it is told.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use karya_fetch::{Fetcher, Policy};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::TestApp;
use super::https::identity;

/// What it was sent.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A status and a `Location`.
type Answer = (u16, Option<String>);

/// `https://penerima.test`.
#[derive(Clone)]
pub struct Receiver {
    port: u16,
    authority: CertificateDer<'static>,
    /// Status and `Location` of the next answers; 204 after the last one.
    answers: Arc<Mutex<VecDeque<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let (acceptor, authority) = identity("penerima.test");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            authority,
            answers: Arc::default(),
            received: Arc::default(),
        };
        let own = receiver.clone();
        actix_web::rt::spawn(own.serve(listener, acceptor));
        receiver
    }

    async fn serve(self, listener: TcpListener, acceptor: TlsAcceptor) {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, own) = (acceptor.clone(), self.clone());
            tokio::spawn(async move {
                let Ok(socket) = acceptor.accept(socket).await else {
                    return;
                };
                let answer = service_fn(move |request| own.clone().answer(request));
                let connection = hyper::server::conn::http1::Builder::new();
                let _closed = connection
                    .serve_connection(TokioIo::new(socket), answer)
                    .await;
            });
        }
    }

    async fn answer(self, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes().to_vec();
        let headers = head.headers;
        self.received
            .lock()
            .unwrap()
            .push(Received { headers, body });
        let next = self.answers.lock().unwrap().pop_front();
        let (status, location) = next.unwrap_or((204, None));
        let mut response = Response::builder().status(status);
        if let Some(location) = location {
            response = response.header("location", location);
        }
        let said = if status == 204 { "" } else { "nanti saja" };
        Ok(response.body(Full::from(said)).unwrap())
    }

    /// What it will answer next, and then: status and `Location`.
    pub fn will_answer(&self, answers: &[(u16, Option<&str>)]) {
        let mut all = self.answers.lock().unwrap();
        all.extend(
            answers
                .iter()
                .map(|(status, location)| (*status, location.map(str::to_owned))),
        );
    }

    /// What it was sent since it was last asked.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    pub fn url(&self) -> String {
        format!("https://penerima.test:{}/karya", self.port)
    }

    /// An application that reaches this server, under its name.
    pub async fn app(&self) -> TestApp {
        let authority = self.authority.clone();
        TestApp::with(|parts| {
            let here = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
            let inside = vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))];
            parts.fetcher = Fetcher::new(Policy {
                address: |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST),
                port: |port| port != 80,
                authorities: vec![authority.clone()],
                hosts: [
                    ("penerima.test".to_owned(), here.clone()),
                    ("terikat.test".to_owned(), [here, inside].concat()),
                ]
                .into(),
                timeout: Duration::from_secs(2),
                ..Policy::default()
            });
        })
        .await
    }
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether one of its signatures is by this secret: as the specification says it, by hand.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.unwrap());
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let content = [format!("{id}.{at}.").as_bytes(), &self.body].concat();
        self.header("webhook-signature")
            .split(' ')
            .map(|signature| STANDARD.decode(signature.strip_prefix("v1,").unwrap()))
            .any(|signature| hmac::verify(&key, &content, &signature.unwrap()).is_ok())
    }
}
