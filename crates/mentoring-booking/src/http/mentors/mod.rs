//! Mentors: applying, the profile, review, and finding one.

pub(crate) mod apply;
pub(crate) mod discover;
pub(crate) mod review;
pub(crate) mod show;
pub(crate) mod update;
mod view;

pub(crate) use discover::MentorCard;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(discover::list_mentors)
        .service(apply::create_mentor)
        .service(show::get_my_mentor)
        .service(update::update_my_mentor)
        .service(show::get_mentor)
        .service(review::list_mentor_applications)
        .service(review::approve_mentor)
        .service(review::reject_mentor)
        .service(review::suspend_mentor)
        .service(review::reinstate_mentor);
}
