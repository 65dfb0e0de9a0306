//! Group sessions over HTTP.

mod host;
mod list;
mod seats;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(host::create_group_session)
        .service(list::list_group_sessions)
        .service(list::get_group_session)
        .service(host::update_group_session)
        .service(host::cancel_group_session)
        .service(host::list_group_seats)
        .service(host::record_group_attendance)
        .service(seats::join_group_session)
        .service(seats::leave_group_session)
        .service(seats::join_group_waitlist)
        .service(seats::leave_group_waitlist)
        .service(seats::accept_group_offer);
}
