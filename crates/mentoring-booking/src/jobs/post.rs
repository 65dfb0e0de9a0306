use karya_core::EmailAddress;
use karya_jobs::JobError;
use karya_notifications::Template;

use super::Context;
use crate::queries::people::Contact;

/// Mails somebody, in their language.
pub(crate) async fn post(
    context: &Context,
    reader: &Contact,
    template: &Template,
) -> Result<(), JobError> {
    let email = EmailAddress::parse(&reader.email)
        .map_err(|rule| format!("a stored address is not one: {}", rule.code()))?;
    let now = context.clock.now();
    Ok(context
        .mailer
        .send(now, &email, reader.locale, template)
        .await?)
}
