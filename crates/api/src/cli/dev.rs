//! `karya dev`: from nothing to a running, filled system.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;

use clap::Args;
use karya_managed_postgres as managed;

use super::db::{DATABASE, PROJECT_FOLDER};
use super::{Failure, say};
use crate::config::{Config, Sources};
use crate::state::{AppState, Parts};
use crate::{database, demo, logging, serve, work};

#[derive(Debug, Args)]
pub(super) struct DevArgs {
    /// Install PostgreSQL without asking, if it is missing
    #[arg(long)]
    yes: bool,
    /// Print the addresses and accounts as JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(mut sources: Sources, args: DevArgs) -> Result<(), Failure> {
    sources.command_defaults = vec![
        ("log.format", "pretty".into()),
        ("log.filter", "warn,karya=info,karya::access=info".into()),
        ("server.drain_seconds", "0".into()),
        ("server.shutdown_seconds", "5".into()),
        ("mail.folder", format!("{PROJECT_FOLDER}/mail")),
        ("messages.gateway", "folder".into()),
        // Everybody knows the passwords of the demo accounts anyway.
        ("auth.staff_second_factor", "optional".into()),
    ];
    let mut config = sources.load()?;
    logging::start(&config.log);
    let started = std::time::Instant::now();

    let cluster = if config.database.url.is_empty() {
        let cluster = tokio::task::spawn_blocking(move || start_cluster(args.yes)).await??;
        config.database.url = cluster.url(DATABASE);
        Some(cluster)
    } else {
        None
    };
    // Whatever goes wrong from here on, the database that was started is stopped again.
    let outcome = run_on_database(&mut config, started, args.json).await;
    if let Some(cluster) = cluster {
        let owned = cluster.owned();
        tokio::task::spawn_blocking(move || cluster.stop()).await??;
        if owned {
            super::say_error("the database is stopped; its data stays in .karya");
        }
    }
    outcome
}

async fn run_on_database(
    config: &mut Config,
    started: std::time::Instant,
    json: bool,
) -> Result<(), Failure> {
    let folder = Path::new(PROJECT_FOLDER);
    if config.secrets.master_key.is_empty() {
        config.secrets.master_key = demo::development_key(folder)?;
    }
    database::prepare(&config.database.url).await?;
    let metrics = work::install_metrics()?;
    let inbox = (config.mail.transport == crate::config::MailTransport::Folder)
        .then(|| config.mail.folder.clone());
    let parts = Parts::build(config, inbox, Some(metrics)).await?;
    demo::seed(&parts).await?;
    let worker = work::Worker::new(config, &parts)?;
    let (stop_worker, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(worker.run(async {
        let _sender_gone = stopped.await;
    }));
    let _reloading = work::keep_keys_fresh(&parts);
    let _watching = work::watch_pools(&parts);
    let token = demo::access_token(&parts, &demo::ACCOUNTS[0]).await?;
    say(if json {
        banner_json(config, &token)
    } else {
        banner(config, started.elapsed().as_secs_f64())
    });

    let served = serve::run(AppState::new(parts), &config.server, None).await;
    let _worker_gone = stop_worker.send(());
    working.await??;
    served?;
    Ok(())
}

fn start_cluster(yes: bool) -> Result<managed::Cluster, managed::Error> {
    let consent = if yes {
        managed::Consent::Yes
    } else if std::io::stdin().is_terminal() {
        managed::Consent::Ask
    } else {
        managed::Consent::No
    };
    let search = managed::Search::from_env();
    let installation = managed::find_or_install(&search, consent, &|line| super::say_error(line))?;
    managed::Cluster::start(&installation, Path::new(PROJECT_FOLDER))
}

fn banner(config: &Config, seconds: f64) -> String {
    let url = &config.server.public_url;
    let mut text = String::new();
    let mut line = |line: String| {
        let _infallible = writeln!(text, "{line}");
    };
    line(format!(
        "\nKarya is ready ({seconds:.1} s). Ctrl-C stops everything; the data stays.\n"
    ));
    line(format!("  API            {url}/v1/businesses"));
    line(format!("  Documentation  {url}/docs"));
    line(format!(
        "  Inbox          {url}/inbox        (every mail and message that is sent)"
    ));
    line(format!("  Metrics        {url}/metrics"));
    line(format!(
        "  Database       karya db psql     ({})\n",
        masked(&config.database.url)
    ));
    line(format!("  Demo accounts, password {}", demo::PASSWORD));
    for account in &demo::ACCOUNTS {
        line(format!("    {:<15} {}", account.label, account.email));
    }
    line(format!(
        "\n  Try it:\n    \
         curl '{url}/v1/businesses?region=33.75&subsector=kriya'\n    \
         curl -X POST {url}/v1/auth/register -H 'Content-Type: application/json' \\\n      \
         -d '{{\"email\":\"ibu.sari@contoh.id\",\"password\":\"canting-dan-malam-panas\",\"display_name\":\"Ibu Sari\"}}'\n    \
         curl -X POST {url}/v1/auth/login -H 'Content-Type: application/json' \\\n      \
         -d '{{\"email\":\"{}\",\"password\":\"{}\"}}'",
        demo::ACCOUNTS[0].email,
        demo::PASSWORD
    ));
    line("\n  The README has a tour of five minutes.".to_owned());
    text
}

fn banner_json(config: &Config, token: &str) -> String {
    let url = &config.server.public_url;
    let accounts: Vec<_> = demo::ACCOUNTS
        .iter()
        .map(|account| serde_json::json!({ "label": account.label, "email": account.email, "password": demo::PASSWORD }))
        .collect();
    serde_json::json!({
        "api": format!("{url}/v1"), "docs": format!("{url}/docs"), "inbox": format!("{url}/inbox"),
        "metrics": format!("{url}/metrics"), "accounts": accounts, "owner_token": token,
    })
    .to_string()
}

fn masked(url: &str) -> String {
    url.split_once('@')
        .map_or_else(String::new, |(_, host)| format!("postgres://…@{host}"))
}
