//! What several mails say alike; `id`: in Indonesian, otherwise in English.

pub(crate) fn greeting(name: &str, id: bool) -> String {
    let hello = if id { "Halo" } else { "Hello" };
    format!("{hello} {name},")
}

/// What the session is about, and with whom.
pub(crate) fn session(title: &str, other: &str, id: bool) -> String {
    let with = if id { "bersama" } else { "with" };
    format!("{title}, {with} {other}.")
}

/// Where people meet in person.
pub(crate) fn place(place: &str, id: bool) -> String {
    let label = if id { "Tempat" } else { "Place" };
    format!("{label}: {place}")
}

pub(crate) const fn closing(id: bool) -> &'static str {
    if id {
        "Salam hangat, Tim Karya"
    } else {
        "Warm regards, the Karya team"
    }
}
