//! Messages by the WhatsApp Business Platform: the Cloud API of Meta, with templates that Meta has approved.
//!
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates/auth-otp-template-messages>

use std::time::Duration;

use chrono::{DateTime, Utc};
use karya_core::{Lang, PhoneNumber};
use karya_fetch::{
    Bytes, FetchError, Fetcher, HeaderMap, HeaderName, HeaderValue, Method, Outgoing, Policy,
    Response, Url,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gateway::{GatewayError, MessageGateway, Sending};
use crate::message::Message;

/// Which number of which account sends, and with which templates. Each exists in `id` and `en`.
#[derive(Debug, Clone)]
pub struct WhatsAppOptions {
    /// `https://graph.facebook.com`.
    pub api: String,
    /// Of the Graph API: `v23.0`.
    pub version: String,
    /// Meta's id of the number that sends; not the number itself.
    pub phone_number_id: String,
    /// An access token with the permission `whatsapp_business_messaging`.
    pub token: SecretString,
    /// An authentication template with a copy-code button.
    pub code_template: String,
    /// A utility template without parameters.
    pub in_use_template: String,
    /// A utility template with two: the time, and the link.
    pub changed_template: String,
}

/// The options cannot be those of a working account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadWhatsAppOptions(pub &'static str);

/// The Cloud API.
pub struct WhatsApp {
    options: WhatsAppOptions,
    authorization: HeaderValue,
    number: Url,
    messages: Url,
    fetcher: Fetcher,
}

/// Codes that say "later", whatever the status: service and rate limits of application, account, number and pair.
const PASSING: [i64; 7] = [2, 4, 80_007, 130_429, 131_000, 131_016, 131_056];

#[derive(Deserialize)]
struct Refusal {
    error: RefusalCode,
}

#[derive(Deserialize)]
struct RefusalCode {
    code: i64,
}

impl WhatsApp {
    /// On the public internet.
    pub fn new(options: WhatsAppOptions) -> Result<Self, BadWhatsAppOptions> {
        let policy = Policy {
            timeout: Duration::from_secs(15),
            // An answer has some hundred bytes.
            max_bytes: 64 * 1024,
            ..Policy::default()
        };
        Self::with_policy(options, policy)
    }

    /// Where `policy` lets it go.
    pub fn with_policy(
        options: WhatsAppOptions,
        policy: Policy,
    ) -> Result<Self, BadWhatsAppOptions> {
        let is_version = |text: &str| {
            let numbers = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
            numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
        };
        let is_template = |name: &String| {
            (1..=512).contains(&name.len())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let templates = [
            &options.code_template,
            &options.in_use_template,
            &options.changed_template,
        ];
        if !is_version(&options.version) {
            return Err(BadWhatsAppOptions("the version is not like v23.0"));
        }
        if !is_number(&options.phone_number_id) {
            return Err(BadWhatsAppOptions("the phone number id is not digits"));
        }
        if options.token.expose_secret().is_empty() {
            return Err(BadWhatsAppOptions("the token is empty"));
        }
        if !templates.into_iter().all(is_template) {
            return Err(BadWhatsAppOptions(
                "a template's name is not small letters, digits and underscores",
            ));
        }
        let bearer = format!("Bearer {}", options.token.expose_secret());
        let mut authorization = HeaderValue::try_from(bearer)
            .map_err(|_unprintable| BadWhatsAppOptions("the token holds control characters"))?;
        authorization.set_sensitive(true);
        let base = format!(
            "{}/{}/{}",
            options.api.trim_end_matches('/'),
            options.version,
            options.phone_number_id
        );
        let fetcher = Fetcher::new(policy);
        let address = |text: String| {
            let url: Option<Url> = text.parse().ok();
            url.filter(|url| fetcher.check(url).is_ok())
                .ok_or(BadWhatsAppOptions("the API's address is not one of https"))
        };
        Ok(Self {
            authorization,
            number: address(base.clone() + "?fields=id")?,
            messages: address(base + "/messages")?,
            fetcher: fetcher.clone(),
            options,
        })
    }

    /// Asks for the number that sends, and sends nothing: whether number and token fit.
    pub async fn greet(&self) -> Result<(), GatewayError> {
        let request = self.request(Method::GET, &self.number, Bytes::new());
        judge(self.fetcher.send(request).await)
    }

    fn request(&self, method: Method, url: &Url, body: Bytes) -> Outgoing {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("authorization"),
            self.authorization.clone(),
        );
        if !body.is_empty() {
            headers.insert(
                HeaderName::from_static("content-type"),
                HeaderValue::from_static("application/json"),
            );
        }
        Outgoing {
            method,
            url: url.clone(),
            headers,
            body,
        }
    }

    fn body(&self, to: &PhoneNumber, lang: Lang, message: &Message) -> Value {
        let text = |text: &str| json!([{ "type": "text", "text": text }]);
        let (template, components) = match message {
            Message::Code { code, .. } => {
                // Twice: in the text, and behind the button that copies it.
                let code = text(code.expose_secret());
                let components = json!([
                    { "type": "body", "parameters": code },
                    { "type": "button", "sub_type": "url", "index": "0", "parameters": code },
                ]);
                (&self.options.code_template, components)
            }
            Message::NumberInUse => (&self.options.in_use_template, json!([])),
            Message::NumberChanged { at, link, .. } => {
                let parameters = json!([
                    { "type": "text", "text": Message::time(*at) },
                    { "type": "text", "text": link.expose_secret() },
                ]);
                let components = json!([{ "type": "body", "parameters": parameters }]);
                (&self.options.changed_template, components)
            }
        };
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": to.as_str().trim_start_matches('+'),
            "type": "template",
            "template": {
                "name": template,
                "language": { "code": lang.as_str() },
                "components": components,
            },
        })
    }
}

impl MessageGateway for WhatsApp {
    fn send<'a>(
        &'a self,
        _now: DateTime<Utc>,
        to: &'a PhoneNumber,
        lang: Lang,
        message: &'a Message,
    ) -> Sending<'a> {
        let body = self.body(to, lang, message).to_string();
        let request = self.request(Method::POST, &self.messages, body.into());
        Box::pin(async move { judge(self.fetcher.send(request).await) })
    }
}

fn is_number(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What an answer means. Only numbers of it are told: its words can hold the number that was written to.
fn judge(answer: Result<Response, FetchError>) -> Result<(), GatewayError> {
    let response = match answer {
        Ok(response) => response,
        // The first answered, so it may have sent: again would be twice. The others are set so.
        Err(
            error @ (FetchError::TooLarge | FetchError::BadAddress | FetchError::RefusedAddress),
        ) => {
            return Err(GatewayError::Refused(error.to_string()));
        }
        Err(error) => return Err(GatewayError::Passing(error.to_string())),
    };
    let status = response.status;
    if status.is_success() {
        return Ok(());
    }
    let refusal: Option<Refusal> = serde_json::from_slice(&response.body).ok();
    let code = refusal.map(|refusal| refusal.error.code);
    let told = match code {
        Some(code) => format!("status {}, code {code}", status.as_u16()),
        None => format!("status {}", status.as_u16()),
    };
    let is_passing = status.is_server_error()
        || status.as_u16() == 429
        || code.is_some_and(|code| PASSING.contains(&code));
    Err(if is_passing {
        GatewayError::Passing(told)
    } else {
        GatewayError::Refused(told)
    })
}
