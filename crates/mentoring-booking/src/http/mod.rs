pub(crate) mod book;
pub(crate) mod bookings;
mod certificates;
mod disputes;
mod documents;
mod feedback;
mod goals;
pub(crate) mod holds;
mod hours;
mod mentorships;
mod notes;
pub(crate) mod slots;
pub(crate) mod transitions;
mod view;

use chrono::{DateTime, Utc};
use karya_core::{Rule, Words};
use karya_web::Problem;

/// What is around and after a session.
pub(crate) fn growth_routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    cfg.configure(feedback::routes)
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
