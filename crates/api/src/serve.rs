use std::net::SocketAddr;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Server;
use crate::state::AppState;

/// Serves until SIGTERM or SIGINT, then drains: `/readyz` says no, the load balancer has `drain_seconds` to notice,
/// no new connections are taken, running requests finish. A second signal ends it at once.
pub(crate) async fn run(
    state: AppState,
    config: &Server,
    metrics: Option<PrometheusHandle>,
) -> std::io::Result<()> {
    let app_state = state.clone();
    let server = HttpServer::new(move || crate::app(app_state.clone()))
        .workers(config.workers.max(1))
        // A reply in two pieces must not wait 40 ms for the client to acknowledge the first.
        .tcp_nodelay(true)
        .client_request_timeout(Duration::from_secs(config.body_timeout_seconds))
        .shutdown_timeout(config.shutdown_seconds)
        .disable_signals()
        .bind(config.bind)
        .map_err(|error| taken(config.bind, &error))?
        .run();
    let metrics_server = metrics
        .map(|metrics| metrics_server(metrics, config.metrics_bind))
        .transpose()?;
    let handle = server.handle();
    let mut serving = tokio::spawn(server);
    let metrics_handle = metrics_server.map(|server| {
        let handle = server.handle();
        tokio::spawn(server);
        handle
    });

    tokio::select! {
        ended = &mut serving => return ended.map_err(std::io::Error::other)?,
        () = stop_signal() => {}
    }
    tracing::info!(seconds = config.drain_seconds, "draining");
    state.readiness().drain();
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(config.drain_seconds)) => {}
        () = stop_signal() => {}
    }
    tokio::select! {
        () = handle.stop(true) => {}
        () = stop_signal() => handle.stop(false).await,
    }
    if let Some(handle) = metrics_handle {
        handle.stop(false).await;
    }
    state.db().close();
    tracing::info!("stopped");
    Ok(())
}

/// Says which address, and how to take another.
fn taken(address: SocketAddr, error: &std::io::Error) -> std::io::Error {
    std::io::Error::other(format!(
        "cannot listen on {address}: {error}; choose another address, such as with --set server.bind=127.0.0.1:8081"
    ))
}

/// Serves `/metrics` and nothing else.
pub(crate) fn metrics_server(
    metrics: PrometheusHandle,
    bind: SocketAddr,
) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        let metrics = metrics.clone();
        App::new().route(
            "/metrics",
            web::get().to(move || std::future::ready(metrics.render())),
        )
    });
    Ok(server
        .workers(1)
        .disable_signals()
        .bind(bind)
        .map_err(|error| taken(bind, &error))?
        .run())
}

/// Waits for SIGTERM (orchestrators) or SIGINT (Ctrl-C).
pub(crate) async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("cannot listen for signals");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
