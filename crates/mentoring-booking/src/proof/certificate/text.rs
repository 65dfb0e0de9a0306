//! Text of strangers, made fit to print.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Longer texts are cut here, before any work is spent on them.
const MAX_CHARS: usize = 400;
/// Marks that one letter may carry beyond its composed form.
const MAX_MARKS: usize = 2;

/// One line in composed form (NFC), without control, bidi and other invisible characters.
pub(super) fn clean(text: &str) -> String {
    let mut line = String::new();
    let mut marks = 0;
    for c in text.chars().take(MAX_CHARS).nfc() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if c.is_whitespace() || c.is_control() {
            if !line.ends_with(' ') {
                line.push(' ');
            }
        } else if marks <= MAX_MARKS && !is_invisible(c) {
            line.push(c);
        }
    }
    line.trim().to_owned()
}

/// A cleaned line in letters that a font has: compatibility forms (`𝓐`, `Ａ`) become plain letters, other letters `?`;
/// emoji and lone marks go.
pub(super) fn printable(line: &str, covers: impl Fn(char) -> bool) -> String {
    let mut shown = String::new();
    for c in line.chars() {
        if covers(c) {
            shown.push(c);
        } else {
            let plain: String = std::iter::once(c).nfkc().collect();
            if plain.chars().all(&covers) {
                shown.push_str(&plain);
            } else if c.is_alphanumeric() && !is_combining_mark(c) {
                shown.push('?');
            }
        }
    }
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn is_printable(name: &str, covers: impl Fn(char) -> bool) -> bool {
    let line = clean(name);
    !line.is_empty() && line.chars().all(covers)
}

/// Format characters (Cf), variation selectors, blank letters and what is no character.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
}
