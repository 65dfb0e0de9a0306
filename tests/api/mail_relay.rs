//! The way to the mail relay: nobody in between reads mails.

use std::sync::Arc;

use karya_core::{EmailAddress, Lang};
use karya_notifications::{MailOptions, Mailer, SmtpOptions, SmtpSecurity, Template, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::harness::noon;

/// A relay that takes one mail after the other, over TLS with a certificate for `name`: its port, and the certificate.
async fn relay(name: &str) -> (u16, String) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(socket) = acceptor.accept(socket).await {
                let _hung_up = serve(BufReader::new(socket)).await;
            }
        }
    });
    (port, cert.pem())
}

async fn serve<S>(mut socket: S) -> std::io::Result<()>
where
    S: tokio::io::AsyncBufRead + tokio::io::AsyncWrite + Unpin,
{
    socket.write_all(b"220 relay\r\n").await?;
    let (mut line, mut is_data) = (String::new(), false);
    while socket.read_line(&mut line).await? > 0 {
        let answer: &[u8] = match line.trim_end() {
            "." => b"250 taken\r\n",
            _ if is_data => b"",
            "DATA" => b"354 go on\r\n",
            "QUIT" => b"221 bye\r\n",
            _ => b"250 yes\r\n",
        };
        is_data = (is_data || line.trim_end() == "DATA") && line.trim_end() != ".";
        socket.write_all(answer).await?;
        line.clear();
    }
    Ok(())
}

async fn send(port: u16, authority: Option<&str>) -> Result<(), String> {
    let mailer = Mailer::new(MailOptions {
        transport: Transport::Smtp(SmtpOptions {
            host: "localhost".to_owned(),
            port,
            security: SmtpSecurity::Tls,
            credentials: None,
            extra_authority: authority.map(|pem| pem.as_bytes().to_vec()),
        }),
        from_name: "Karya".to_owned(),
        from_address: EmailAddress::parse("halo@karya.test").unwrap(),
    });
    let to = EmailAddress::parse("sari@contoh.id").unwrap();
    let mail = Template::AlreadyRegistered {
        display_name: "Sari".to_owned(),
        link: "https://karya.test".to_owned(),
    };
    let sent = mailer.unwrap().send(noon(), &to, Lang::Id, &mail).await;
    sent.map_err(|error| error.to_string())
}

/// RUSTSEC-2026-0141: certificates for other names were taken.
#[actix_web::test]
async fn a_certificate_of_another_host_is_refused() {
    let (port, pem) = relay("localhost").await;
    send(port, Some(&pem)).await.unwrap();
    send(port, None).await.expect_err("nobody vouches for it");
    let (port, pem) = relay("relay.test").await;
    send(port, Some(&pem))
        .await
        .expect_err("it is somebody else's");
}
