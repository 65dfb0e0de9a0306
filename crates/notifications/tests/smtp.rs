//! A real SMTP conversation, with a server of our own on this machine.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use karya_core::{EmailAddress, Lang};
use karya_notifications::{MailOptions, Mailer, SmtpOptions, SmtpSecurity, Template, Transport};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// How the server of a test encrypts.
#[derive(Clone)]
enum Encryption {
    None,
    /// Offers STARTTLS (RFC 3207).
    Starttls(TlsAcceptor),
    /// Speaks TLS from the first byte (RFC 8314).
    Implicit(TlsAcceptor),
}

/// Serves one client (RFC 5321) and returns what it said.
async fn server(encryption: Encryption) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut said = Vec::new();
        match encryption {
            Encryption::None => {
                converse(socket, true, "", &mut said).await;
            }
            Encryption::Implicit(acceptor) => {
                if let Ok(secure) = acceptor.accept(socket).await {
                    converse(secure, true, "", &mut said).await;
                }
            }
            Encryption::Starttls(acceptor) => {
                let socket = converse(socket, true, "250-STARTTLS\r\n", &mut said).await;
                if let Ok(secure) = acceptor.accept(socket).await {
                    said.push("(encrypted)".into());
                    converse(secure, false, "", &mut said).await;
                }
            }
        }
        said
    });
    (port, serving)
}

/// Talks until the client leaves or wants to encrypt; returns the connection.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    socket: S,
    greet: bool,
    extensions: &str,
    said: &mut Vec<String>,
) -> S {
    let mut socket = BufReader::new(socket);
    let mut in_data = false;
    if greet {
        socket.write_all(b"220 test ESMTP\r\n").await.unwrap();
    }
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
            return socket.into_inner();
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer = match verb.as_str() {
            _ if in_data && line == "." => {
                in_data = false;
                "250 kept\r\n".to_owned()
            }
            _ if in_data => String::new(),
            "EHLO" => format!("250-test\r\n{extensions}250 8BITMIME\r\n"),
            "STARTTLS" => "220 go on\r\n".to_owned(),
            "DATA" => {
                in_data = true;
                "354 go on\r\n".to_owned()
            }
            "QUIT" => "221 bye\r\n".to_owned(),
            "MAIL" | "RCPT" | "NOOP" | "RSET" => "250 ok\r\n".to_owned(),
            _ => "500 what?\r\n".to_owned(),
        };
        said.push(line);
        let written = socket.write_all(answer.as_bytes()).await;
        if written.is_err() || socket.flush().await.is_err() || verb == "QUIT" || verb == "STARTTLS"
        {
            return socket.into_inner();
        }
    }
}

/// A server's side of TLS for `host`, and the certificate that a client must trust, in PEM.
fn certificate(host: &str) -> (TlsAcceptor, Vec<u8>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.pem().into_bytes())
}

fn mailer(port: u16, security: SmtpSecurity, extra_authority: Option<Vec<u8>>) -> Mailer {
    let smtp = SmtpOptions {
        host: "localhost".into(),
        port,
        security,
        credentials: None,
        extra_authority,
    };
    Mailer::new(MailOptions {
        transport: Transport::Smtp(smtp),
        from_name: "Karya".into(),
        from_address: EmailAddress::parse("halo@karya.test").unwrap(),
    })
    .unwrap()
}

async fn send(mailer: &Mailer, name: &str) -> Result<(), karya_notifications::MailError> {
    let template = Template::AlreadyRegistered {
        display_name: name.into(),
        link: "https://karya.test".into(),
    };
    let to = EmailAddress::parse("sari@contoh.id").unwrap();
    mailer
        .send(
            "2026-06-01T05:00:00Z".parse().unwrap(),
            &to,
            Lang::Id,
            &template,
        )
        .await
}

#[tokio::test]
async fn a_mail_is_handed_over_whole() {
    let (port, serving) = server(Encryption::None).await;
    let mailer = mailer(port, SmtpSecurity::None, None);
    send(&mailer, "Sari\r\nBcc: korban@contoh.id\u{1b}[31m")
        .await
        .unwrap();
    drop(mailer);
    let said = serving.await.unwrap();
    for line in [
        "MAIL FROM:<halo@karya.test>",
        "RCPT TO:<sari@contoh.id>",
        "From: Karya <halo@karya.test>",
        "To: sari@contoh.id",
        "Subject: Anda sudah punya akun Karya",
        "Auto-Submitted: auto-generated",
        "Date: Mon, 01 Jun 2026 05:00:00 +0000",
    ] {
        assert!(
            said.iter().any(|said| said == line),
            "{line} is not in {said:#?}"
        );
    }
    assert_eq!(
        said.iter().filter(|line| line.starts_with("RCPT")).count(),
        1
    );
    let headers: Vec<&String> = said
        .iter()
        .skip_while(|line| *line != "DATA")
        .take_while(|line| !line.is_empty())
        .collect();
    assert!(
        !headers
            .iter()
            .any(|line| line.to_lowercase().starts_with("bcc")),
        "{headers:?}"
    );
    assert!(
        headers
            .iter()
            .any(|line| line.starts_with("Message-ID: <") && line.ends_with("@karya.test>"))
    );
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_mail() {
    let (port, serving) = server(Encryption::None).await;
    let mailer = mailer(port, SmtpSecurity::Starttls, None);
    assert!(send(&mailer, "Sari").await.is_err());
    drop(mailer);
    let said = serving.await.unwrap();
    assert!(
        !said.iter().any(|line| line.starts_with("MAIL")),
        "{said:?}"
    );
}

#[tokio::test]
async fn mails_travel_encrypted() {
    for security in [SmtpSecurity::Starttls, SmtpSecurity::Tls] {
        let (acceptor, authority) = certificate("localhost");
        let encryption = if security == SmtpSecurity::Tls {
            Encryption::Implicit(acceptor)
        } else {
            Encryption::Starttls(acceptor)
        };
        let (port, serving) = server(encryption).await;
        let mailer = mailer(port, security, Some(authority));
        send(&mailer, "Sari").await.unwrap();
        drop(mailer);
        let said = serving.await.unwrap();
        let place = |wanted: &str| said.iter().position(|line| line == wanted);
        assert!(place("MAIL FROM:<halo@karya.test>").is_some(), "{said:?}");
        if security == SmtpSecurity::Starttls {
            assert!(
                place("(encrypted)") < place("MAIL FROM:<halo@karya.test>"),
                "{said:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_for_another_host_or_from_nobody_gets_no_mail() {
    let (elsewhere, elsewhere_authority) = certificate("mail.example");
    let (unknown, _) = certificate("localhost");
    for (acceptor, authority) in [(elsewhere, Some(elsewhere_authority)), (unknown, None)] {
        for security in [SmtpSecurity::Starttls, SmtpSecurity::Tls] {
            let encryption = if security == SmtpSecurity::Tls {
                Encryption::Implicit(acceptor.clone())
            } else {
                Encryption::Starttls(acceptor.clone())
            };
            let (port, serving) = server(encryption).await;
            let mailer = mailer(port, security, authority.clone());
            assert!(send(&mailer, "Sari").await.is_err());
            drop(mailer);
            let said = serving.await.unwrap();
            assert!(
                !said.iter().any(|line| line.starts_with("MAIL")),
                "{said:?}"
            );
        }
    }
}
