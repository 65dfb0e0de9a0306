mod alternatives;
mod blocks;
pub(crate) mod book;
pub(crate) mod booking_documents;
pub(crate) mod bookings;
pub(crate) mod calendar;
mod certificates;
mod disputes;
mod documents;
mod feedback;
mod goals;
pub(crate) mod groups;
pub(crate) mod holds;
mod hours;
pub(crate) mod mentors;
mod mentorships;
mod notes;
pub(crate) mod offerings;
pub(crate) mod series;
pub(crate) mod slots;
pub(crate) mod transitions;
pub(crate) mod view;

use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use karya_core::{Clock, Rule, Words};
use karya_db::Db;
use karya_web::{Actor, Idempotency, IfMatch, Problem};

/// What a step of one resource takes besides its body.
type Call<Id> = (Actor, Idempotency, Data<Db>, Data<Clock>, Path<Id>);

/// The same, with the version that the caller has seen.
type VersionedCall<Id> = (Actor, Idempotency, IfMatch, Data<Db>, Data<Clock>, Path<Id>);

/// What is around and after a session.
pub(crate) fn growth_routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    cfg.configure(alternatives::routes)
        .configure(blocks::routes)
        .configure(feedback::routes)
        .configure(booking_documents::routes)
        .configure(notes::routes)
        .configure(disputes::routes)
        .configure(mentorships::routes)
        .configure(goals::routes)
        .configure(hours::routes)
        .configure(certificates::routes);
}

/// An instant in the query.
fn instant_parameter(name: &'static str, raw: &str) -> Result<DateTime<Utc>, Problem> {
    const FORM: Rule = Rule::Format(Words {
        id: "harus waktu RFC 3339 dengan zona, contoh: 2026-06-01T00:00:00Z",
        en: "must be an instant of RFC 3339 with its offset, such as 2026-06-01T00:00:00Z",
    });
    DateTime::parse_from_rfc3339(raw)
        .map(|at| at.to_utc())
        .map_err(|_error| Problem::parameter(name, FORM))
}
