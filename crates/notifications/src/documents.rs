//! The mail about documents of a session.

use crate::phrases;
use crate::templates::Words;

/// Tells one side of a session that the other has added documents. It does not name the files: names are whatever
/// somebody typed.
#[derive(Debug, Clone)]
pub struct DocumentsMail {
    pub display_name: String,
    /// Who added them.
    pub other_name: String,
    /// What was booked.
    pub title: String,
    /// In words, in the reader's zone and language.
    pub when: String,
    pub count: usize,
}

impl DocumentsMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let (other, count) = (&self.other_name, self.count);
        let what = match (id, count) {
            (true, _) => format!(
                "{other} menambahkan {count} dokumen untuk sesi ini. Buka Karya untuk membacanya."
            ),
            (false, 1) => {
                format!("{other} added a document for this session. Open Karya to read it.")
            }
            (false, _) => format!(
                "{other} added {count} documents for this session. Open Karya to read them."
            ),
        };
        let subject = if id {
            "Dokumen baru untuk sesi Anda"
        } else {
            "New documents for your session"
        };
        let paragraphs = vec![
            what,
            phrases::session(&self.title, other, id),
            self.when.clone(),
        ];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
