use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::ChronoUtc;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Starts logging to standard error. A second call changes nothing.
pub(crate) fn start(log: &Log) {
    let _already_started = subscriber(log, std::io::stderr).try_init();
}

/// What writes the log: in JSON, a line is one event, whatever was typed.
pub fn subscriber<W>(log: &Log, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_invalid| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    let time = ChronoUtc::new("%Y-%m-%dT%H:%M:%S%.3fZ".to_owned());
    match log.format {
        LogFormat::Json => {
            let builder = builder.with_timer(time).json().flatten_event(true);
            Box::new(builder.finish())
        }
        LogFormat::Pretty => Box::new(builder.with_timer(time).compact().finish()),
    }
}
