//! A real conversation over TLS with a server of our own on this machine, which checks each request as the Cloud API
//! documents it, and answers as that does.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use karya_core::{Lang, PhoneNumber};
use karya_fetch::Policy;
use karya_notifications::{GatewayError, Message, MessageGateway, WhatsApp, WhatsAppOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const TOKEN: &str = "EAAJBrahasia";
const CODE: &str = "042137";

/// Meta, as far as a test can tell.
struct Meta {
    port: u16,
    authority: CertificateDer<'static>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Meta {
    /// Answers everybody with the same status line and body; `None`: not at all.
    async fn answering(answer: Option<(&'static str, String)>) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["graph.test".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let authority = cert.der().clone();
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![authority.clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut socket) = acceptor.accept(socket).await else {
                    continue;
                };
                let mut request = String::new();
                // A body, where there is one, ends with a brace.
                while !request.contains("\r\n\r\n")
                    || (request.starts_with("POST") && !request.ends_with('}'))
                {
                    let mut part = [0; 4096];
                    let read = socket.read(&mut part).await.unwrap();
                    request += &String::from_utf8_lossy(part.get(..read).unwrap());
                }
                seen.lock().unwrap().push(request);
                let Some((status, body)) = &answer else {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    continue;
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = socket.write_all((head + body).as_bytes()).await;
                let _ = socket.shutdown().await;
            }
        });
        Self {
            port,
            authority,
            requests,
        }
    }

    async fn refusing(status: &'static str, code: i64) -> Self {
        let body = format!(
            r#"{{"error":{{"message":"(#{code}) to 6281234567890","type":"OAuthException","code":{code},
                "error_data":{{"messaging_product":"whatsapp","details":"6281234567890"}},"fbtrace_id":"Az"}}}}"#
        );
        Self::answering(Some((status, body))).await
    }

    fn gateway(&self) -> WhatsApp {
        let policy = Policy {
            address: |address| address == HERE,
            port: |_| true,
            authorities: vec![self.authority.clone()],
            hosts: [("graph.test".to_owned(), vec![HERE])].into(),
            timeout: Duration::from_secs(1),
            max_bytes: 10_000,
            ..Policy::default()
        };
        let api = format!("https://graph.test:{}", self.port);
        WhatsApp::with_policy(options(&api), policy).unwrap()
    }

    async fn send(&self, lang: Lang, message: &Message) -> Result<(), GatewayError> {
        let to = PhoneNumber::parse("0812-3456-7890").unwrap();
        let now = chrono::DateTime::UNIX_EPOCH;
        self.gateway().send(now, &to, lang, message).await
    }

    /// Head and body of the one request that came.
    fn request(&self) -> (String, serde_json::Value) {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        let (head, body) = requests.first().unwrap().split_once("\r\n\r\n").unwrap();
        let body = serde_json::from_str(body).unwrap_or_default();
        (head.to_lowercase(), body)
    }
}

fn options(api: &str) -> WhatsAppOptions {
    WhatsAppOptions {
        api: api.to_owned(),
        version: "v23.0".into(),
        phone_number_id: "105954558954427".into(),
        token: TOKEN.into(),
        code_template: "karya_code".into(),
        in_use_template: "karya_number_in_use".into(),
        changed_template: "karya_number_changed".into(),
    }
}

fn code() -> Message {
    Message::Code {
        code: CODE.into(),
        valid_minutes: 10,
    }
}

fn accepted() -> Option<(&'static str, String)> {
    let body = r#"{"messaging_product":"whatsapp","contacts":[{"input":"6281234567890","wa_id":"6281234567890"}],
        "messages":[{"id":"wamid.HBgNNjI4MTIz"}]}"#;
    Some(("200 OK", body.to_owned()))
}

#[tokio::test]
async fn a_code_goes_out_as_an_authentication_template() {
    let meta = Meta::answering(accepted()).await;
    meta.send(Lang::Id, &code()).await.unwrap();
    let (head, body) = meta.request();
    assert!(
        head.starts_with("post /v23.0/105954558954427/messages http/1.1\r\n"),
        "{head}"
    );
    for line in [
        "authorization: bearer eaajbrahasia",
        "content-type: application/json",
        "host: graph.test:",
    ] {
        assert!(head.contains(line), "{head}");
    }
    insta::assert_json_snapshot!(body, @r#"
    {
      "messaging_product": "whatsapp",
      "recipient_type": "individual",
      "template": {
        "components": [
          {
            "parameters": [
              {
                "text": "042137",
                "type": "text"
              }
            ],
            "type": "body"
          },
          {
            "index": "0",
            "parameters": [
              {
                "text": "042137",
                "type": "text"
              }
            ],
            "sub_type": "url",
            "type": "button"
          }
        ],
        "language": {
          "code": "id"
        },
        "name": "karya_code"
      },
      "to": "6281234567890",
      "type": "template"
    }
    "#);
}

#[tokio::test]
async fn notices_go_out_as_utility_templates() {
    let meta = Meta::answering(accepted()).await;
    let changed = Message::NumberChanged {
        at: chrono::DateTime::UNIX_EPOCH,
        link: "https://karya.test/undo-phone-change?token=abc".into(),
        valid_days: 7,
    };
    meta.send(Lang::En, &changed).await.unwrap();
    let template = &meta.request().1["template"];
    insta::assert_json_snapshot!(template, @r#"
    {
      "components": [
        {
          "parameters": [
            {
              "text": "1970-01-01 00:00 UTC",
              "type": "text"
            },
            {
              "text": "https://karya.test/undo-phone-change?token=abc",
              "type": "text"
            }
          ],
          "type": "body"
        }
      ],
      "language": {
        "code": "en"
      },
      "name": "karya_number_changed"
    }
    "#);
    let meta = Meta::answering(accepted()).await;
    meta.send(Lang::Id, &Message::NumberInUse).await.unwrap();
    let template = &meta.request().1["template"];
    assert_eq!(template["name"], "karya_number_in_use");
    assert_eq!(template["components"], serde_json::json!([]));
}

#[tokio::test]
async fn trouble_that_passes_is_told_from_a_refusal() {
    let passing = |text: &str| GatewayError::Passing(text.to_owned());
    let refused = |text: &str| GatewayError::Refused(text.to_owned());
    for (status, code_of, expected) in [
        (
            "429 Too Many Requests",
            80_007,
            passing("status 429, code 80007"),
        ),
        (
            "500 Internal Server Error",
            131_000,
            passing("status 500, code 131000"),
        ),
        (
            "400 Bad Request",
            130_429,
            passing("status 400, code 130429"),
        ),
        (
            "400 Bad Request",
            131_056,
            passing("status 400, code 131056"),
        ),
        ("401 Unauthorized", 190, refused("status 401, code 190")),
        (
            "400 Bad Request",
            131_026,
            refused("status 400, code 131026"),
        ),
        ("404 Not Found", 132_001, refused("status 404, code 132001")),
    ] {
        let meta = Meta::refusing(status, code_of).await;
        let error = meta.send(Lang::Id, &code()).await.unwrap_err();
        assert_eq!(error, expected);
        let told = format!("{error} {error:?}");
        assert!(!told.contains("81234") && !told.contains(CODE) && !told.contains(TOKEN));
    }
    let odd = [
        (
            Some(("502 Bad Gateway", "<html>".to_owned())),
            passing("status 502"),
        ),
        (Some(("302 Found", String::new())), refused("status 302")),
        (None, passing("it takes too long")),
        (
            Some(("200 OK", "x".repeat(10_001))),
            refused("the answer is too large"),
        ),
    ];
    for (answer, expected) in odd {
        let meta = Meta::answering(answer).await;
        assert_eq!(meta.send(Lang::Id, &code()).await, Err(expected));
    }
    let mut meta = Meta::answering(accepted()).await;
    // Nobody is there.
    meta.port = 1;
    let error = meta.send(Lang::Id, &code()).await;
    assert_eq!(error, Err(passing("nobody answers there")));
}

#[tokio::test]
async fn it_says_whether_number_and_token_fit_without_sending() {
    let meta = Meta::answering(accepted()).await;
    meta.gateway().greet().await.unwrap();
    let (head, _) = meta.request();
    assert!(
        head.starts_with("get /v23.0/105954558954427?fields=id http/1.1\r\n"),
        "{head}"
    );
    let meta = Meta::refusing("401 Unauthorized", 190).await;
    assert!(meta.gateway().greet().await.is_err());
}

#[test]
fn half_of_the_settings_make_no_gateway() {
    let good = options("https://graph.facebook.com/");
    assert!(WhatsApp::new(good.clone()).is_ok());
    let spoil: [fn(&mut WhatsAppOptions); 9] = [
        |options| options.token = "".into(),
        |options| options.token = "a\nb".into(),
        |options| options.phone_number_id.clear(),
        |options| options.phone_number_id = "+6281234567890".into(),
        |options| options.version = "23".into(),
        |options| options.version = "v23.0/..".into(),
        |options| options.code_template = "Karya Code".into(),
        |options| options.api = "http://graph.facebook.com".into(),
        |options| options.api = "https://127.0.0.1".into(),
    ];
    for spoil in spoil {
        let mut bad = good.clone();
        spoil(&mut bad);
        let shown = format!("{bad:?}");
        assert!(!shown.contains(TOKEN), "{shown}");
        assert!(WhatsApp::new(bad).is_err());
    }
}
