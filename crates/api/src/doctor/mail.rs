use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Findings;
use crate::config::{Mail, SmtpTls};

const PATIENCE: Duration = Duration::from_secs(10);

/// Says hello to the relay and leaves.
pub(super) async fn examine(findings: &mut Findings, mail: &Mail) {
    let check = "mail";
    let greeted = tokio::time::timeout(PATIENCE, greet(mail)).await;
    match greeted.unwrap_or_else(|_elapsed| Err("no answer within 10 seconds".into())) {
        Ok(found) => findings.ok(check, found),
        Err(reason) => findings.fail(
            check,
            format!("{}:{}: {reason}", mail.host, mail.port),
            "check mail.host, mail.port and mail.tls, and whether this machine may reach the relay",
        ),
    }
}

async fn greet(mail: &Mail) -> Result<String, String> {
    let said = |error: std::io::Error| error.to_string();
    let place = (mail.host.as_str(), mail.port);
    let mut stream = BufReader::new(TcpStream::connect(place).await.map_err(said)?);
    if mail.tls == SmtpTls::Tls {
        return Ok(format!(
            "{}:{} takes connections; TLS comes before its greeting and was not tried",
            mail.host, mail.port
        ));
    }
    let greeting = reply(&mut stream).await?;
    if !greeting.starts_with("220") {
        return Err(format!("greets with {greeting:?}"));
    }
    stream
        .write_all(b"EHLO karya-doctor.localdomain\r\n")
        .await
        .map_err(said)?;
    let offers = reply(&mut stream).await?;
    // Politeness: what it says to that changes nothing.
    let _gone = stream.write_all(b"QUIT\r\n").await;
    if mail.tls == SmtpTls::Starttls && !offers.to_ascii_uppercase().contains("STARTTLS") {
        return Err("does not offer STARTTLS".into());
    }
    Ok(format!(
        "{}:{} greets; nothing was sent",
        mail.host, mail.port
    ))
}

/// A reply, all its lines.
async fn reply(stream: &mut BufReader<TcpStream>) -> Result<String, String> {
    const LONGEST: usize = 8 * 1024;
    let mut text = String::new();
    while text.len() < LONGEST {
        let from = text.len();
        let read = stream.read_line(&mut text).await;
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("hung up".into());
        }
        let is_last = text.get(from + 3..=from + 3) != Some("-");
        if is_last {
            return Ok(text.trim_end().to_owned());
        }
    }
    Err("says too much".into())
}
