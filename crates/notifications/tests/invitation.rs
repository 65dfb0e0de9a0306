//! A mail that calendar programs understand, as it leaves.

use actix_web::{App, test, web};
use karya_core::{EmailAddress, Lang};
use karya_notifications::inbox::{self, Inbox};
use karya_notifications::{CalendarPart, MailOptions, Mailer, Template, Transport};
use mail_parser::{MessageParser, MimeHeaders, PartType};

const ICS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\n\
    SUMMARY:Klinik ekspor · Kadek Ayu dan kawan-kawan yang namanya panjang seka\r\n li\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

#[tokio::test]
async fn the_calendar_is_the_last_alternative_and_a_file() {
    let folder = std::env::temp_dir().join(format!("karya-invitation-{}", std::process::id()));
    let mailer = Mailer::new(MailOptions {
        transport: Transport::Folder(folder.clone()),
        from_name: "Karya".into(),
        from_address: EmailAddress::parse("halo@karya.test").unwrap(),
    })
    .unwrap();
    let template = Template::AlreadyRegistered {
        display_name: "Sari".into(),
        link: "https://karya.test".into(),
    };
    let calendar = CalendarPart {
        content_type: "text/calendar; charset=utf-8; method=CANCEL",
        text: ICS.into(),
    };
    let to = EmailAddress::parse("sari@contoh.id").unwrap();
    let now = "2026-06-01T05:00:00Z".parse().unwrap();
    mailer
        .send_with_calendar(now, &to, Lang::Id, &template, Some(calendar))
        .await
        .unwrap();
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let raw = std::fs::read(file.path()).unwrap();
    let inbox = web::Data::new(Inbox::new(folder.clone()));
    let app = App::new().app_data(inbox).configure(inbox::routes);
    let app = test::init_service(app).await;
    let id = file
        .path()
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    for (path, shown) in [
        ("/inbox.json".to_owned(), r"METHOD:CANCEL\r\n"),
        (format!("/inbox/{id}"), "METHOD:CANCEL"),
    ] {
        let request = test::TestRequest::with_uri(&path).to_request();
        let body = test::call_and_read_body(&app, request).await;
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains(shown), "{path}: {body}");
    }
    std::fs::remove_dir_all(&folder).unwrap();

    let message = MessageParser::default().parse(&raw).unwrap();
    let kinds: Vec<String> = message
        .parts
        .iter()
        .map(|part| {
            let kind = part.content_type().unwrap();
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar",
            "application/ics"
        ]
    );
    let part = &message.parts[4];
    let kind = part.content_type().unwrap();
    assert_eq!(kind.attribute("method"), Some("CANCEL"));
    assert_eq!(kind.attribute("charset"), Some("utf-8"));
    assert!(part.content_disposition().is_none());
    assert_eq!(part.text_contents(), Some(ICS));
    let file = &message.parts[5];
    assert_eq!(file.attachment_name(), Some("invite.ics"));
    let bytes = match &file.body {
        PartType::Text(text) => text.as_bytes().to_vec(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(String::from_utf8(bytes).unwrap(), ICS);
}
