//! A real conversation over TLS, with a server of our own on this machine.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use karya_fetch::{
    Bytes, FetchError, Fetched, Fetcher, HeaderMap, Method, Outgoing, Policy, StatusCode, Url,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Answers `answer(request)` to everyone, at `https://toko.test`.
async fn server(answer: fn(&str) -> String) -> (u16, CertificateDer<'static>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["toko.test".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let authority = cert.der().clone();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![authority.clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut socket) = acceptor.accept(socket).await else {
                    return;
                };
                let mut request = String::new();
                // A body, where there is one, ends with a brace.
                while !request.contains("\r\n\r\n")
                    || (request.starts_with("POST") && !request.ends_with('}'))
                {
                    let mut part = [0; 4096];
                    let read = socket.read(&mut part).await.unwrap_or(0);
                    if read == 0 {
                        return;
                    }
                    request += &String::from_utf8_lossy(part.get(..read).unwrap_or_default());
                }
                let _ = socket.write_all(answer(&request).as_bytes()).await;
                let _ = socket.shutdown().await;
            });
        }
    });
    (port, authority)
}

fn policy(authority: CertificateDer<'static>) -> Policy {
    Policy {
        address: |address| address == HERE,
        port: |_| true,
        authorities: vec![authority],
        hosts: [
            ("toko.test".to_owned(), vec![HERE]),
            ("lain.test".to_owned(), vec![HERE]),
            (
                "dalam.test".to_owned(),
                vec![HERE, "10.0.0.1".parse().unwrap()],
            ),
        ]
        .into(),
        timeout: Duration::from_secs(5),
        max_bytes: 1000,
        ..Policy::default()
    }
}

fn url(host: &str, port: u16, path: &str) -> Url {
    format!("https://{host}:{port}{path}").parse().unwrap()
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_page_is_fetched_and_asked_for_again() {
    let (port, authority) = server(|request| {
        if request.contains("if-none-match: \"v1\"") {
            return "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned();
        }
        assert!(request.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("host: toko.test:"), "{request}");
        ok("halo")
    })
    .await;
    let fetcher = Fetcher::new(policy(authority));
    let url = url("toko.test", port, "/a?b=c#d");
    let fetched = fetcher.get(&url, None).await.unwrap();
    let etag = Some("\"v1\"".to_owned());
    assert_eq!(
        fetched,
        Fetched::Body {
            bytes: Bytes::from_static(b"halo"),
            etag
        }
    );
    assert_eq!(
        fetcher.get(&url, Some("\"v1\"")).await,
        Ok(Fetched::NotModified)
    );
}

#[tokio::test]
async fn a_body_is_posted_and_no_redirect_followed() {
    let (port, authority) = server(|request| {
        assert!(request.starts_with("POST /kait HTTP/1.1\r\n") && request.ends_with("{}"));
        "HTTP/1.1 307 Away\r\nlocation: /lain\r\ncontent-length: 0\r\n\r\n".to_owned()
    })
    .await;
    let request = Outgoing {
        method: Method::POST,
        url: url("toko.test", port, "/kait"),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    };
    let response = Fetcher::new(policy(authority)).send(request).await.unwrap();
    assert_eq!(response.status, StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn redirects_are_followed_three_times_and_checked_each_time() {
    let (port, authority) = server(|request| {
        let path = request.split(' ').nth(1).unwrap();
        let to = match path {
            "/3" => "/2",
            "/2" => "/1",
            "/1" => "/0",
            "/4" => "/3",
            "/dalam" => "https://dalam.test/x",
            "/literal" => "https://192.168.1.1/x",
            "/terang" => "http://toko.test/x",
            "/sandi" => "https://a:b@toko.test/x",
            _ => return ok(path),
        };
        format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
    })
    .await;
    let fetcher = Fetcher::new(policy(authority));
    for (path, expected) in [
        ("/3", None),
        ("/4", Some(FetchError::Redirects)),
        ("/dalam", Some(FetchError::RefusedAddress)),
        ("/literal", Some(FetchError::RefusedAddress)),
        ("/terang", Some(FetchError::BadAddress)),
        ("/sandi", Some(FetchError::BadAddress)),
    ] {
        let outcome = fetcher.get(&url("toko.test", port, path), None).await;
        assert_eq!(outcome.err(), expected, "{path}");
    }
}

#[tokio::test]
async fn one_address_that_is_not_public_refuses_a_name() {
    let (port, authority) = server(|_| ok("rahasia")).await;
    let fetcher = Fetcher::new(policy(authority));
    let refused = Err(FetchError::RefusedAddress);
    assert_eq!(
        fetcher.get(&url("dalam.test", port, "/"), None).await,
        refused
    );
    // By the usual rules, this machine is not public, whatever it is called.
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "0x7f.0.0.1",
        "[::ffff:127.0.0.1]",
    ] {
        let url: Url = format!("https://{host}/").parse().unwrap();
        assert_eq!(Fetcher::default().get(&url, None).await, refused, "{host}");
    }
    let other_port = url("toko.test", port, "/");
    assert_eq!(
        Fetcher::default().get(&other_port, None).await,
        Err(FetchError::BadAddress)
    );
}

#[tokio::test]
async fn whoever_does_not_prove_their_name_is_not_asked() {
    let (port, authority) = server(|_| ok("palsu")).await;
    let another = Fetcher::new(policy(authority.clone()));
    assert_eq!(
        another.get(&url("lain.test", port, "/"), None).await,
        Err(FetchError::Tls)
    );
    let nobody = Fetcher::new(Policy {
        authorities: Vec::new(),
        ..policy(authority)
    });
    assert_eq!(
        nobody.get(&url("toko.test", port, "/"), None).await,
        Err(FetchError::Tls)
    );
}

#[tokio::test]
async fn size_and_time_are_bounded() {
    let (port, authority) = server(|request| match request.split(' ').nth(1).unwrap() {
        "/besar" => ok(&"x".repeat(1001)),
        "/potongan" => {
            let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            format!("{head}{}0\r\n\r\n", chunk.repeat(11))
        }
        "/penuh" => ok(&"x".repeat(1000)),
        "/diam" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx".to_owned(),
        "/bukan" => "halo\r\n\r\n".to_owned(),
        _ => "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned(),
    })
    .await;
    let fetcher = Fetcher::new(policy(authority.clone()));
    for (path, expected) in [
        ("/besar", Some(FetchError::TooLarge)),
        ("/potongan", Some(FetchError::TooLarge)),
        ("/penuh", None),
        ("/diam", Some(FetchError::Protocol)),
        ("/bukan", Some(FetchError::Protocol)),
        ("/sibuk", Some(FetchError::Status(503))),
    ] {
        let outcome = fetcher.get(&url("toko.test", port, path), None).await;
        assert_eq!(outcome.err(), expected, "{path}");
    }
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let hurried = Fetcher::new(Policy {
        timeout: Duration::from_millis(200),
        ..policy(authority)
    });
    assert_eq!(
        hurried.get(&url("toko.test", port, "/"), None).await,
        Err(FetchError::Timeout)
    );
}

/// For development: the other side at home, by http.
#[tokio::test]
async fn this_machine_is_asked_only_where_that_is_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    let at_home = Fetcher::new(Policy {
        loopback: true,
        ..Policy::default()
    });
    for host in ["127.0.0.1", "localhost"] {
        let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
        let fetched = at_home.get(&url, None).await;
        assert!(matches!(fetched, Ok(Fetched::Body { .. })), "{fetched:?}");
        let strict = Fetcher::default().get(&url, None).await;
        assert_eq!(strict, Err(FetchError::BadAddress));
    }
    for elsewhere in [
        "http://toko.contoh.id/",
        "http://10.0.0.1/",
        "https://10.0.0.1/",
    ] {
        let url = Url::parse(elsewhere).unwrap();
        assert!(at_home.check(&url).is_err(), "{elsewhere}");
    }
}
