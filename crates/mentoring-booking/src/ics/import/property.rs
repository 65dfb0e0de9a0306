/// One content line: `name *(";" parameter) ":" value` (RFC 5545 section 3.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Property<'a> {
    pub(super) name: &'a str,
    parameters: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Property<'a> {
    /// Nothing when there is no value.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (head, value) = split_unquoted(line, ':')?;
        let (name, parameters) = split_unquoted(head, ';').unwrap_or((head, ""));
        Some(Self {
            name: name.trim(),
            parameters,
            value: value.trim(),
        })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn has(&self, value: &str) -> bool {
        self.value.eq_ignore_ascii_case(value)
    }

    /// The value of a parameter without its quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.parameters;
        while !rest.is_empty() {
            let (one, after) = split_unquoted(rest, ';').unwrap_or((rest, ""));
            if let Some((key, value)) = one.split_once('=')
                && key.trim().eq_ignore_ascii_case(name)
            {
                return Some(value.trim().trim_matches('"'));
            }
            rest = after;
        }
        None
    }

    pub(super) fn parameter_is(&self, name: &str, value: &str) -> bool {
        self.parameter(name)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// The values of a list.
    pub(super) fn values(&self) -> impl Iterator<Item = &'a str> {
        self.value
            .split(',')
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }
}

fn split_unquoted(text: &str, at: char) -> Option<(&str, &str)> {
    let mut inside = false;
    let end = text.find(|char| {
        inside ^= char == '"';
        char == at && !inside
    })?;
    let (before, after) = text.split_at_checked(end)?;
    Some((before, after.get(at.len_utf8()..)?))
}
