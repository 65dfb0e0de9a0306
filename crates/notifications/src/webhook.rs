//! Mails about webhooks.

use crate::templates::Words;

/// Tells whoever made a webhook that it gets nothing any more.
#[derive(Debug, Clone)]
pub struct WebhookMail {
    pub display_name: String,
    pub url: String,
    /// It said so itself (410); otherwise nothing got through for days.
    pub is_gone: bool,
}

impl WebhookMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let url = &self.url;
        let (subject, why, what_to_do) = match (id, self.is_gone) {
            (true, true) => (
                "Webhook Anda dinonaktifkan",
                format!(
                    "Alamat {url} menjawab 410 (sudah tidak ada), jadi tidak dikirimi kejadian lagi."
                ),
                "Bila itu keliru, perbaiki alamatnya lalu aktifkan lagi webhook itu.",
            ),
            (true, false) => (
                "Webhook Anda dinonaktifkan",
                format!(
                    "Selama lima hari tidak ada kejadian yang sampai ke {url}, jadi pengirimannya dihentikan."
                ),
                "Periksa alamatnya pada catatan pengiriman, lalu aktifkan lagi webhook itu. Kejadian yang gagal dapat dikirim ulang dari sana.",
            ),
            (false, true) => (
                "Your webhook was disabled",
                format!("The address {url} answered 410 (gone), so it gets no events any more."),
                "If that was a mistake, mend the address and make the webhook active again.",
            ),
            (false, false) => (
                "Your webhook was disabled",
                format!("No event got through to {url} for five days, so it gets none any more."),
                "See the log of its deliveries for the reason, then make the webhook active again. What failed can be sent again from there.",
            ),
        };
        let paragraphs = vec![why, what_to_do.to_owned()];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
