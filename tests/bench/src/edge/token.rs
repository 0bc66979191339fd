//! A token that the bench's edge takes, and the lines by which it does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::json;

const SECRET: &str = "a secret of the bench, and of nobody else";

/// Lines of `[edge]`: tokens are checked, and more may be asked for than anybody can ask.
pub(super) fn config() -> String {
    format!(
        "rate = \"1000000000/60s\"\n\
         [edge.jwt]\nissuer = \"bench\"\naudience = \"bench\"\nsecret = \"{SECRET}\"\n"
    )
}

/// A token of somebody, for a day.
pub(super) fn sealed() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = now + Duration::from_secs(24 * 60 * 60);
    let claims = json!({"iss": "bench", "aud": "bench", "sub": "1", "exp": until.as_secs()});
    let parts = [json!({"alg": "HS256", "typ": "JWT"}), claims];
    let [head, claims] = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{head}.{claims}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}
