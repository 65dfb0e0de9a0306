//! `/inbox`: the mails of the folder transport and the messages of the folder gateway, for development. Everything in
//! them is shown as text or in a sandboxed frame without scripts.

use std::path::{Path, PathBuf};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use mail_parser::{Message, MessageParser, MimeHeaders};
use serde::Serialize;
use uuid::Uuid;

use crate::gateway::KeptMessage;

/// How many mails and messages the list shows.
const SHOWN: usize = 100;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'; \
    base-uri 'none'; form-action 'none'; sandbox allow-same-origin allow-popups allow-top-navigation-by-user-activation";

/// The folder that the mailer and the message gateway write to.
#[derive(Debug, Clone)]
pub struct Inbox {
    folder: PathBuf,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: Uuid,
    to: String,
    subject: String,
    date: String,
    /// The addresses in the text.
    links: Vec<String>,
    text: String,
    /// What the mail does to the reader's calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<String>,
    /// Whether it is a message to a phone instead of a mail.
    #[serde(skip)]
    is_message: bool,
}

/// What stands in a file of the folder.
enum Kept {
    Mail(Vec<u8>),
    Message(Vec<u8>),
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct ListPage {
    mails: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "inbox_mail.html")]
struct MailPage {
    mail: Entry,
}

#[derive(Serialize)]
struct Listing {
    items: Vec<Entry>,
}

impl Inbox {
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Newest first: the names are `UUIDv7`.
    async fn list(&self) -> Vec<Entry> {
        let mut names = Vec::new();
        if let Ok(mut folder) = tokio::fs::read_dir(&self.folder).await {
            while let Ok(Some(file)) = folder.next_entry().await {
                let name = file.file_name().to_string_lossy().into_owned();
                let stem = name
                    .strip_suffix(".eml")
                    .or_else(|| name.strip_suffix(".json"));
                names.extend(stem.and_then(|id| Uuid::parse_str(id).ok()));
            }
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        let mut mails = Vec::new();
        for id in names.into_iter().take(SHOWN) {
            mails.extend(self.read(id).await.map(|kept| entry(id, &kept)));
        }
        mails
    }

    async fn read(&self, id: Uuid) -> Option<Kept> {
        let file = |ending| Path::new(&self.folder).join(format!("{id}.{ending}"));
        if let Ok(mail) = tokio::fs::read(file("eml")).await {
            return Some(Kept::Mail(mail));
        }
        tokio::fs::read(file("json")).await.ok().map(Kept::Message)
    }
}

fn links(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| word.starts_with("http"))
        .map(str::to_owned)
        .collect()
}

fn entry(id: Uuid, kept: &Kept) -> Entry {
    let raw = match kept {
        Kept::Mail(raw) => raw,
        Kept::Message(raw) => return message_entry(id, raw),
    };
    let message = MessageParser::default().parse(raw).unwrap_or_default();
    let text = message.body_text(0).unwrap_or_default().into_owned();
    let links = links(&text);
    Entry {
        id,
        to: recipients(&message),
        subject: message.subject().unwrap_or_default().to_owned(),
        date: message
            .date()
            .map(mail_parser::DateTime::to_rfc3339)
            .unwrap_or_default(),
        links,
        text,
        calendar: calendar(&message),
        is_message: false,
    }
}

fn message_entry(id: Uuid, raw: &[u8]) -> Entry {
    let message = serde_json::from_slice(raw).unwrap_or_else(|_unreadable| KeptMessage {
        to: String::new(),
        date: String::new(),
        text: String::new(),
    });
    Entry {
        id,
        to: message.to,
        subject: "Pesan \u{b7} Message".to_owned(),
        date: message.date,
        links: links(&message.text),
        text: message.text,
        calendar: None,
        is_message: true,
    }
}

fn calendar(message: &Message<'_>) -> Option<String> {
    let part = message.parts.iter().find(|part| {
        part.content_type()
            .is_some_and(|kind| kind.ctype() == "text" && kind.subtype() == Some("calendar"))
    });
    part.and_then(|part| part.text_contents())
        .map(str::to_owned)
}

fn recipients(message: &Message<'_>) -> String {
    let to = message
        .to()
        .into_iter()
        .flat_map(|to| to.iter())
        .filter_map(|to| to.address());
    to.collect::<Vec<_>>().join(", ")
}

/// Adds the pages. Needs `web::Data<Inbox>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/inbox", web::get().to(list))
        .route("/inbox.json", web::get().to(list_json))
        .route("/inbox/{id}", web::get().to(show))
        .route("/inbox/{id}/html", web::get().to(show_html))
        .route("/inbox/{id}/raw", web::get().to(show_raw));
}

fn page(page: &impl Template) -> HttpResponse {
    page.render()
        .map_or_else(|_| HttpResponse::InternalServerError().finish(), html)
}

fn html(text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .body(text)
}

async fn list(inbox: web::Data<Inbox>) -> HttpResponse {
    page(&ListPage {
        mails: inbox.list().await,
    })
}

async fn list_json(inbox: web::Data<Inbox>) -> HttpResponse {
    HttpResponse::Ok().json(Listing {
        items: inbox.list().await,
    })
}

async fn show(inbox: web::Data<Inbox>, id: web::Path<Uuid>) -> HttpResponse {
    match inbox.read(*id).await {
        Some(kept) => page(&MailPage {
            mail: entry(*id, &kept),
        }),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn show_html(inbox: web::Data<Inbox>, id: web::Path<Uuid>) -> HttpResponse {
    let Some(Kept::Mail(raw)) = inbox.read(*id).await else {
        return HttpResponse::NotFound().finish();
    };
    let message = MessageParser::default().parse(&raw).unwrap_or_default();
    html(message.body_html(0).unwrap_or_default().into_owned())
}

async fn show_raw(inbox: web::Data<Inbox>, id: web::Path<Uuid>) -> HttpResponse {
    match inbox.read(*id).await {
        Some(Kept::Mail(raw) | Kept::Message(raw)) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(raw),
        None => HttpResponse::NotFound().finish(),
    }
}
