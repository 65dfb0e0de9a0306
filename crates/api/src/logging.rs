use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::ChronoUtc;

use crate::config::{Log, LogFormat};

/// Starts logging to standard error. A second call changes nothing.
pub(crate) fn start(log: &Log) {
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_invalid| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let time = ChronoUtc::new("%Y-%m-%dT%H:%M:%S%.3fZ".to_owned());
    let _already_started = match log.format {
        LogFormat::Json => builder
            .with_timer(time)
            .json()
            .flatten_event(true)
            .try_init(),
        LogFormat::Pretty => builder.with_timer(time).compact().try_init(),
    };
}
