use std::fmt;

use tracing::Subscriber;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::ChronoUtc;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Starts logging to standard error. A second call changes nothing.
pub(crate) fn start(log: &Log) {
    let _already_started = subscriber(log, std::io::stderr).try_init();
}

/// What writes the log: a line is one event, and nothing in it speaks to a terminal, whatever was typed.
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
        LogFormat::Pretty => {
            let fields = debug_fn(write_field).delimited(" ");
            let builder = builder.with_timer(time).compact().fmt_fields(fields);
            Box::new(builder.finish())
        }
    }
}

/// Line feeds and what terminals obey are shown instead of meant.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{field}=")?;
    }
    for c in format!("{value:?}").chars() {
        if c.is_control() {
            write!(writer, "{}", c.escape_default())?;
        } else {
            writer.write_char(c)?;
        }
    }
    Ok(())
}
