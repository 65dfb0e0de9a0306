//! The story itself. It starts on Monday, 1 June 2026, 12:00 in Jakarta.

use chrono::Duration;
use serde_json::{Value, json};

use super::Story;

pub(super) async fn tell(story: &mut Story<'_>) {
    reference(story).await;
    accounts(story).await;
    businesses(story).await;
    mentors(story).await;
    calendar(story).await;
    offerings(story).await;
    classes(story).await;
    mentorship(story).await;
    bookings(story).await;
    sessions(story).await;
    last_things(story).await;
    super::security::tell(story).await;
}

async fn reference(story: &mut Story<'_>) {
    for id in [
        "get_jwks",
        "get_liveness",
        "get_readiness",
        "get_openapi",
        "list_subsectors",
        "list_calendar_presets",
    ] {
        story.step(id).by("nobody").done().await;
    }
    let step = story.step("list_regions").by("nobody");
    step.query("?parent=33").done().await;
    let step = story.step("get_region").by("nobody");
    step.at("code", "33.75").done().await;
    let step = story.step("list_kbli").by("nobody");
    step.query("?subsector=kriya").done().await;
    let step = story.step("list_holidays").by("nobody");
    step.query("?year=2026").done().await;
}

async fn accounts(story: &mut Story<'_>) {
    story.step("register_account").by("nobody").done().await;
    story.app.run_jobs().await;
    let token = mailed_token(story, "ibu.sari@contoh.id");
    story.name("verification", &token);
    story.step("verify_email").by("nobody").done().await;
    story
        .step("ask_for_password_reset")
        .by("nobody")
        .done()
        .await;
    story.app.run_jobs().await;
    let token = mailed_token(story, "ibu.sari@contoh.id");
    story.name("reset", &token);
    story
        .step("confirm_password_reset")
        .by("nobody")
        .done()
        .await;

    let tokens = story.step("login").by("nobody").done().await;
    story.name("refresh", &tokens["refresh_token"]);
    story.step("refresh_tokens").by("nobody").done().await;
    let me = story.step("get_me").done().await;
    story.name("sari", &me["id"]);
    let me = story.step("get_me").by("buyer").silently().done().await;
    story.name("budi", &me["id"]);
    let me = story.step("get_me").by("mentor").silently().done().await;
    story.name("made", &me["id"]);
    let me = story.step("get_me").by("Ratna").silently().done().await;
    story.name("ratna", &me["id"]);
    story.step("update_me").done().await;
    let sessions = story.step("list_my_sessions").done().await;
    let mut all = sessions["items"].as_array().into_iter().flatten();
    let other = all.find(|one| one["current"] == false);
    story.name("session_id", &other.cloned().unwrap_or_default()["id"]);
    story.step("end_my_session").done().await;
    story.step("end_my_other_sessions").done().await;
    story.step("logout").done().await;
    story.sign_in_again();
    story.step("change_my_password").done().await;
    story.sign_in_again();
    story.step("end_all_my_sessions").done().await;
    story.sign_in_again();
}

/// The token in the newest mail to an address.
pub(super) fn mailed_token(story: &Story<'_>, address: &str) -> Value {
    let mail = story.app.mails_to(address).pop().expect("a mail");
    let after = mail.text.split("token=").nth(1).expect("a link").to_owned();
    json!(after.split_whitespace().next())
}

async fn businesses(story: &mut Story<'_>) {
    let business = story.step("create_business").done().await;
    story.name("business_id", &business["id"]);
    let slug = business["slug"].clone();
    let step = story.step("list_businesses").by("nobody");
    step.query("?region=33.75").done().await;
    story.step("get_business").by("nobody").done().await;
    story.name("slug", &slug);
    story.step("get_business_by_slug").by("nobody").done().await;
    story.step("list_my_businesses").done().await;
    story.step("update_business").done().await;
    let mut spare = story.examples["create_business"].request.clone().unwrap();
    for (member, value) in [
        ("name", json!("Batik Lama")),
        ("nib", json!("8120001234568")),
    ] {
        spare[member] = value;
    }
    spare.as_object_mut().unwrap().remove("npwp");
    let spare = story.step("create_business").body(spare).silently();
    let spare = spare.done().await;
    story.name("old_business", &spare["id"]);
    let step = story.step("delete_business");
    step.at("business_id", "old_business").done().await;
}

async fn mentors(story: &mut Story<'_>) {
    let ratna = story
        .step("create_mentor")
        .by("Ratna")
        .of("Ratna")
        .done()
        .await;
    story.name("mentor_id", &ratna["id"]);
    let step = story.step("list_mentor_applications").by("verifier");
    step.query("?state=applied").done().await;
    story
        .step("approve_mentor")
        .by("verifier")
        .of("Ratna")
        .done()
        .await;
    story
        .step("suspend_mentor")
        .by("verifier")
        .of("Ratna")
        .done()
        .await;
    story
        .step("reinstate_mentor")
        .by("verifier")
        .of("Ratna")
        .done()
        .await;
    let joko = story
        .step("create_mentor")
        .by("Joko")
        .silently()
        .done()
        .await;
    story.name("joko", &joko["id"]);
    let step = story.step("reject_mentor").by("verifier").of("Joko");
    step.at("mentor_id", "joko").done().await;
    let mentor = story.step("get_my_mentor").by("mentor").done().await;
    story.step("update_my_mentor").by("mentor").done().await;
    story.name("mentor_id", &mentor["id"]);
    let step = story.step("list_mentors").by("nobody");
    step.query("?subsector=kriya").done().await;
    story.step("get_mentor").by("nobody").done().await;
}

async fn calendar(story: &mut Story<'_>) {
    story.step("get_calendar").by("mentor").done().await;
    story.step("replace_calendar").by("mentor").done().await;
    let day = "2026-06-19";
    let step = story.step("set_availability_override").by("mentor");
    step.at("date", day).done().await;
    let step = story.step("list_availability_overrides").by("mentor");
    step.query("?from=2026-06-01&to=2026-06-30").done().await;
    let step = story.step("delete_availability_override").by("mentor");
    step.at("date", day).done().await;
    let off = story.step("create_time_off").by("mentor").done().await;
    story.name("time_off_id", &off["time_off"]["id"]);
    story.step("list_time_off").by("mentor").done().await;
    story.step("delete_time_off").by("mentor").done().await;
    let feed = story.step("create_calendar_feed").by("mentor").done().await;
    story.name("feed_id", &feed["id"]);
    story.step("list_calendar_feeds").by("mentor").done().await;
    let feed = story.step("rotate_calendar_feed").by("mentor").done().await;
    let address = feed["url"].as_str().unwrap_or_default();
    let token = address.rsplit('/').next().unwrap().trim_end_matches(".ics");
    story.name("token", &json!(token));
    story.step("read_calendar_feed").by("nobody").done().await;
    story.step("delete_calendar_feed").by("mentor").done().await;
    let busy = story.step("create_busy_calendar").by("mentor").done().await;
    story.name("calendar_id", &busy["id"]);
    story.step("list_busy_calendars").by("mentor").done().await;
    story
        .step("refresh_busy_calendar")
        .by("mentor")
        .done()
        .await;
    story.step("delete_busy_calendar").by("mentor").done().await;
}

async fn offerings(story: &mut Story<'_>) {
    let asked = story.step("create_offering").by("mentor").done().await;
    story.name("offering_id", &asked["id"]);
    story.name("asked_offering", &asked["id"]);
    story.step("update_offering").by("mentor").done().await;
    let mine = story.step("list_my_offerings").by("mentor").done().await;
    let named = |title: &str| {
        let mut all = mine["items"].as_array().into_iter().flatten();
        all.find(|one| one["title"] == title)
            .map(|one| one["id"].clone())
            .unwrap_or_default()
    };
    story.name("offering_id", &named("Tanya cepat"));
    story.step("delete_offering").by("mentor").done().await;
    story.name("offering_id", &named("Klinik ekspor"));
    story
        .step("list_mentor_offerings")
        .by("nobody")
        .done()
        .await;
    story.step("get_offering").by("nobody").done().await;
    let step = story.step("list_slots").by("nobody");
    step.query("?from=2026-06-03&to=2026-06-12").done().await;
    let step = story.step("list_available_days").by("nobody");
    step.query("?month=2026-06").done().await;
    let step = story.step("explain_slot").by("nobody");
    step.query("?start=2026-06-07T02:00:00Z").done().await;
    let hold = story.step("create_slot_hold").done().await;
    story.name("hold_id", &hold["id"]);
    story.step("delete_slot_hold").done().await;
}

async fn classes(story: &mut Story<'_>) {
    let class = story.step("create_group_session").by("mentor").done().await;
    story.name("group_session_id", &class["id"]);
    story.step("list_group_sessions").by("nobody").done().await;
    story.step("get_group_session").by("nobody").done().await;
    story.step("update_group_session").by("mentor").done().await;
    story.step("join_group_session").done().await;
    let step = story.step("join_group_session").by("Wayan");
    step.silently().done().await;
    story.step("list_group_seats").by("mentor").done().await;
    story
        .step("join_group_waitlist")
        .by("Ratna")
        .of("Ratna")
        .done()
        .await;
    let step = story.step("join_group_waitlist").by("Joko");
    step.silently().done().await;
    story
        .step("leave_group_waitlist")
        .by("Joko")
        .of("Joko")
        .done()
        .await;
    story
        .step("leave_group_session")
        .by("Wayan")
        .of("Wayan")
        .done()
        .await;
    story
        .step("accept_group_offer")
        .by("Ratna")
        .of("Ratna")
        .done()
        .await;
    let mut other = story.examples["create_group_session"]
        .request
        .clone()
        .unwrap();
    other["starts_at"] = json!("2026-06-20T09:00:00.000+08:00");
    let step = story.step("create_group_session").by("mentor");
    let other = step.body(other).silently().done().await;
    story.name("other_class", &other["id"]);
    let step = story.step("cancel_group_session").by("mentor");
    step.at("group_session_id", "other_class").done().await;
}

async fn mentorship(story: &mut Story<'_>) {
    let made = story.step("propose_mentorship").done().await;
    story.name("mentorship_id", &made["id"]);
    story.step("decline_mentorship").by("mentor").done().await;
    let made = story.step("propose_mentorship").silently().done().await;
    story.name("mentorship_id", &made["id"]);
    story.step("accept_mentorship").by("mentor").done().await;
    story.step("list_mentorships").done().await;
    story.step("get_mentorship").done().await;
    let goal = story.step("create_goal").by("mentor").done().await;
    story.name("goal_id", &goal["id"]);
    story.step("list_goals").done().await;
    let item = story.step("create_action_item").by("mentor").done().await;
    story.name("action_item_id", &item["id"]);
    story.step("list_action_items").done().await;
    story.step("complete_action_item").done().await;
    story.step("reopen_action_item").by("mentor").done().await;
    story.step("update_goal").by("mentor").done().await;
    story.step("end_mentorship").done().await;
}

/// Books without being part of the story.
async fn booked(story: &mut Story<'_>, name: &str, offering: &str, starts_at: &str) {
    let mut body = story.examples["create_booking"].request.clone().unwrap();
    body["offering_id"] = json!(story.things[offering]);
    body["starts_at"] = json!(starts_at);
    if offering == "asked_offering" {
        body["cascade"] = json!(true);
        body["answers"] = json!([{ "key": "omzet", "text": "Sekitar 30 juta rupiah" }]);
    }
    let booking = story.step("create_booking").body(body).silently();
    let booking = booking.done().await;
    story.name(name, &booking["id"]);
}

async fn bookings(story: &mut Story<'_>) {
    let booking = story.step("create_booking").done().await;
    story.name("booking_id", &booking["id"]);
    story.step("list_bookings").done().await;
    story.step("get_booking").done().await;
    story.step("get_booking_invitation").done().await;
    story.step("list_booking_alternatives").done().await;
    story.step("replace_agenda").done().await;
    story.step("get_agenda").by("mentor").done().await;
    let note = story.step("create_note").by("mentor").done().await;
    story.name("note_id", &note["id"]);
    story.step("list_notes").by("mentor").done().await;
    story.step("update_note").by("mentor").done().await;
    story.step("delete_note").by("mentor").done().await;
    let step = story.step("add_booking_document");
    let step = step.query("?name=harga.csv").bytes(b"kain;30000\n");
    let document = step.done().await;
    story.name("document_id", &document["id"]);
    story
        .step("list_booking_documents")
        .by("mentor")
        .done()
        .await;
    story.step("get_booking_document").by("mentor").done().await;
    story.step("delete_booking_document").done().await;

    booked(
        story,
        "asked",
        "asked_offering",
        "2026-06-08T09:00:00+08:00",
    )
    .await;
    let step = story.step("get_booking_cascade").at("booking_id", "asked");
    step.done().await;
    story
        .step("approve_booking")
        .by("mentor")
        .at("booking_id", "asked")
        .done()
        .await;
    booked(
        story,
        "declined",
        "asked_offering",
        "2026-06-08T10:00:00+08:00",
    )
    .await;
    story
        .step("stop_cascade")
        .at("booking_id", "declined")
        .done()
        .await;
    story
        .step("decline_booking")
        .by("mentor")
        .at("booking_id", "declined")
        .done()
        .await;
    booked(story, "moved", "offering_id", "2026-06-09T09:00:00+08:00").await;
    story
        .step("reschedule_booking")
        .at("booking_id", "moved")
        .done()
        .await;
    story
        .step("cancel_booking")
        .at("booking_id", "moved")
        .done()
        .await;
    let series = story.step("create_booking_series").done().await;
    story.name("series_id", &series["id"]);
    story.step("get_booking_series").done().await;
    story.step("cancel_booking_series").done().await;
    booked(story, "missed", "offering_id", "2026-06-03T11:00:00+08:00").await;
}

/// The sessions take place.
async fn sessions(story: &mut Story<'_>) {
    // Wednesday, 09:10 in Denpasar.
    story.app.clock.advance(Duration::minutes(44 * 60 + 10));
    story.step("check_in_to_booking").done().await;
    story.app.clock.advance(Duration::minutes(50));
    story.step("complete_booking").by("mentor").done().await;
    story.step("give_feedback").done().await;
    story.step("get_booking_feedback").done().await;
    let step = story.step("give_feedback").by("mentor");
    step.body(json!({ "rating": 5 })).silently().done().await;
    story.step("list_mentor_feedback").by("nobody").done().await;
    story.app.clock.advance(Duration::minutes(80));
    story
        .step("report_no_show")
        .at("booking_id", "missed")
        .done()
        .await;
    story
        .step("dispute_no_show")
        .by("mentor")
        .at("booking_id", "missed")
        .done()
        .await;
    story
        .step("get_dispute")
        .at("booking_id", "missed")
        .done()
        .await;
    let step = story.step("list_booking_disputes").by("moderator");
    step.query("?state=open").done().await;
    let step = story.step("resolve_dispute").by("moderator");
    step.at("booking_id", "missed").done().await;
}

async fn last_things(story: &mut Story<'_>) {
    let step = story.step("get_mentoring_hours");
    step.query("?from=2026-06-01&to=2026-06-30").done().await;
    let certificate = story.step("create_certificate").done().await;
    story.name("certificate_id", &certificate["id"]);
    story.name("code", &certificate["code"]);
    story.step("list_certificates").done().await;
    story.step("get_certificate_document").done().await;
    story.step("verify_certificate").by("nobody").done().await;
    story.step("revoke_certificate").done().await;
    crate::sync::settle(story.app).await;
    story.step("list_changes").query("?limit=50").done().await;
    let block = story.step("create_block").done().await;
    story.name("block_id", &block["id"]);
    story.step("list_blocks").done().await;
    story.step("delete_block").done().await;
    // Saturday a week later, 09:30 in Denpasar: the class.
    story
        .app
        .clock
        .advance(Duration::minutes(9 * 24 * 60 + 22 * 60 + 10));
    let step = story.step("record_group_attendance").by("mentor");
    step.done().await;
    // One of each kind that was deleted, for whoever looks at lists afterwards.
    story.step("create_block").silently().done().await;
    story
        .step("create_note")
        .by("mentor")
        .silently()
        .done()
        .await;
    story
        .step("create_time_off")
        .by("mentor")
        .silently()
        .done()
        .await;
}
