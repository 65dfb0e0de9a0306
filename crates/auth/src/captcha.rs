//! A hook for captchas: who wants to register or to have mails sent shows that a person asks.
//!
//! Off unless configured. Turnstile, hCaptcha and reCAPTCHA all take a form with `secret`, `response` and `remoteip` at
//! an address of theirs ("siteverify") and answer `{"success": …}`; the app shows theirs and sends what it got as the
//! header `Captcha-Token`.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use karya_core::Rule;
use karya_fetch::{
    Bytes, FetchError, Fetcher, HeaderMap, HeaderValue, Method, Outgoing, StatusCode, Url,
};
use karya_web::{ClientIp, Problem};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::AuthError;

/// The header in which apps send what the captcha gave them.
pub(crate) const HEADER: &str = "Captcha-Token";

/// Longer than any provider's.
const MAX_TOKEN: usize = 4096;

/// Where captchas are checked, if they are.
#[derive(Clone, Default)]
pub struct Captcha(Option<Arc<Provider>>);

struct Provider {
    verify_url: Url,
    secret: SecretString,
    fetcher: Fetcher,
}

impl Captcha {
    /// Asks the provider at `verify_url`, to which this server is known by `secret`.
    #[must_use]
    pub fn at(verify_url: Url, secret: impl Into<SecretString>, fetcher: Fetcher) -> Self {
        Self(Some(Arc::new(Provider {
            verify_url,
            secret: secret.into(),
            fetcher,
        })))
    }

    /// Refuses unless a person solved the captcha. A provider that cannot be asked refuses nobody: the limits on
    /// requests and mails stay, and an outage elsewhere must not shut the door.
    async fn check(&self, token: Option<&str>, ip: IpAddr) -> Result<(), AuthError> {
        let Some(provider) = &self.0 else {
            return Ok(());
        };
        let token = token.filter(|token| !token.is_empty());
        let token = token.ok_or(AuthError::CaptchaRequired)?;
        let outcome = match provider.verify(token, ip).await {
            Ok(true) => "solved",
            Ok(false) => "refused",
            Err(error) => {
                tracing::warn!(%error, "the captcha provider cannot be asked; letting people through");
                "unavailable"
            }
        };
        metrics::counter!("karya_captcha_total", "outcome" => outcome).increment(1);
        if outcome == "refused" {
            return Err(AuthError::CaptchaRequired);
        }
        Ok(())
    }
}

impl Provider {
    async fn verify(&self, token: &str, ip: IpAddr) -> Result<bool, FetchError> {
        #[derive(Deserialize)]
        struct Verdict {
            success: bool,
        }
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("secret", self.secret.expose_secret());
        form.append_pair("response", token);
        form.append_pair("remoteip", &ip.to_string());
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE.as_str(), kind);
        let request = Outgoing {
            method: Method::POST,
            url: self.verify_url.clone(),
            headers,
            body: Bytes::from(form.finish()),
        };
        let response = self.fetcher.send(request).await?;
        if response.status != StatusCode::OK {
            return Err(FetchError::Status(response.status.as_u16()));
        }
        serde_json::from_slice::<Verdict>(&response.body)
            .map(|verdict| verdict.success)
            .map_err(|_other| FetchError::Protocol)
    }
}

/// Somebody who solved the captcha, where one is asked for. Extract it before the body.
#[derive(Debug)]
pub(crate) struct Person;

impl FromRequest for Person {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let token = req.headers().get(HEADER);
            if token.is_some_and(|token| token.len() > MAX_TOKEN) {
                return Err(Problem::header(HEADER, Rule::TooLong { max: MAX_TOKEN }));
            }
            let token = token.and_then(|token| token.to_str().ok());
            let Some(captcha) = req.app_data::<Data<Captcha>>() else {
                return Ok(Self);
            };
            captcha.check(token, ClientIp::of(&req).0).await?;
            Ok(Self)
        })
    }
}
