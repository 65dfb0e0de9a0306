//! The page: A4 landscape, measured in points from its lower left corner.

use chrono::{Datelike as _, NaiveDate};
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{ActionType, AnnotationType};
use pdf_writer::{Content, Date, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::CertificateError;
use super::font::{self, Font};
use super::qr::Matrix;
use super::text;

pub(super) const PAGE_WIDTH: f32 = 841.89;
const PAGE_HEIGHT: f32 = 595.28;
/// No text is set smaller; what is still too long ends in `…`.
const SMALLEST: f32 = 8.0;
const SEPARATOR: &str = " · ";

/// A font and a size.
#[derive(Clone, Copy)]
pub(super) struct Type {
    serif: bool,
    size: f32,
}

impl Type {
    pub(super) const fn title(size: f32) -> Self {
        Self { serif: true, size }
    }

    pub(super) const fn body(size: f32) -> Self {
        Self { serif: false, size }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Ink {
    Black,
    Grey,
    Accent,
}

impl Ink {
    const fn rgb(self) -> [f32; 3] {
        match self {
            Self::Black => [0.1, 0.1, 0.1],
            Self::Grey => [0.35, 0.35, 0.35],
            Self::Accent => [0.05, 0.32, 0.3],
        }
    }

    fn fill(self, content: &mut Content) {
        let [r, g, b] = self.rgb();
        content.set_fill_rgb(r, g, b);
    }

    fn stroke(self, content: &mut Content) {
        let [r, g, b] = self.rgb();
        content.set_stroke_rgb(r, g, b);
    }
}

/// Where a line starts, or where its middle lies.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left(f32),
    Centre(f32),
}

/// What a reader shows about the document.
pub(super) struct Meta<'a> {
    pub(super) title: &'a str,
    pub(super) lang: &'a str,
    pub(super) issued_on: NaiveDate,
    /// Where a click on the QR code leads.
    pub(super) link: Option<&'a str>,
}

pub(super) struct Canvas {
    content: Content,
    sans: Font,
    serif: Font,
    qr: Rect,
}

impl Canvas {
    pub(super) fn new() -> Result<Self, CertificateError> {
        Ok(Self {
            content: Content::new(),
            sans: font::sans()?,
            serif: font::serif()?,
            qr: Rect::new(0.0, 0.0, 0.0, 0.0),
        })
    }

    const fn font(&self, kind: Type) -> &Font {
        if kind.serif { &self.serif } else { &self.sans }
    }

    /// A line of text, shrunk to the width, then cut.
    pub(super) fn line(
        &mut self,
        kind: Type,
        ink: Ink,
        align: Align,
        y: f32,
        width: f32,
        line: &str,
    ) {
        let font = self.font(kind);
        let (shown, size) = fit(font, line, kind.size, width);
        let x = match align {
            Align::Left(x) => x,
            Align::Centre(x) => x - font.width(&shown, size) / 2.0,
        };
        let (name, font) = if kind.serif {
            (Name(b"F2"), &mut self.serif)
        } else {
            (Name(b"F1"), &mut self.sans)
        };
        let codes = font.encode(&shown);
        ink.fill(&mut self.content);
        self.content.begin_text();
        self.content
            .set_font(name, size)
            .next_line(x, y)
            .show(Str(&codes))
            .end_text();
    }

    /// Breaks words into at most two rows; the second takes whatever is left.
    pub(super) fn rows(&self, words: &[String], kind: Type, width: f32) -> Vec<String> {
        let mut rows: Vec<String> = Vec::new();
        for word in words {
            let second = rows.len() == 2;
            match rows.last_mut() {
                Some(row)
                    if second
                        || self
                            .font(kind)
                            .width(&[row, SEPARATOR, word].concat(), kind.size)
                            <= width =>
                {
                    row.push_str(SEPARATOR);
                    row.push_str(word);
                }
                _ => rows.push(word.clone()),
            }
        }
        rows
    }

    pub(super) fn frame(&mut self) {
        Ink::Accent.stroke(&mut self.content);
        for (inset, weight) in [(22.0, 2.5), (28.0, 0.6)] {
            self.content.set_line_width(weight);
            self.content
                .rect(
                    inset,
                    inset,
                    PAGE_WIDTH - 2.0 * inset,
                    PAGE_HEIGHT - 2.0 * inset,
                )
                .stroke();
        }
    }

    pub(super) fn rule(&mut self, x: f32, y: f32, width: f32) {
        Ink::Grey.stroke(&mut self.content);
        self.content.set_line_width(0.5);
        self.content.move_to(x, y).line_to(x + width, y).stroke();
    }

    /// The page stays white around the code, for more than the four modules that a reader needs.
    pub(super) fn qr(&mut self, matrix: &Matrix, x: f32, y: f32, side: f32) {
        let modules = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
        let module = side / modules(matrix.width);
        self.content.set_fill_rgb(0.0, 0.0, 0.0);
        for (row, column, length) in matrix.runs() {
            let top = y + side - modules(row) * module;
            self.content.rect(
                x + modules(column) * module,
                top - module,
                modules(length) * module,
                module,
            );
        }
        self.content.fill_nonzero();
        self.qr = Rect::new(x, y, x + side, y + side);
    }

    pub(super) fn finish(self, meta: &Meta<'_>) -> Result<Vec<u8>, CertificateError> {
        let [catalog, pages, page, content, info, link] = [1, 2, 3, 4, 5, 6].map(Ref::new);
        let sans = [7, 8, 9, 10, 11].map(Ref::new);
        let serif = [12, 13, 14, 15, 16].map(Ref::new);

        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(pages).lang(TextStr(meta.lang));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        pdf.pages(pages).kids([page]).count(1);

        let mut leaf = pdf.page(page);
        leaf.parent(pages)
            .media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT))
            .contents(content);
        if meta.link.is_some() {
            leaf.annotations([link]);
        }
        leaf.resources()
            .fonts()
            .pair(Name(b"F1"), sans[0])
            .pair(Name(b"F2"), serif[0]);
        leaf.finish();

        pdf.stream(content, &compress_to_vec_zlib(&self.content.finish(), 9))
            .filter(Filter::FlateDecode);
        if let Some(url) = meta.link {
            let mut annotation = pdf.annotation(link);
            annotation
                .subtype(AnnotationType::Link)
                .rect(self.qr)
                .border(0.0, 0.0, 0.0, None);
            annotation.contents(TextStr(url));
            annotation
                .action()
                .action_type(ActionType::Uri)
                .uri(Str(url.as_bytes()));
        }
        self.sans.write(&mut pdf, sans)?;
        self.serif.write(&mut pdf, serif)?;
        pdf.document_info(info)
            .title(TextStr(meta.title))
            .author(TextStr(super::ISSUER))
            .creator(TextStr(super::ISSUER))
            .creation_date(date(meta.issued_on));
        Ok(pdf.finish())
    }
}

/// The text in letters of the font (a dash when none is left), and the size at which it fits.
fn fit(font: &Font, line: &str, size: f32, width: f32) -> (String, f32) {
    let mut shown = text::printable(line, |c| font.covers(c));
    if shown.is_empty() {
        shown.push('—');
    }
    let natural = font.width(&shown, size);
    if natural <= width {
        return (shown, size);
    }
    let shrunk = size * width / natural;
    if shrunk >= SMALLEST {
        return (shown, shrunk);
    }
    let mut room = width - font.width("…", SMALLEST);
    let kept = |c: &char| {
        room -= font.width(c.encode_utf8(&mut [0; 4]), SMALLEST);
        room >= 0.0
    };
    let kept: String = shown.chars().take_while(kept).collect();
    (format!("{}…", kept.trim_end()), SMALLEST)
}

fn date(day: NaiveDate) -> Date {
    let year = u16::try_from(day.year()).unwrap_or_default();
    let [month, day] = [day.month(), day.day()].map(|part| u8::try_from(part).unwrap_or(1));
    Date::new(year).month(month).day(day)
}
