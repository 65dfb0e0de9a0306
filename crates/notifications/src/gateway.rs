//! How messages reach phones.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use karya_core::{Lang, PhoneNumber};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Message;

/// A message on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), GatewayError>> + Send + 'a>>;

/// Something that carries messages to phones.
pub trait MessageGateway: Send + Sync {
    /// Hands one message over. `now` becomes its date, where there is one.
    fn send<'a>(
        &'a self,
        now: DateTime<Utc>,
        to: &'a PhoneNumber,
        lang: Lang,
        message: &'a Message,
    ) -> Sending<'a>;
}

/// A message did not leave. Neither the number nor what it says stands in the words: they are logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The job that sends it tries again.
    #[error("the message gateway, for now: {0}")]
    Passing(String),
    /// Trying again would end in the same way.
    #[error("the message gateway refuses: {0}")]
    Refused(String),
}

/// Sends messages by the gateway that is configured, if one is, and counts them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Messenger(Option<Arc<dyn MessageGateway>>);

impl Messenger {
    #[must_use]
    pub fn new(gateway: impl MessageGateway + 'static) -> Self {
        Self(Some(Arc::new(gateway)))
    }

    /// Sends one message. What the gateway refuses for good is logged and counted, and is no error: nobody can do
    /// anything about a number that takes no messages.
    pub async fn send(
        &self,
        now: DateTime<Utc>,
        to: &PhoneNumber,
        lang: Lang,
        message: &Message,
    ) -> Result<(), GatewayError> {
        let sent = match &self.0 {
            Some(gateway) => gateway.send(now, to, lang, message).await,
            None => Err(GatewayError::Refused("none is configured".to_owned())),
        };
        let (outcome, result) = match sent {
            Ok(()) => ("sent", Ok(())),
            Err(error @ GatewayError::Passing(_)) => ("failed", Err(error)),
            Err(error @ GatewayError::Refused(_)) => {
                tracing::error!(to = to.masked(), %error, "a message does not reach its phone");
                ("refused", Ok(()))
            }
        };
        metrics::counter!("karya_messages_total", "outcome" => outcome).increment(1);
        result
    }
}

/// One file per message, in the folder of the mails: for development.
#[derive(Debug, Clone)]
pub struct FolderGateway {
    folder: PathBuf,
}

/// A message as [`FolderGateway`] keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptMessage {
    pub(crate) to: String,
    pub(crate) date: String,
    pub(crate) text: String,
}

impl FolderGateway {
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    async fn keep(&self, message: &KeptMessage) -> std::io::Result<()> {
        let id = Uuid::now_v7();
        tokio::fs::create_dir_all(&self.folder).await?;
        // Readers see whole files only.
        let unfinished = self.folder.join(format!(".{id}"));
        tokio::fs::write(&unfinished, serde_json::to_vec(message)?).await?;
        tokio::fs::rename(unfinished, self.folder.join(format!("{id}.json"))).await
    }
}

impl MessageGateway for FolderGateway {
    fn send<'a>(
        &'a self,
        now: DateTime<Utc>,
        to: &'a PhoneNumber,
        lang: Lang,
        message: &'a Message,
    ) -> Sending<'a> {
        let kept = KeptMessage {
            to: to.as_str().to_owned(),
            date: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            text: message.text(lang),
        };
        Box::pin(async move {
            let kept = self.keep(&kept).await;
            kept.map_err(|error| GatewayError::Passing(format!("the message folder: {error}")))
        })
    }
}
