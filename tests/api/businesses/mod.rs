mod changing;
mod listing;
mod registering;

use serde_json::{Value, json};

use crate::harness::Client;

/// A batik workshop in Pekalongan.
pub fn workshop() -> Value {
    json!({
        "name": "Batik Pesisir Ibu Sari",
        "legal_form": "perorangan",
        "description_id": "Batik tulis pewarna alam dari Pekalongan.",
        "nib": "8120 0012 34567",
        "npwp": "01.312.166.0-091.000",
        "nik": "3375016902000001",
        "kbli": [{ "code": "13134", "vintage": "2020" }],
        "main_subsector": "kriya",
        "further_subsectors": ["fesyen"],
        "declared_turnover": { "amount": 450_000_000, "currency": "IDR" },
        "founded_year": 1998,
        "phone": "0812-3456-7890",
        "email": "Toko@BatikSari.id",
        "website": "https://batiksari.id",
        "social_links": { "instagram": "https://instagram.com/batiksari", "whatsapp": "081234567890" },
        "address": { "region_code": "33.75.01.1004", "postal_code": "51112", "street": "Jl. Sapuro No. 12" },
        "location": { "latitude": -6.88861, "longitude": 109.67534 },
        "opening_hours": [{ "day": "monday", "opens": "08:00", "closes": "16:00" }],
    })
}

fn named(name: &str) -> Value {
    with(&[
        ("name", json!(name)),
        ("nib", Value::Null),
        ("npwp", Value::Null),
    ])
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut body = workshop();
    for (key, value) in changes {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(*key);
        } else {
            body[*key] = value.clone();
        }
    }
    body
}

async fn register(owner: &Client<'_>, body: Value) -> Value {
    owner.post("/v1/businesses", body).await.ok(201)
}

fn path(business: &Value) -> String {
    format!("/v1/businesses/{}", business["id"].as_str().unwrap())
}
