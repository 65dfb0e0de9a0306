use std::borrow::Cow;

/// The content lines of a stream, unfolded (RFC 5545 section 3.1). Blank ones are left out.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
        }
    }

    fn physical(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let (line, rest) = match end.and_then(|end| self.rest.split_at_checked(end)) {
            Some((line, rest)) => (line, rest.get(1..).unwrap_or_default()),
            None => (self.rest, <&[u8]>::default()),
        };
        self.rest = rest;
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

impl<'a> Iterator for Lines<'a> {
    /// Folds may cut a character, so the bytes are joined before they are read as text.
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let mut line = Cow::Borrowed(self.physical());
            while let Some(b' ' | b'\t') = self.rest.first() {
                let more = self.physical().get(1..).unwrap_or_default();
                line.to_mut().extend_from_slice(more);
            }
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
        None
    }
}
