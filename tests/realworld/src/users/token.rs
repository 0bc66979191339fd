//! Tokens: JSON Web Tokens (RFC 7519) of one kind, signed by HMAC-SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::UserId;

/// No token has another, so that none can choose how it is looked at.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// How long a token lives, in seconds: 30 days.
const LIFE: i64 = 30 * 24 * 60 * 60;

/// Makes and reads tokens.
#[derive(Debug)]
pub(super) struct Tokens(Hmac<Sha256>);

#[derive(Serialize, Deserialize)]
struct Claims {
    id: UserId,
    exp: i64,
}

impl Tokens {
    pub(super) fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("a key of any length will do"))
    }

    pub(super) fn issue(&self, id: UserId) -> String {
        let claims = serde_json::json!(Claims { id, exp: Utc::now().timestamp() + LIFE });
        let signed = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(claims.to_string()));
        let signature = self.0.clone().chain_update(&signed).finalize().into_bytes();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    /// Whom the header `Authorization` speaks for.
    pub(super) fn read(&self, header: &str) -> Option<UserId> {
        let (signed, signature) = header.strip_prefix("Token ")?.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        self.0.clone().chain_update(signed).verify_slice(&signature).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
        (head == BASE64.encode(HEADER) && claims.exp > Utc::now().timestamp()).then_some(claims.id)
    }
}
