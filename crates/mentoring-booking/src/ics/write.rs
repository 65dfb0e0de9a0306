use chrono::{DateTime, Utc};

/// The longest line, without its CRLF (RFC 5545 section 3.1).
const LINE: usize = 75;

/// Writes content lines. No value can end its line or leave its parameter.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
}

impl Writer {
    pub(super) fn begin(&mut self, component: &str) {
        self.raw("BEGIN", component);
    }

    pub(super) fn end(&mut self, component: &str) {
        self.raw("END", component);
    }

    /// A line with a value of our own making.
    pub(super) fn raw(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{value}"));
    }

    /// A TEXT value (section 3.3.11).
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{}", text(value)));
    }

    /// A DATE-TIME in UTC (section 3.3.5, form 2).
    pub(super) fn instant(&mut self, name: &str, at: DateTime<Utc>) {
        self.raw(name, &at.format("%Y%m%dT%H%M%SZ").to_string());
    }

    /// A URI (section 3.3.13); nothing when nothing of it is usable.
    pub(super) fn uri(&mut self, name: &str, value: &str) {
        let uri = uri(value);
        if !uri.is_empty() {
            self.raw(name, &uri);
        }
    }

    /// A CAL-ADDRESS (section 3.3.3), with a CN where there is a name. `parameters` are of our own making.
    pub(super) fn address(&mut self, property: &str, parameters: &str, name: &str, email: &str) {
        let name = quoted(name);
        let name = match name.trim() {
            "" => String::new(),
            name => format!(";CN=\"{name}\""),
        };
        let email = mailbox(email);
        self.fold(&format!("{property}{parameters}{name}:mailto:{email}"));
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn fold(&mut self, line: &str) {
        let mut used = 0;
        for char in line.chars() {
            if used + char.len_utf8() > LINE {
                self.out.push_str("\r\n ");
                used = 1;
            }
            self.out.push(char);
            used += char.len_utf8();
        }
        self.out.push_str("\r\n");
    }
}

/// Escapes a TEXT: line ends become `\n`, tabs spaces, other controls disappear.
fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' => {
                chars.next_if_eq(&'\n');
                escaped.push_str("\\n");
            }
            // Readers that split at every Unicode line end would see a line here.
            '\n' | '\u{2028}' | '\u{2029}' => escaped.push_str("\\n"),
            '\t' => escaped.push(' '),
            '\\' | ';' | ',' => escaped.extend(['\\', char]),
            _ if char.is_control() => {}
            _ => escaped.push(char),
        }
    }
    escaped
}

/// The inside of a quoted parameter. No escape is safe with every reader (RFC 6868 is young, some
/// take `\n` for a line end), so what would need one is replaced.
fn quoted(value: &str) -> String {
    value
        .chars()
        .filter_map(|char| match char {
            '"' | '^' => Some('\''),
            '\\' => Some('/'),
            '\t' => Some(' '),
            '\u{2028}' | '\u{2029}' => None,
            _ => (!char.is_control()).then_some(char),
        })
        .collect()
}

/// The address of a `mailto:` (RFC 6068 section 2).
fn mailbox(value: &str) -> String {
    percent(value, |byte| {
        byte.is_ascii_alphanumeric() || b"-._~!$'*+=@".contains(&byte)
    })
}

fn uri(value: &str) -> String {
    percent(value, |byte| {
        byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
    })
}

/// Keeps what is safe, drops spaces and controls, encodes the rest (RFC 3986 section 2.1).
fn percent(value: &str, safe: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(value.len());
    for char in value.chars() {
        if char.is_control() || char.is_whitespace() {
            continue;
        }
        let mut bytes = [0; 4];
        for &byte in char.encode_utf8(&mut bytes).as_bytes() {
            if safe(byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push('%');
                encoded.extend([byte >> 4, byte & 15].map(hex));
            }
        }
    }
    encoded
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16)
        .unwrap_or_default()
        .to_ascii_uppercase()
}
