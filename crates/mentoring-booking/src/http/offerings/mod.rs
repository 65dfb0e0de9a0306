//! What mentors offer.

pub(crate) mod create;
pub(crate) mod show;
pub(crate) mod update;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create::create_offering)
        .service(show::get_offering)
        .service(show::list_mentor_offerings)
        .service(show::list_my_offerings)
        .service(update::update_offering)
        .service(update::delete_offering);
}
