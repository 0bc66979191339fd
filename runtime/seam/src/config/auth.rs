//! `[edge.jwt]`, `[edge.keys.NAME]`, `[edge.session]`, `[edge.signing]`: how clients of the edge show who
//! they are.

use std::time::Duration;

use seam_core::policy::Quota;
use seam_gateway::{
    AuthSettings, JwtKeys, JwtSettings, KeySettings, Scheme, SessionSettings, SigningApp,
    SigningSettings, Source, SourceError,
};
use serde_json::{Value as Json, json};

use super::{
    load::positive,
    rates::Rate,
    reader::Reader,
    secret::{Secret, SecretHash, SecretKey},
    tree::Node,
    value::{FromNode, Wrong},
};

/// How clients show who they are. Default: they can't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthConfig {
    /// `[edge.jwt]`; `None` without that table.
    pub jwt: Option<JwtConfig>,
    /// `[edge.keys.NAME]`.
    pub keys: Vec<KeyConfig>,
    /// `[edge.session]`; `None` without that table.
    pub session: Option<SessionConfig>,
    /// `[edge.signing]`; `None` without that table.
    pub signing: Option<SigningConfig>,
}

/// `[edge.jwt]`: tokens of an issuer, by `Authorization: Bearer`. They need `exp`, `iss`, `aud` and `sub`.
///
/// ```toml
/// [edge.jwt]
/// issuer = "https://id.example.com"
/// audience = "shop"
/// jwks = "https://id.example.com/jwks.json"
/// roles = "roles"
/// claims = ["org"]
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtConfig {
    /// `issuer`: their `iss`. Default: none, and one is needed.
    pub issuer: String,
    /// `audience`: what their `aud` is, or names among others. Default: none, and one is needed.
    pub audience: String,
    /// `jwks`: where the issuer's public keys are: an `https` URL, `http` on this machine, or a file.
    /// Default: none; either this or `secret` is needed.
    pub jwks: KeySource,
    /// `secret`: the one that HS256 tokens are signed with, of 32 bytes or more. Default: none.
    pub secret: Secret,
    /// `roles`: the claim with roles, a list of texts or one text with spaces; `realm_access.roles` is a
    /// member of a claim. Default: `roles`.
    pub roles: String,
    /// `claims`: those that services are told of. Default: none.
    pub claims: Vec<String>,
}

/// Where an issuer's keys are; none if nobody has said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySource(pub Option<Source>);

/// `[edge.keys.NAME]`: a key of a client, by `X-Api-Key`. `NAME` is its subject.
///
/// ```toml
/// [edge.keys.robot]
/// hash = "sha256:…"
/// roles = ["support"]
/// rate = "100/60s"
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyConfig {
    /// `NAME`.
    pub name: String,
    /// `hash`: the key's SHA-256, as `key new NAME` prints it. Default: none, and one is needed.
    pub hash: SecretHash,
    /// `roles`: what it may be. Default: none.
    pub roles: Vec<String>,
    /// `rate`: how much it may ask for, in place of `[edge] rate`; 0 for no limit. Default: as that says.
    pub rate: Option<Option<Quota>>,
}

/// `[edge.session]`: who has signed in, sealed in the cookie `seam_session`.
///
/// ```toml
/// [edge.session]
/// key = "${SESSION_KEY}"
/// idle = "30m"
/// max = "12h"
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// `key`: what cookies are sealed with, 64 hexadecimal digits. Default: none, and one is needed.
    pub key: SecretKey,
    /// `idle`: how long a session lasts in which nothing is asked for. Default: `30m`.
    pub idle: Duration,
    /// `max`: how long any session lasts. Default: `12h`.
    pub max: Duration,
}

/// `[edge.signing]`: forms at `/gateway` have to be signed.
///
/// ```toml
/// [edge.signing]
/// window = "300s"
/// [edge.signing.keys.partner]
/// secret = "${PARTNER_SECRET}"
/// roles = ["support"]
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningConfig {
    /// `window`: how far a form's `timestamp` may be from now. Default: `300s`.
    pub window: Duration,
    /// `[edge.signing.keys.APP]`: who may sign.
    pub keys: Vec<SigningKeyConfig>,
}

/// `[edge.signing.keys.APP]`: somebody who may sign forms. `APP` is its subject, and their `appKey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyConfig {
    /// `APP`.
    pub name: String,
    /// `secret`: what it signs with: the text's bytes. Default: none, and one is needed.
    pub secret: Secret,
    /// `roles`: what it may be. Default: none.
    pub roles: Vec<String>,
}

impl AuthConfig {
    /// The kinds of credentials that are taken, for the document of the API.
    pub(crate) fn schemes(&self) -> Vec<Scheme> {
        let kinds = [
            (self.jwt.is_some(), Scheme::Bearer),
            (!self.keys.is_empty(), Scheme::Key),
            (self.session.is_some(), Scheme::Session),
        ];
        kinds.into_iter().filter(|(taken, _)| *taken).map(|(_, kind)| kind).collect()
    }

    /// Whether clients can show who they are.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// The same for an edge. What lacks something that it needs, and so isn't a sound config, lets nobody
    /// in.
    pub(crate) fn settings(&self) -> AuthSettings {
        let key = |key: &KeyConfig| {
            let (name, roles) = (key.name.clone(), key.roles.clone());
            Some(KeySettings { name, hash: key.hash.bytes()?, roles, rate: key.rate })
        };
        let session = self.session.as_ref().and_then(|session| {
            let SessionConfig { key, idle, max } = *session;
            Some(SessionSettings { key: key.reveal()?, idle, max })
        });
        AuthSettings {
            jwt: self.jwt.as_ref().and_then(JwtConfig::settings),
            keys: self.keys.iter().filter_map(key).collect(),
            session,
            signing: self.signing.as_ref().map(SigningConfig::settings),
        }
    }
}

impl JwtConfig {
    fn settings(&self) -> Option<JwtSettings> {
        let keys = match &self.jwks.0 {
            Some(source) => JwtKeys::Set(source.clone()),
            None if self.secret.is_empty() => return None,
            None => JwtKeys::Secret(self.secret.reveal().as_bytes().into()),
        };
        Some(JwtSettings {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            keys,
            roles: self.roles.clone(),
            claims: self.claims.clone(),
        })
    }
}

impl SigningConfig {
    fn settings(&self) -> SigningSettings {
        let app = |key: &SigningKeyConfig| SigningApp {
            name: key.name.clone(),
            secret: key.secret.reveal().as_bytes().into(),
            roles: key.roles.clone(),
        };
        SigningSettings { window: self.window, apps: self.keys.iter().map(app).collect() }
    }
}

/// Reads the tables of `[edge]` that say who its clients are; `rate` is how much they may ask for.
pub(super) fn read_auth(edge: &mut Reader<'_>, rate: Rate) -> AuthConfig {
    let [jwt, session, signing] = ["jwt", "session", "signing"].map(|table| edge.has(table));
    let keys = edge.table("keys");
    AuthConfig {
        jwt: read_jwt(edge.table("jwt"), jwt),
        keys: keys.names().into_iter().map(|name| read_key(name, keys.named(name), rate)).collect(),
        session: read_session(edge.table("session"), session),
        signing: read_signing(edge.table("signing"), signing),
    }
}

fn read_jwt(mut reader: Reader<'_>, there: bool) -> Option<JwtConfig> {
    let jwt = there.then(|| JwtConfig {
        issuer: reader.value("issuer", String::new()),
        audience: reader.value("audience", String::new()),
        jwks: reader.value("jwks", KeySource::default()),
        secret: reader.checked("secret", Secret::default(), |secret| {
            match secret.is_empty() || secret.reveal().len() >= SHORTEST_SECRET {
                true => Ok(()),
                false => Err((
                    format!("`secret` is shorter than {SHORTEST_SECRET} bytes, and can be guessed"),
                    "use e.g. what `openssl rand -hex 32` prints".into(),
                )),
            }
        }),
        roles: reader.value("roles", "roles".into()),
        claims: reader.value("claims", Vec::new()),
    });
    reader.finish();
    jwt
}

/// The shortest secret of HS256, in bytes: as long as its hash (RFC 7518).
const SHORTEST_SECRET: usize = 32;

/// `edge` is how much others may ask for.
fn read_key(name: &str, mut reader: Reader<'_>, edge: Rate) -> KeyConfig {
    let has_rate = reader.has("rate");
    let key = KeyConfig {
        name: name.into(),
        hash: reader.value("hash", SecretHash::default()),
        roles: reader.value("roles", Vec::new()),
        rate: Some(reader.value("rate", edge)).filter(|_| has_rate).map(|Rate(quota)| quota),
    };
    reader.finish();
    key
}

fn read_session(mut reader: Reader<'_>, there: bool) -> Option<SessionConfig> {
    let session = there.then(|| SessionConfig {
        key: reader.value("key", SecretKey::default()),
        idle: reader.checked("idle", Duration::from_secs(30 * 60), positive),
        max: reader.checked("max", Duration::from_secs(12 * 60 * 60), positive),
    });
    reader.finish();
    session
}

fn read_signing(mut reader: Reader<'_>, there: bool) -> Option<SigningConfig> {
    let signing = there.then(|| {
        let window = reader.checked("window", Duration::from_secs(300), positive);
        let keys = reader.table("keys");
        let key = |name: &str, mut reader: Reader<'_>| {
            let key = SigningKeyConfig {
                name: name.into(),
                secret: reader.value("secret", Secret::default()),
                roles: reader.value("roles", Vec::new()),
            };
            reader.finish();
            key
        };
        let keys = keys.names().into_iter().map(|name| key(name, keys.named(name))).collect();
        SigningConfig { window, keys }
    });
    reader.finish();
    signing
}

impl FromNode for KeySource {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = String::from_node(node)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let fix = match Source::parse(&text) {
            Ok(source) => return Ok(Self(Some(source))),
            Err(SourceError::Plain) => {
                "use `https`; `http` will do on this machine, at 127.0.0.1, [::1] or localhost"
            }
            Err(SourceError::Unknown) => "use e.g. \"https://id.example.com/jwks.json\", or a file",
        };
        let reason = format!("{} is no place for keys that can be trusted", node.describe());
        Err(Wrong { reason, fix: fix.into() })
    }

    fn show(&self) -> Json {
        json!(self.0.as_ref().map(ToString::to_string).unwrap_or_default())
    }
}
