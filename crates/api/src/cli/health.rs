use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;
use crate::config::Sources;

/// Longer than `/readyz` takes to give up on the database.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Ask whether the server lives, not whether it can serve
    #[arg(long, conflicts_with = "worker")]
    live: bool,
    /// Ask the worker, at its metrics
    #[arg(long)]
    worker: bool,
}

/// For images without a shell: asks the process that was started with the same configuration.
pub(super) async fn run(sources: &Sources, args: &HealthArgs) -> Result<(), Failure> {
    let config = sources.load()?;
    let (address, path) = if args.worker {
        (config.worker.metrics_bind, "/metrics")
    } else if args.live {
        (config.server.bind, "/livez")
    } else {
        (config.server.bind, "/readyz")
    };
    let address = reachable(address);
    let status = tokio::time::timeout(PATIENCE, ask(address, path))
        .await
        .map_err(|_elapsed| format!("{address}{path} does not answer"))?
        .map_err(|error| format!("{address}{path}: {error}"))?;
    if status == "200" {
        Ok(())
    } else {
        Err(format!("{address}{path} answers {status:?}").into())
    }
}

/// A server that listens everywhere listens here.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

/// The status of the reply.
async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // `HTTP/1.1 200`: twelve bytes.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    let start = String::from_utf8_lossy(&start);
    Ok(start.strip_prefix("HTTP/1.1 ").unwrap_or(&start).to_owned())
}
