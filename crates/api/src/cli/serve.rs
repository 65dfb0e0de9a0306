use std::path::Path;

use karya_auth::queries::demo_users_exist;

use super::Failure;
use crate::config::{Config, Sources};
use crate::{demo, logging, serve as server, state, work};

/// `karya serve`.
pub(super) async fn serve(sources: &Sources) -> Result<(), Failure> {
    let config = production(sources).await?;
    let metrics = crate::work::install_metrics()?;
    let parts = state::Parts::build(&config, None, None).await?;
    let _reloading = work::keep_keys_fresh(&parts);
    let _watching = work::watch_pools(&parts);
    tracing::info!(bind = %config.server.bind, public_url = config.server.public_url, "serving");
    server::run(state::AppState::new(parts), &config.server, Some(metrics)).await?;
    Ok(())
}

/// `karya work`.
pub(super) async fn work(sources: &Sources) -> Result<(), Failure> {
    let config = production(sources).await?;
    let metrics = work::install_metrics()?;
    let parts = state::Parts::build(&config, None, None).await?;
    let worker = work::Worker::new(&config, &parts)?;
    let _watching = work::watch_pools(&parts);
    let metrics = server::metrics_server(metrics, config.worker.metrics_bind)?;
    let handle = metrics.handle();
    tokio::spawn(metrics);
    tracing::info!(concurrency = config.worker.concurrency, "working");
    let outcome = worker.run(server::stop_signal()).await;
    handle.stop(false).await;
    outcome
}

/// The configuration, if it is fit for the public: no default secrets, no demo data, no managed database.
async fn production(sources: &Sources) -> Result<Config, Failure> {
    let config = sources.load()?;
    config.check_production()?;
    logging::start(&config.log);
    let conn = karya_db::connect(&config.database.url).await?;
    if !karya_db::migrations::is_current(&conn)
        .await
        .unwrap_or(false)
    {
        return Err("the database lacks migrations: run `karya migrate up` first".into());
    }
    if demo_users_exist(&conn).await? {
        return Err(
            "the database holds demo accounts with known passwords: production needs one without"
                .into(),
        );
    }
    Ok(config)
}

/// For commands that need the application's parts but no server.
pub(super) struct Offline {
    pub(super) parts: state::Parts,
}

impl Offline {
    /// With an explicit database, or the private one of `karya dev` if it is running.
    pub(super) async fn open(sources: &Sources) -> Result<Self, Failure> {
        let mut config = sources.load()?;
        config.database.url = super::db::url_or_running(&config)?;
        if config.secrets.master_key.is_empty() {
            config.secrets.master_key =
                demo::development_key(Path::new(super::db::PROJECT_FOLDER))?;
        }
        Ok(Self {
            parts: state::Parts::build(&config, None, None).await?,
        })
    }
}
