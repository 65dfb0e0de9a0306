//! A certificate of completed mentoring: one A4 page, in PDF 1.7, with a QR code that leads to its verification.

mod canvas;
mod font;
mod qr;
mod text;
mod words;

use chrono::NaiveDate;

use karya_core::Lang;

use canvas::{Align, Canvas, Ink, PAGE_WIDTH, Type};
use words::Words;

/// Whose name stands on every certificate.
pub const ISSUER: &str = "Karya";

/// Themes beyond these are left out.
pub const MAX_THEMES: usize = 6;

/// What a certificate says. Every text is printed as one line, without control and formatting characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub holder: String,
    pub role: Role,
    pub minutes: u32,
    pub sessions: u32,
    /// Labels of subsectors; may be empty.
    pub themes: Vec<String>,
    /// The first and the last day of a session, on the holder's calendar.
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Such as `KRY-7F3K-9Q2M`.
    pub code: String,
    pub verification_url: String,
    pub issued_on: NaiveDate,
}

/// The side on which the holder took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Mentor,
    Mentee,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("the verification URL does not fit a QR code")]
    Url(#[from] qrcode::types::QrError),
    #[error("a font of the certificate cannot be read")]
    Font(#[from] ttf_parser::FaceParsingError),
    #[error("a font of the certificate cannot be reduced to its used glyphs")]
    Subset(#[from] subsetter::Error),
}

/// Whether a name is printed letter for letter. The fonts hold Latin with its diacritics, Greek and Cyrillic; a letter
/// of another script comes out as `?`, so its owner should be asked for a Latin spelling.
#[must_use]
pub fn is_printable(name: &str) -> bool {
    font::sans().is_ok_and(|sans| text::is_printable(name, |c| sans.covers(c)))
}

/// The document. Fails only for a URL beyond 2,331 bytes.
pub fn certificate(of: &Certificate, lang: Lang) -> Result<Vec<u8>, CertificateError> {
    let words = Words::of(lang);
    let middle = PAGE_WIDTH / 2.0;
    let qr = qr::matrix(&of.verification_url)?;
    let mut page = Canvas::new()?;

    page.frame();
    page.line(
        Type::title(17.0),
        Ink::Accent,
        Align::Centre(middle),
        518.0,
        400.0,
        ISSUER,
    );
    page.line(
        Type::title(35.0),
        Ink::Black,
        Align::Centre(middle),
        468.0,
        700.0,
        words.title,
    );
    page.line(
        Type::body(12.0),
        Ink::Grey,
        Align::Centre(middle),
        436.0,
        400.0,
        words.given_to,
    );
    let holder = text::clean(&of.holder);
    page.line(
        Type::title(33.0),
        Ink::Accent,
        Align::Centre(middle),
        392.0,
        680.0,
        &holder,
    );
    page.rule(middle - 210.0, 376.0, 420.0);
    page.line(
        Type::body(13.0),
        Ink::Black,
        Align::Centre(middle),
        348.0,
        680.0,
        words.as_role(of.role),
    );

    let facts = [
        (words.duration(of.minutes), words.duration_label),
        (words.sessions(of.sessions), words.sessions_label),
        (words.period(of.from, of.to), words.period_label),
    ];
    for ((value, label), x) in facts
        .iter()
        .zip([middle - 245.0, middle - 55.0, middle + 190.0])
    {
        page.line(
            Type::title(16.0),
            Ink::Black,
            Align::Centre(x),
            296.0,
            235.0,
            value,
        );
        page.line(
            Type::body(10.0),
            Ink::Grey,
            Align::Centre(x),
            280.0,
            235.0,
            label,
        );
    }

    let themes = of
        .themes
        .iter()
        .take(MAX_THEMES)
        .map(|theme| text::clean(theme));
    let themes: Vec<_> = themes.filter(|theme| !theme.is_empty()).collect();
    if !themes.is_empty() {
        page.line(
            Type::body(10.0),
            Ink::Grey,
            Align::Centre(middle),
            246.0,
            400.0,
            words.themes_label,
        );
        for (line, y) in page
            .rows(&themes, Type::body(13.0), 680.0)
            .iter()
            .zip([228.0, 210.0])
        {
            page.line(
                Type::body(13.0),
                Ink::Black,
                Align::Centre(middle),
                y,
                680.0,
                line,
            );
        }
    }

    for (x, label, value) in [
        (
            70.0,
            words.issued_label,
            words.lang.date(of.issued_on).as_str(),
        ),
        (250.0, words.issuer_label, ISSUER),
    ] {
        page.line(
            Type::body(9.0),
            Ink::Grey,
            Align::Left(x),
            152.0,
            170.0,
            label,
        );
        page.line(
            Type::body(13.0),
            Ink::Black,
            Align::Left(x),
            135.0,
            170.0,
            value,
        );
    }
    let code = text::clean(&of.code);
    let url = text::clean(&of.verification_url);
    page.line(
        Type::body(9.0),
        Ink::Grey,
        Align::Left(70.0),
        110.0,
        560.0,
        words.code_label,
    );
    page.line(
        Type::title(16.0),
        Ink::Black,
        Align::Left(70.0),
        91.0,
        560.0,
        &code,
    );
    page.line(
        Type::body(9.0),
        Ink::Grey,
        Align::Left(70.0),
        69.0,
        560.0,
        words.verify_at,
    );
    page.line(
        Type::body(9.0),
        Ink::Accent,
        Align::Left(70.0),
        57.0,
        560.0,
        &url,
    );
    page.qr(&qr, 668.0, 55.0, 104.0);

    page.finish(&canvas::Meta {
        title: &format!("{} – {holder} – {code}", words.title),
        lang: words.lang.as_str(),
        issued_on: of.issued_on,
        link: url.starts_with("https://").then_some(url.as_str()),
    })
}

#[cfg(test)]
mod tests;
