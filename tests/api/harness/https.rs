use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use karya_fetch::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// A server somewhere else, at `https://lain.test`, which answers with what it is told and keeps what it was asked.
#[derive(Clone)]
pub struct HttpsServer {
    port: u16,
    authority: CertificateDer<'static>,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

const NAME: &str = "lain.test";

/// What makes a server be at a name, and whom its clients have to trust for it.
pub(super) fn identity(name: &str) -> (TlsAcceptor, CertificateDer<'static>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let authority = cert.der().clone();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![authority.clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority)
}

impl HttpsServer {
    pub async fn start() -> Self {
        let (acceptor, authority) = identity(NAME);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            authority,
            answer: Arc::default(),
            asked: Arc::default(),
        };
        let own = server.clone();
        actix_web::rt::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, own) = (acceptor.clone(), own.clone());
                actix_web::rt::spawn(async move {
                    let Ok(mut socket) = acceptor.accept(socket).await else {
                        return;
                    };
                    let mut request = vec![0; 8192];
                    let read = socket.read(&mut request).await.unwrap_or(0);
                    own.asked
                        .lock()
                        .unwrap()
                        .push(String::from_utf8_lossy(&request[..read]).into_owned());
                    let answer = own.answer.lock().unwrap().clone();
                    let _ = socket.write_all(answer.as_bytes()).await;
                    let _ = socket.shutdown().await;
                });
            }
        });
        server
    }

    /// What it answers from now on: the status and headers, and the body.
    pub fn say(&self, head: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() =
            format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
    }

    /// Requests so far, as far as they came in one piece.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// What lets a client reach this server, and nothing else on this machine.
    pub fn policy(&self) -> Policy {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Policy {
            address: |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: |port| port != 80,
            authorities: vec![self.authority.clone()],
            hosts: [(NAME.to_owned(), vec![localhost])].into(),
            timeout: Duration::from_secs(2),
            ..Policy::default()
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.port)
    }
}
