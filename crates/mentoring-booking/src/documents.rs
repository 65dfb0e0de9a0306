//! What a file is, by its bytes, and what of it is kept. Pure.

mod images;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use karya_core::text::is_forbidden;

use crate::model::DocumentKind;

/// What the bytes are, if it is something that people may give each other. A name or a declared type is not asked.
pub(crate) fn sniff(bytes: &[u8]) -> Option<DocumentKind> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"%PDF-") {
        Some(DocumentKind::Pdf)
    } else if starts(b"\xff\xd8\xff") {
        Some(DocumentKind::Jpeg)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some(DocumentKind::Png)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(DocumentKind::Webp)
    } else if starts(b"PK\x03\x04") {
        office(bytes)
    } else if is_plain_text(bytes) {
        Some(DocumentKind::Text)
    } else {
        None
    }
}

/// Office documents by the names in the archive, which is not opened.
fn office(bytes: &[u8]) -> Option<DocumentKind> {
    const HEADER: usize = 30;
    let mut found = None;
    let mut is_package = false;
    let mut rest = bytes;
    while let Some(at) = rest.windows(4).position(|magic| magic == b"PK\x03\x04") {
        let entry = rest.get(at..).unwrap_or_default();
        let name = entry.get(HEADER..).unwrap_or_default();
        if name.starts_with(b"[Content_Types].xml") {
            is_package = true;
        } else if name.starts_with(b"word/document.xml") {
            found = Some(DocumentKind::Docx);
        } else if name.starts_with(b"xl/workbook.xml") {
            found = Some(DocumentKind::Xlsx);
        } else if name.starts_with(b"word/vbaProject") || name.starts_with(b"xl/vbaProject") {
            // With macros it is another kind of file.
            return None;
        }
        rest = entry.get(4..).unwrap_or_default();
    }
    found.filter(|_| is_package)
}

/// Text that no program takes for markup or a script.
fn is_plain_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let start = text.trim_start_matches('\u{feff}').trim_start();
    !start.starts_with('<')
        && !start.starts_with("#!")
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

/// What is kept of the bytes: of pictures not where and with what they were taken. None if the picture is broken.
pub(crate) fn clean(kind: DocumentKind, bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    match kind {
        DocumentKind::Jpeg => images::jpeg(bytes).map(Cow::Owned),
        DocumentKind::Png => images::png(bytes).map(Cow::Owned),
        DocumentKind::Webp => images::webp(bytes).map(Cow::Owned),
        _ => Some(Cow::Borrowed(bytes)),
    }
}

/// The longest name, in characters.
pub(crate) const MAX_NAME: usize = 120;

/// A name to save the file under: the last part of a path, without characters that mislead, with the ending that
/// belongs to what the file is.
pub(crate) fn file_name(raw: &str, kind: DocumentKind) -> String {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|&c| !is_forbidden(c) && !matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*'))
        .collect();
    let name = name.trim_matches([' ', '.']);
    let endings = kind.endings();
    let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && endings.contains(&ending.to_ascii_lowercase().as_str())
    });
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if has_ending => (stem, ending),
        _ => (name, endings.first().copied().unwrap_or("bin")),
    };
    let room = MAX_NAME.saturating_sub(ending.chars().count() + 1);
    let stem: String = stem.chars().take(room).collect();
    let stem = if stem.is_empty() {
        "dokumen"
    } else {
        stem.trim_end()
    };
    format!("{stem}.{ending}")
}
