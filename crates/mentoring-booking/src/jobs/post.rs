use karya_core::EmailAddress;
use karya_jobs::JobError;
use karya_notifications::{CalendarPart, Template};

use super::Context;
use crate::queries::people::Contact;

/// Mails somebody, in their language.
pub(crate) async fn post(
    context: &Context,
    reader: &Contact,
    template: &Template,
) -> Result<(), JobError> {
    post_with_calendar(context, reader, template, None).await
}

/// The same, with what the mail does to their calendar.
pub(crate) async fn post_with_calendar(
    context: &Context,
    reader: &Contact,
    template: &Template,
    calendar: Option<CalendarPart>,
) -> Result<(), JobError> {
    let email = EmailAddress::parse(&reader.email)
        .map_err(|rule| format!("a stored address is not one: {}", rule.code()))?;
    let now = context.clock.now();
    Ok(context
        .mailer
        .send_with_calendar(now, &email, reader.locale, template, calendar)
        .await?)
}
