use karya_notifications::GatewayError;

use super::Findings;
use crate::config::{Config, MessageTransport};

/// Asks the gateway for the number that sends, and sends nothing.
pub(super) async fn examine(findings: &mut Findings, config: &Config) {
    let check = "messages";
    let messages = &config.messages;
    if messages.gateway != MessageTransport::Whatsapp {
        let settings = [&messages.whatsapp_phone_number_id, &messages.whatsapp_token];
        if settings.into_iter().any(|setting| !setting.is_empty()) {
            findings.warn(
                check,
                "there are settings for WhatsApp, and messages.gateway does not choose it",
                "set messages.gateway to `whatsapp`, or remove the messages.whatsapp_ settings",
            );
        } else {
            findings.ok(check, "no gateway to phones is wanted");
        }
        return;
    }
    let gateway = match config.whatsapp() {
        Ok(gateway) => gateway,
        Err(reason) => {
            findings.fail(
                check,
                format!("WhatsApp is half configured: {reason}"),
                "set messages.whatsapp_phone_number_id, messages.whatsapp_token_file and the templates",
            );
            return;
        }
    };
    match gateway.greet().await {
        Ok(()) => findings.ok(check, "WhatsApp knows the number and the token; nothing was sent"),
        Err(error @ GatewayError::Refused(_)) => findings.fail(
            check,
            error.to_string(),
            "check messages.whatsapp_phone_number_id, and whether the token has expired or lacks the permission whatsapp_business_messaging",
        ),
        Err(error @ GatewayError::Passing(_)) => findings.fail(
            check,
            error.to_string(),
            "check whether this machine may reach messages.whatsapp_api",
        ),
    }
}
