//! What a token says, and whether it says enough.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::JwtSettings;
use crate::auth::{Known, Refusal};
use seam_core::context::Principal;

/// How far clocks may be apart, in seconds.
pub(super) const LEEWAY: f64 = 30.0;

/// A token's claims. Those that are required are in it, or it can't be read; `iss` and `aud` are
/// compared when the signature is checked.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    /// In seconds since 1970.
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    sub: String,
    iss: String,
    #[serde(rename = "aud")]
    _aud: Audience,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// For whom a token is: one, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "what is compared was read by others; this holds it to its form")]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Until when the token holds, with the leeway.
    pub(super) fn until(&self) -> f64 {
        self.exp + LEEWAY
    }

    /// Whether it holds now.
    pub(super) fn hold(&self, now: f64) -> Result<(), Refusal> {
        if now >= self.until() {
            return Err(Refusal::invalid("the token has expired"));
        }
        if self.nbf.is_some_and(|nbf| nbf > now + LEEWAY) {
            return Err(Refusal::invalid("the token doesn't hold yet"));
        }
        Ok(())
    }

    /// Who it is of.
    pub(super) fn who(mut self, settings: &JwtSettings) -> Result<Known, Refusal> {
        if self.sub.is_empty() {
            return Err(Refusal::invalid("the token has an empty `sub`"));
        }
        let roles = roles(self.claim(&settings.roles))?;
        let passed_on = settings.claims.iter();
        let claims = passed_on
            .filter_map(|name| Some((name.clone(), self.claim(name)?.clone())))
            .collect::<Map<_, _>>();
        let known = Known::new(Principal {
            subject: std::mem::take(&mut self.sub),
            issuer: Some(std::mem::take(&mut self.iss)),
            kind: "jwt".into(),
            roles,
            claims,
        })?;
        // One that is too large for a clock is no end.
        Ok(Known { until: Duration::try_from_secs_f64(self.until()).ok(), ..known })
    }

    /// The claim of that name; if there is none, `realm_access.roles` is the member `roles` of the
    /// claim `realm_access`.
    fn claim(&self, name: &str) -> Option<&Value> {
        let within = || {
            let mut names = name.split('.');
            let first = self.others.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        };
        self.others.get(name).or_else(within)
    }
}

/// Roles are a list of texts, or one text with spaces between them.
fn roles(claim: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::invalid("the token's roles are neither a list of texts nor a text");
    match claim {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split_whitespace().map(str::to_owned).collect()),
        Some(Value::Array(all)) => {
            let text = |role: &Value| role.as_str().map(str::to_owned).ok_or_else(wrong);
            all.iter().map(text).collect()
        }
        Some(_) => Err(wrong()),
    }
}
