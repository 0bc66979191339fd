//! Tokens of an issuer: JSON Web Tokens (RFC 7519), signed (RFC 7515).

mod algorithms;
mod claims;
mod keys;
#[cfg(test)]
mod tests;
mod verified;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Validation, decode, decode_header};

use self::claims::Claims;
pub(super) use self::keys::Keys;
use self::verified::{Checked, Verified};
use super::issuer::{Issuer, Source};
use super::{Known, Refusal};

/// The longest token, in bytes.
const LONGEST: usize = 8 << 10;

/// What tokens must say, and who signs them.
#[derive(Clone, PartialEq, Eq)]
pub struct JwtSettings {
    /// Their `iss`.
    pub issuer: String,
    /// What their `aud` names.
    pub audience: String,
    /// What they are checked with.
    pub keys: JwtKeys,
    /// The claim that has roles, a list of texts or a text with spaces. `a.b` is the member `b` of the
    /// claim `a`, unless there is a claim of that name.
    pub roles: String,
    /// The claims that the principal has.
    pub claims: Vec<String>,
}

/// What tokens are checked with.
#[derive(Clone, PartialEq, Eq)]
pub enum JwtKeys {
    /// The issuer's public keys, where they are published.
    Set(Source),
    /// A secret that the issuer has, too, for HS256.
    Secret(Arc<[u8]>),
}

/// Checks tokens.
pub(super) struct Jwt {
    pub(super) settings: JwtSettings,
    from: From,
}

/// Where the keys come from.
enum From {
    Issuer(Issuer),
    Secret(KnownKeys),
}

/// Keys, and what was checked with them: both are forgotten at once.
#[derive(Debug)]
pub(super) struct KnownKeys {
    keys: Keys,
    verified: Verified,
}

impl KnownKeys {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, verified: Verified::new() }
    }
}

impl Jwt {
    pub(super) fn new(settings: JwtSettings) -> Self {
        algorithms::install();
        let from = match &settings.keys {
            JwtKeys::Set(source) => From::Issuer(Issuer::new(source.clone())),
            JwtKeys::Secret(secret) => From::Secret(KnownKeys::new(Keys::of_secret(secret))),
        };
        Self { settings, from }
    }

    /// Who a token is of that was checked before, and holds at `now`.
    pub(super) fn remembered(&self, token: &str, now: Duration) -> Option<Arc<Known>> {
        let (name, now) = (Verified::key(token.as_bytes()), now.as_secs_f64());
        match &self.from {
            From::Secret(known) => known.verified.get(&name, now),
            From::Issuer(issuer) => issuer.known().as_ref().as_ref()?.verified.get(&name, now),
        }
    }

    /// Who a token is of, at `now`, which is the time since 1970. If its key isn't known, the issuer
    /// is asked for its keys.
    pub(super) async fn check(&self, token: &str, now: Duration) -> Result<Arc<Known>, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::invalid("the token is too long"));
        }
        let issuer = match &self.from {
            From::Secret(known) => return self.by(known, token, now)?.ok_or_else(unknown_key),
            From::Issuer(issuer) => issuer,
        };
        if let Some(known) = &**issuer.known()
            && let Some(who) = self.by(known, token, now)?
        {
            return Ok(who);
        }
        // Nobody is asked for what is no token.
        header(token)?;
        issuer.ask().await;
        match &**issuer.known() {
            Some(known) => self.by(known, token, now)?.ok_or_else(unknown_key),
            None => Err(Refusal::Unavailable("the issuer's keys aren't known yet")),
        }
    }

    /// The same by keys that are known; `None` if its own isn't among them.
    fn by(
        &self,
        known: &KnownKeys,
        token: &str,
        now: Duration,
    ) -> Result<Option<Arc<Known>>, Refusal> {
        let (name, now) = (Verified::key(token.as_bytes()), now.as_secs_f64());
        if let Some(who) = known.verified.get(&name, now) {
            return Ok(Some(who));
        }
        let id = header(token)?;
        let Some(key) = known.keys.get(id.as_deref()) else { return Ok(None) };
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        // By the clock that is given, below.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let decoded = decode::<Claims>(token, &key.key, &validation);
        let claims = decoded.map_err(|error| Refusal::invalid(format!("the token: {error}")))?;
        let claims = claims.claims;
        claims.hold(now)?;
        let until = claims.until();
        let who = Arc::new(claims.who(&self.settings)?);
        known.verified.put(name, Checked { who: Arc::clone(&who), until });
        Ok(Some(who))
    }
}

/// The id of the key that a token was signed with, if it says so. Where keys are (`jku`, `x5u`) or
/// what they are (`jwk`, `x5c`) isn't a token's to say, and isn't looked at.
fn header(token: &str) -> Result<Option<String>, Refusal> {
    let header = decode_header(token);
    let header = header.map_err(|error| Refusal::invalid(format!("the token: {error}")))?;
    match header.crit {
        Some(_) => Err(Refusal::invalid("the token has a header `crit`, none of which is known")),
        None => Ok(header.kid),
    }
}

fn unknown_key() -> Refusal {
    Refusal::invalid("the token's key isn't one of its issuer's")
}

/// Without the secret.
impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(source) => f.debug_tuple("Set").field(source).finish(),
            Self::Secret(_) => f.write_str("Secret"),
        }
    }
}

impl fmt::Debug for JwtSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, audience, keys, roles, claims } = self;
        let mut shown = f.debug_struct("JwtSettings");
        shown.field("issuer", issuer).field("audience", audience).field("keys", keys);
        shown.field("roles", roles).field("claims", claims).finish()
    }
}
