//! How people protect their accounts, and what they get to see of what is stored on them. Joko keeps his passkey and
//! his account at Google beside his password, and later a phone number; Wayan has an authenticator app, and then another
//! address.

use chrono::Duration;
use karya_core::Role;
use serde_json::{Value, json};

use super::Story;
use super::script::mailed_token;
use crate::harness::{Authenticator, PASSWORD, SoftPasskey, merged};

pub(super) async fn tell(story: &mut Story<'_>) {
    rights(story).await;
    passkeys(story).await;
    deletion(story).await;
    api_keys(story).await;
    identities(story).await;
    second_factor(story).await;
    another_address(story).await;
    phones(story).await;
    webhooks(story).await;
    staff(story).await;
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
    let request = story.step("make_data_request").done().await;
    story.name("request_id", &request["id"]);
    story.step("list_data_requests").by("admin").done().await;
    story.step("answer_data_request").by("admin").done().await;
    story.step("list_my_data_requests").done().await;
}

/// Joko thinks better of it.
async fn deletion(story: &mut Story<'_>) {
    let step = story.step("ask_for_deletion").by("Joko").of("Joko");
    step.done().await;
    let step = story.step("get_my_deletion").by("Joko").of("Joko");
    step.done().await;
    let step = story.step("cancel_my_deletion").by("Joko").of("Joko");
    step.done().await;
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

async fn identities(story: &mut Story<'_>) {
    let provider = story.provider;
    let answer = |begun: &Value| {
        let token = provider.sign(&provider.claims("joko", &begun["nonce"]));
        json!({ "proof": { "state": begun["state"], "id_token": token } })
    };
    let step = story.step("list_auth_providers").by("nobody");
    step.done().await;
    let step = story.step("begin_identity").by("Joko").of("Joko");
    let body = answer(&step.done().await);
    let step = story.step("add_identity").by("Joko").of("Joko").body(body);
    let linked = step.done().await;
    story.name("identity_id", &linked["id"]);
    let step = story.step("list_my_identities").by("Joko").of("Joko");
    step.done().await;
    let step = story.step("begin_social_sign_in").by("nobody");
    let body = answer(&step.done().await);
    let step = story.step("verify_social").by("nobody").body(body);
    step.done().await;
    let step = story.step("begin_social_sign_in").by("nobody");
    let begun = step.silently().done().await;
    let other = json!({ "email_verified": false });
    let claims = merged(provider.claims("ratri", &begun["nonce"]), &other);
    let body = json!({
        "proof": { "state": begun["state"], "id_token": provider.sign(&claims) }, "email": "ratri@contoh.id",
    });
    let step = story.step("register_social").by("nobody").body(body);
    step.done().await;
    let step = story.step("remove_my_identity").by("Joko").of("Joko");
    step.done().await;
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

/// What staff does with the account of Intan, who lost her phone.
async fn staff(story: &mut Story<'_>) {
    story.app.staff("Tuti", Role::Admin).await;
    let intan = story.app.user("Intan").await;
    let me = intan.get("/v1/me").await.ok(200);
    story.name("account_id", &me["id"]);
    let step = story.step("list_accounts").by("admin");
    step.query("?email=intan@contoh.id").done().await;
    // Locked last: until then, its owner is among those who try.
    for id in [
        "get_account",
        "list_account_security_events",
        "unlock_account",
        "end_account_sessions",
        "send_account_password_reset",
    ] {
        story.step(id).by("admin").of("Intan").done().await;
    }
    for id in ["grant_role", "revoke_role"] {
        let step = story.step(id).by("admin").of("Intan");
        step.at("role", "moderator").done().await;
    }
    let step = story.step("lock_account").by("admin").of("Intan");
    step.done().await;
    let step = story.step("unlock_account").by("admin").silently();
    step.done().await;

    let intan = story.app.sign_in("Intan").await;
    Authenticator::enrol(story.app, &intan).await;
    let asked = story.step("ask_for_factor_reset").by("admin").done().await;
    story.name("factor_reset_id", &asked["id"]);
    story.step("list_factor_resets").by("admin").done().await;
    story.step("refuse_factor_reset").by("admin").done().await;
    let step = story.step("ask_for_factor_reset").by("admin").silently();
    let asked = step.done().await;
    story.name("factor_reset_id", &asked["id"]);
    story.app.clock.advance(Duration::hours(25));
    story.step("approve_factor_reset").by("Tuti").done().await;
}

async fn phones(story: &mut Story<'_>) {
    let number = "+6281234567890";
    story.hold("Joko").await;
    let step = story.step("ask_for_phone").by("Joko").of("Joko");
    step.done().await;
    story.app.run_jobs().await;
    let body = json!({ "code": story.app.phones.code(number) });
    let step = story.step("verify_phone").by("Joko").of("Joko");
    step.body(body).done().await;
    let step = story.step("ask_for_password_reset").by("nobody");
    let body = json!({ "phone": number });
    let asked = step.body(body).silently().done().await;
    story.app.run_jobs().await;
    let body = json!({
        "request_id": asked["request_id"], "code": story.app.phones.code(number),
    });
    let step = story.step("exchange_reset_code").by("nobody");
    step.body(body).done().await;
    let step = story.step("remove_my_phone").by("Joko").of("Joko");
    step.done().await;
    story.app.run_jobs().await;
    let message = story.app.phones.of(number).pop().expect("a message");
    let token = message.split("token=").nth(1).expect("a link");
    let token = token.split_whitespace().next();
    let step = story.step("undo_phone_change").by("nobody");
    let body = json!({ "token": token, "new_password": "sarung-goyor-dari-tegal" });
    step.body(body).done().await;
}
