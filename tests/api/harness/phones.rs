use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use karya_core::{Lang, PhoneNumber};
use karya_notifications::{GatewayError, Message, MessageGateway, Sending};

/// Every phone there is, and a gateway that reaches them.
#[derive(Clone, Default)]
pub struct Phones {
    received: Arc<Mutex<Vec<(String, String)>>>,
    /// What the gateway says instead of sending.
    pub trouble: Arc<Mutex<Option<GatewayError>>>,
}

impl Phones {
    /// The messages that a number got so far.
    pub fn of(&self, number: &str) -> Vec<String> {
        let received = self.received.lock().unwrap();
        let of_number = received.iter().filter(|(to, _)| to == number);
        of_number.map(|(_, text)| text.clone()).collect()
    }

    /// The newest code that a number got.
    pub fn code(&self, number: &str) -> String {
        let messages = self.of(number);
        let mut codes = messages.iter().filter_map(|text| {
            let code = text.split(' ').next()?;
            code.parse::<u32>().ok().map(|_number| code.to_owned())
        });
        codes.next_back().expect("a code")
    }
}

impl MessageGateway for Phones {
    fn send<'a>(
        &'a self,
        _now: DateTime<Utc>,
        to: &'a PhoneNumber,
        lang: Lang,
        message: &'a Message,
    ) -> Sending<'a> {
        let trouble = self.trouble.lock().unwrap().clone();
        let sent = match trouble {
            Some(trouble) => Err(trouble),
            None => {
                let message = (to.as_str().to_owned(), message.text(lang));
                self.received.lock().unwrap().push(message);
                Ok(())
            }
        };
        Box::pin(std::future::ready(sent))
    }
}
