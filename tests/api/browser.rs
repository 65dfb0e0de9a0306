//! The pages in a real browser. Needs chromium and chromedriver, so they run when asked for:
//! `cargo test -p karya-tests -- --ignored browser`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use karya_core::EmailAddress;
use karya_notifications::{MailOptions, Mailer, Transport};
use serde_json::json;

use crate::harness::{PASSWORD, TestApp};

/// The driver's process, gone with the value; it takes the browser with it.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A headless browser, gone with the value.
struct Browser {
    client: Client,
    _driver: Driver,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Driver(
            Command::new("chromedriver")
                .arg(format!("--port={port}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("chromedriver is installed"),
        );
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=id",
        ];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let options = json!({ "args": arguments, "prefs": { "intl.accept_languages": "id" } });
        let capabilities = [("goog:chromeOptions".to_owned(), options)];
        let connect = || {
            let mut builder =
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            builder.capabilities(capabilities.clone().into_iter().collect());
            async move { builder.connect(&format!("http://127.0.0.1:{port}")).await }
        };
        for _ in 0..100 {
            if let Ok(client) = connect().await {
                return Self {
                    client,
                    _driver: driver,
                    _profile: profile,
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the browser does not start");
    }

    async fn click(&self, css: &str) {
        let element = self.wait(css).await;
        element.click().await.unwrap();
    }

    async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        self.client
            .wait()
            .at_most(Duration::from_secs(20))
            .for_element(Locator::Css(css))
            .await
            .unwrap_or_else(|error| panic!("{css}: {error}"))
    }
}

#[actix_web::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_person_opens_the_mail_confirms_and_tries_the_documentation() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let inbox = tempfile::tempdir().unwrap();
    let mut app = TestApp::with(|parts| {
        parts.inbox = Some(inbox.path().to_owned());
        parts.auth.public_url.clone_from(&url);
        parts.public_url.clone_from(&url);
    })
    .await;
    app.mailer = Mailer::new(MailOptions {
        transport: Transport::Folder(inbox.path().to_owned()),
        from_name: "Karya".into(),
        from_address: EmailAddress::parse("halo@karya.test").unwrap(),
    })
    .unwrap();
    app.listen(listener);
    let body =
        json!({ "email": "sari@contoh.id", "password": PASSWORD, "display_name": "<b>Sari</b>" });
    app.anon().post("/v1/auth/register", body).await.ok(202);
    app.run_jobs().await;

    let browser = Browser::start().await;
    browser.client.goto(&url).await.unwrap();
    browser.click("a[href='/inbox']").await;
    browser.click("a[href^='/inbox/']").await;
    let text = browser.wait("pre").await.text().await.unwrap();
    assert!(text.starts_with("Halo,"), "{text}");
    browser.click("li a[href*='/verify-email']").await;
    let password = browser.wait("input[type=password]").await;
    password.send_keys("salah-sama-sekali").await.unwrap();
    browser.click("form button").await;
    browser.wait("[role=alert]").await;
    let password = browser.wait("input[type=password]").await;
    password.send_keys(PASSWORD).await.unwrap();
    browser.click("form button").await;
    browser
        .client
        .wait()
        .for_element(Locator::XPath("//h1[contains(., 'terverifikasi')]"))
        .await
        .unwrap();
    app.sign_in("sari").await;

    browser.client.goto(&format!("{url}/docs/")).await.unwrap();
    browser
        .click("#operations-reference-list_subsectors button")
        .await;
    browser
        .click("#operations-reference-list_subsectors .try-out__btn")
        .await;
    browser
        .click("#operations-reference-list_subsectors .execute")
        .await;
    let status = browser
        .wait("#operations-reference-list_subsectors .live-responses-table tbody .response-col_status")
        .await;
    let status = status.text().await.unwrap();
    assert!(status.starts_with("200"), "{status}");
    browser.client.clone().close().await.unwrap();
}
