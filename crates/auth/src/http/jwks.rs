use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Issuer;

/// A JSON Web Key Set (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonWebKeySet {
    #[schema(max_items = 10)]
    keys: Vec<JsonWebKey>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonWebKey {
    #[schema(max_length = 10, example = "OKP", value_type = String)]
    kty: &'static str,
    #[schema(max_length = 20, example = "Ed25519", value_type = String)]
    crv: &'static str,
    #[serde(rename = "use")]
    #[schema(max_length = 10, example = "sig", value_type = String)]
    use_: &'static str,
    #[schema(max_length = 10, example = "EdDSA", value_type = String)]
    alg: &'static str,
    #[schema(max_length = 100)]
    kid: String,
    #[schema(max_length = 100)]
    x: String,
}

/// List the public keys
///
/// With which anyone can check Karya's access tokens.
#[utoipa::path(tag = "auth", responses((status = 200, description = "The keys", body = JsonWebKeySet)))]
#[get("/.well-known/jwks.json")]
pub(crate) async fn get_jwks(issuer: Data<Issuer>) -> HttpResponse {
    let keys = issuer
        .public_keys()
        .into_iter()
        .map(|key| JsonWebKey {
            kty: "OKP",
            crv: "Ed25519",
            use_: "sig",
            alg: "EdDSA",
            kid: key.kid,
            x: key.x,
        })
        .collect();
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(JsonWebKeySet { keys })
}
