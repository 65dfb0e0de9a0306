//! A real SMTP conversation, with a server of our own on this machine.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use karya_core::{EmailAddress, Lang};
use karya_notifications::{MailOptions, Mailer, SmtpOptions, SmtpSecurity, Template, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves one client (RFC 5321) and returns what it said.
async fn server(extensions: &'static str) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut said = Vec::new();
        let mut in_data = false;
        writer.write_all(b"220 test ESMTP\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
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
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n".to_owned()
                }
                "QUIT" => "221 bye\r\n".to_owned(),
                "MAIL" | "RCPT" | "NOOP" | "RSET" => "250 ok\r\n".to_owned(),
                _ => "500 what?\r\n".to_owned(),
            };
            said.push(line);
            if writer.write_all(answer.as_bytes()).await.is_err() || verb == "QUIT" {
                break;
            }
        }
        said
    });
    (port, serving)
}

fn mailer(port: u16, security: SmtpSecurity) -> Mailer {
    let smtp = SmtpOptions {
        host: "127.0.0.1".into(),
        port,
        security,
        credentials: None,
    };
    Mailer::new(MailOptions {
        transport: Transport::Smtp(smtp),
        from_name: "Karya".into(),
        from_address: EmailAddress::parse("halo@karya.test").unwrap(),
    })
    .unwrap()
}

async fn send(mailer: &Mailer, name: &str) -> Result<(), karya_notifications::MailError> {
    let template = Template::VerifyEmail {
        display_name: name.into(),
        link: "https://karya.test/verify-email?token=abc".into(),
        token: "abc".into(),
        valid_hours: 24,
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
    let (port, serving) = server("").await;
    let mailer = mailer(port, SmtpSecurity::None);
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
        "Subject: Verifikasi alamat surel Anda",
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
    let (port, serving) = server("").await;
    let mailer = mailer(port, SmtpSecurity::Starttls);
    assert!(send(&mailer, "Sari").await.is_err());
    drop(mailer);
    let said = serving.await.unwrap();
    assert!(
        !said.iter().any(|line| line.starts_with("MAIL")),
        "{said:?}"
    );
}
