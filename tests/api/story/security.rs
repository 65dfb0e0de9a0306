//! How people protect their accounts, and what they get to see of what is stored on them. Joko keeps his passkey beside
//! his password; Wayan has an authenticator app, and then another address.

use serde_json::json;

use super::Story;
use super::script::mailed_token;
use crate::harness::{Authenticator, PASSWORD, SoftPasskey};

pub(super) async fn tell(story: &mut Story<'_>) {
    rights(story).await;
    passkeys(story).await;
    api_keys(story).await;
    second_factor(story).await;
    another_address(story).await;
    webhooks(story).await;
}

async fn rights(story: &mut Story<'_>) {
    story.step("list_my_consents").done().await;
    story.step("give_consent").done().await;
    let step = story.step("withdraw_consent");
    step.at("document", "marketing").done().await;
    let export = story.step("ask_for_data_export").done().await;
    story.app.run_jobs().await;
    story.app.run_jobs().await;
    story.name("export_id", &export["id"]);
    story.step("list_my_data_exports").done().await;
    story.step("get_my_data_export").done().await;
    story.step("download_my_data_export").done().await;
    story.step("list_my_security_events").done().await;
}

async fn passkeys(story: &mut Story<'_>) {
    let step = story.step("begin_passkey").by("Joko").of("Joko");
    let begun = step.done().await;
    let (passkey, credential) = SoftPasskey::make(begun["options_json"].as_str().unwrap());
    let body = json!({
        "ceremony_token": begun["ceremony_token"], "label": "Redmi Joko", "credential_json": credential,
    });
    let step = story.step("add_passkey").by("Joko").of("Joko");
    let added = step.body(body).done().await;
    story.name("passkey_id", &added["id"]);
    let step = story.step("list_my_passkeys").by("Joko").of("Joko");
    step.done().await;
    let step = story.step("begin_passkey_sign_in").by("nobody");
    let begun = step.done().await;
    let credential = passkey.sign(begun["options_json"].as_str().unwrap());
    let body = json!({ "ceremony_token": begun["ceremony_token"], "credential_json": credential });
    let step = story.step("verify_passkey").by("nobody").body(body);
    step.done().await;
    let step = story.step("remove_my_passkey").by("Joko").of("Joko");
    step.done().await;
}

async fn api_keys(story: &mut Story<'_>) {
    let made = story.step("create_api_key").done().await;
    story.name("api_key_id", &made["api_key"]["id"]);
    story.step("rotate_api_key").done().await;
    story.step("list_my_api_keys").done().await;
    story.step("revoke_api_key").done().await;
}

async fn webhooks(story: &mut Story<'_>) {
    let made = story.step("create_webhook").done().await;
    story.name("webhook_id", &made["webhook"]["id"]);
    story.step("list_webhooks").done().await;
    story.step("get_webhook").done().await;
    story.step("update_webhook").done().await;
    let sent = story.step("test_webhook").done().await;
    story.name("delivery_id", &sent["id"]);
    story.step("retry_webhook_delivery").done().await;
    story.step("list_webhook_deliveries").done().await;
    story.step("rotate_webhook_secret").done().await;
    let spare = story.step("create_webhook").silently().done().await;
    story.name("spare_webhook", &spare["webhook"]["id"]);
    let step = story.step("delete_webhook");
    step.at("webhook_id", "spare_webhook").done().await;
}

async fn second_factor(story: &mut Story<'_>) {
    // Once there is a factor, the password alone opens no session.
    story.hold("Wayan").await;
    let step = story.step("step_up").by("Wayan").of("Wayan");
    step.body(json!({ "password": PASSWORD })).done().await;
    let step = story.step("enrol_totp").by("Wayan").of("Wayan");
    let begun = step.done().await;
    story.name("factor_id", &begun["factor_id"]);
    let phone = Authenticator::of(story.app, &begun);
    let step = story.step("confirm_factor").by("Wayan").of("Wayan");
    step.body(json!({ "code": phone.code() })).done().await;
    let step = story.step("make_recovery_codes").by("Wayan").of("Wayan");
    let codes = step.done().await;
    let step = story.step("list_my_factors").by("Wayan").of("Wayan");
    step.done().await;
    let challenge = story.app.challenge("Wayan", None).await;
    let body = json!({
        "challenge_token": challenge, "method": "recovery_code", "code": codes["codes"][0],
    });
    let step = story.step("verify_factor").by("nobody").body(body);
    step.done().await;
    let step = story.step("remove_my_factor").by("Wayan").of("Wayan");
    step.done().await;
}

async fn another_address(story: &mut Story<'_>) {
    let new = "wayan.baru@contoh.id";
    let step = story.step("ask_for_email_change").by("Wayan").of("Wayan");
    let body = json!({ "current_password": PASSWORD, "new_email": new });
    step.body(body).done().await;
    story.app.run_jobs().await;
    let token = mailed_token(story, new);
    let step = story.step("confirm_email_change").by("nobody");
    let body = json!({ "token": token, "password": PASSWORD });
    step.body(body).done().await;
    story.app.run_jobs().await;
    let token = mailed_token(story, "wayan@contoh.id");
    let step = story.step("undo_email_change").by("nobody");
    let body = json!({ "token": token, "new_password": "tenun-gringsing-dobel-ikat" });
    step.body(body).done().await;
}
