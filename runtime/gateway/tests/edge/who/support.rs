//! Accounts that are somebody's, an edge before them, and tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use seam::edge::SignIn;
use seam_core::call::{AnyClient, Client};
use seam_gateway::{AuthSettings, Authenticators, Edge, EdgeSettings, JwtKeys, JwtSettings, Own};
use serde_json::{Value, json};

use crate::support::{Ready, settings};

#[seam::contract(name = "account", version = "1.0")]
pub(crate) trait Account {
    /// Makes an account.
    #[call(public, http = "POST /api/account", allow = "anyone")]
    async fn create(&self, name: String) -> String;

    /// An account.
    #[call(public, http = "GET /api/account/{id}", allow = "self:id or role:support")]
    async fn get(&self, id: u64) -> u64;

    /// Accounts.
    #[call(public, http = "GET /api/accounts", allow = "self:id or role:support")]
    async fn list(&self, id: Option<u64>) -> u64;

    /// Renames an account.
    #[call(public, http = "PUT /api/account/{id}", allow = "self:id")]
    async fn rename(&self, id: u64, name: String) -> String;

    /// Who asks.
    #[call(public, http = "GET /api/me")]
    async fn me(&self) -> String;

    /// Begins a session.
    #[call(public, http = "POST /api/session", status = 201, allow = "anyone", session = "start")]
    async fn sign_in(&self, name: String) -> Result<SignIn, AccountError>;

    /// Ends it.
    #[call(http = "DELETE /api/session", status = 204, session = "end")]
    async fn sign_out(&self) -> ();
}

#[seam::error]
pub(crate) enum AccountError {
    /// Nobody has that name.
    #[error(status = 401)]
    WrongName,
}

/// Counts what was asked of it.
#[derive(Clone, Default)]
pub(crate) struct Accounts(Arc<AtomicU32>);

impl Accounts {
    pub(crate) fn asked(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Account for Accounts {
    async fn create(&self, name: String) -> String {
        self.count();
        name
    }

    async fn get(&self, id: u64) -> u64 {
        self.count();
        id
    }

    async fn list(&self, id: Option<u64>) -> u64 {
        self.count();
        id.unwrap_or_default()
    }

    async fn rename(&self, _: u64, name: String) -> String {
        self.count();
        name
    }

    async fn me(&self) -> String {
        self.count();
        let who = seam::principal().map(|who| serde_json::to_string(&who).unwrap());
        who.unwrap_or_default()
    }

    async fn sign_in(&self, name: String) -> Result<SignIn, AccountError> {
        self.count();
        match &*name {
            "ada" => Ok(SignIn::new(1).with_roles(["buyer"]).with_claim("org", "acme")),
            _ => Err(AccountError::WrongName),
        }
    }

    async fn sign_out(&self) {
        self.count();
    }
}

/// An edge before accounts, for clients that show who they are in these ways.
pub(crate) fn edge(auth: AuthSettings) -> (Edge, Accounts) {
    edge_with(auth, settings(), Own::default())
}

pub(crate) fn edge_with(auth: AuthSettings, settings: EdgeSettings, own: Own) -> (Edge, Accounts) {
    let accounts = Accounts::default();
    let client: Arc<dyn AnyClient> =
        Arc::new(Client::<AccountContract>::local(accounts.clone()).unwrap());
    let settings = EdgeSettings { auth: Authenticators::new(auth), known: true, ..settings };
    (Edge::bind_with(settings, vec![client], Arc::new(Ready), own).unwrap(), accounts)
}

/// Somebody whose tokens are believed.
pub(crate) struct TokenKey {
    pub(crate) id: &'static str,
    pair: Ed25519KeyPair,
}

impl TokenKey {
    pub(crate) fn new(id: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id, pair: Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap() }
    }

    pub(crate) fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x })
    }

    pub(crate) fn set(keys: &[&Self]) -> String {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        json!({ "keys": keys }).to_string()
    }

    /// A token with these claims over the usual ones; those that are null are left out.
    pub(crate) fn token(&self, over: &Value) -> String {
        self.token_as(&json!({ "alg": "EdDSA", "kid": self.id }), over)
    }

    pub(crate) fn token_as(&self, header: &Value, over: &Value) -> String {
        let now = now().as_secs();
        let usual =
            json!({ "iss": "https://id.test", "aud": "shop", "sub": "1", "exp": now + 600 });
        let mut claims = usual.as_object().unwrap().clone();
        claims.extend(over.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(&Value::Object(claims)));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Believes tokens by keys in that place.
pub(crate) fn jwt(keys: &str) -> AuthSettings {
    let jwt = JwtSettings {
        issuer: "https://id.test".into(),
        audience: "shop".into(),
        keys: JwtKeys::Set(seam_gateway::Source::parse(keys).unwrap()),
        roles: "roles".into(),
        claims: vec!["org".into()],
    };
    AuthSettings { jwt: Some(jwt), ..AuthSettings::default() }
}
