//! A demo mentor, the same on every machine.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Role, UserId};
use karya_db::roles;

use crate::http::offerings::create::CreateOffering;
use crate::model::{MentorProfile, MentorState, Minutes, multirange};
use crate::{MentoringError, claims, ops, queries};

const ZONE: &str = "Asia/Makassar";
const REGION: &str = "51.71";

/// Makes an account an approved mentor in Denpasar, with hours and two offerings. A mentor who is there stays as they
/// are.
pub async fn seed_demo(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        claims::lock(conn, now, &[mentor]).await?;
        if queries::mentors::find(conn, mentor).await?.is_some() {
            return Ok(());
        }
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let profile = MentorProfile {
            headline: "Pendamping ekspor kriya dan fesyen".to_owned(),
            about: Some(
                "Dua belas tahun mengekspor kerajinan dari Bali ke Jepang dan Eropa.".to_owned(),
            ),
            expertise: texts(&["ekspor", "pemasaran_digital", "penetapan_harga"]),
            subsectors: texts(&["kriya", "fesyen"]),
            languages: texts(&["id", "ban", "en"]),
            regions: texts(&[REGION]),
        };
        ops::mentors::apply(conn, now, mentor, profile.clone()).await?;
        queries::mentors::update_profile(conn, mentor, &profile, (MentorState::Approved, 2, now))
            .await?;
        roles::grant(conn, now, mentor, Role::Mentor, None).await?;
        queries::mentors::set_hours(conn, mentor, (ZONE, REGION), &hours()).await?;
        for offering in offerings() {
            let request: CreateOffering = serde_json::from_value(offering)
                .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
            let row = request.parse(mentor, now)?;
            ops::offerings::create(conn, now, row).await?;
        }
        Ok(())
    })
    .await
}

/// From Monday to Friday in the morning, and in the evening for owners who work by day.
fn hours() -> Minutes {
    const DAY: i32 = 24 * 60;
    multirange((0..5).flat_map(|day| {
        [(9, 12), (19, 21)].map(|(from, to)| (day * DAY + from * 60, day * DAY + to * 60))
    }))
}

fn offerings() -> [serde_json::Value; 2] {
    [
        serde_json::json!({
            "title": "Klinik ekspor",
            "description": "Kita periksa dokumen, harga, dan pembeli untuk ekspor pertama Anda.",
            "mode": "online",
            "durations": [60],
            "questions": [{ "key": "produk", "label": "Produk apa yang ingin Anda ekspor?", "required": true }],
        }),
        serde_json::json!({
            "title": "Tanya cepat",
            "description": "Satu pertanyaan lewat telepon, juga malam hari.",
            "mode": "phone",
            "durations": [15],
            "interval_min": 15,
            "notice_min": 60,
        }),
    ]
}
