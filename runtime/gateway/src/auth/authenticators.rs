//! All ways for a client to show who it is, as an edge has them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seam_core::context::Principal;

use super::credentials::Credential;
use super::jwt::{Jwt, JwtSettings};
use super::keys::{KeySettings, Keys};
use super::origin::{self, Asked};
use super::session::{NewCookie, Session, SessionSettings, Sessions};
use super::signing::{Signed, Signing, SigningSettings};
use super::{Known, Refusal};
use crate::cors::Cors;
use crate::problem::Problem;
use crate::query::Pair;

/// How clients show who they are. Default: nobody can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthSettings {
    /// By tokens of an issuer.
    pub jwt: Option<JwtSettings>,
    /// By keys.
    pub keys: Vec<KeySettings>,
    /// By signing in.
    pub session: Option<SessionSettings>,
    /// By signing forms; then every form has to be.
    pub signing: Option<SigningSettings>,
}

/// What finds out who clients are. Clones are the same. Default: nothing.
#[derive(Clone, Default)]
pub struct Authenticators(Option<Arc<Parts>>);

struct Parts {
    settings: AuthSettings,
    jwt: Option<Arc<Jwt>>,
    keys: Keys,
    sessions: Option<Sessions>,
    signing: Option<Signing>,
}

/// What a request's credential says.
#[derive(Debug)]
pub(crate) enum Sent {
    /// There is none.
    Nothing,
    /// Who it is of.
    Known(Arc<Known>),
    /// The session that it is made in.
    Session(Box<Session>),
}

impl Authenticators {
    /// Begins to fetch an issuer's keys, if there is one, and doesn't wait for them.
    pub fn new(settings: AuthSettings) -> Self {
        Self::default().with(settings)
    }

    /// Those of other settings, which go on with what is known of an issuer whose settings are the same.
    #[must_use]
    pub fn with(&self, settings: AuthSettings) -> Self {
        if self.0.as_ref().is_some_and(|parts| parts.settings == settings) {
            return self.clone();
        }
        if settings == AuthSettings::default() {
            return Self(None);
        }
        let before = self.0.as_ref().and_then(|parts| parts.jwt.as_ref());
        let jwt = settings.jwt.as_ref().map(|jwt| match before {
            Some(before) if before.settings == *jwt => Arc::clone(before),
            _ => Arc::new(Jwt::new(jwt.clone())),
        });
        Self(Some(Arc::new(Parts {
            jwt,
            keys: Keys::new(&settings.keys),
            sessions: settings.session.clone().map(Sessions::new),
            signing: settings.signing.as_ref().map(Signing::new),
            settings,
        })))
    }

    /// Whether anybody can show who they are.
    pub const fn is_any(&self) -> bool {
        self.0.is_some()
    }

    /// Whether forms have to be signed.
    pub(crate) fn signs(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.signing.is_some())
    }

    /// Who has signed a form, at `now`; `None` if forms needn't be signed.
    pub(crate) fn signed(
        &self,
        form: &[Pair<'_>],
        now: Duration,
    ) -> Option<Result<Signed, Problem>> {
        Some(self.0.as_ref()?.signing.as_ref()?.check(form, now))
    }

    /// Begins a session; `None` if there are none here.
    pub(crate) fn begin(
        &self,
        who: Principal,
        now: Duration,
    ) -> Option<Result<NewCookie, Refusal>> {
        Some(self.0.as_ref()?.sessions.as_ref()?.begin(who, now))
    }

    /// Whether there are sessions here.
    pub(crate) fn has_sessions(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.sessions.is_some())
    }

    /// Finds out who sent a request, at `now`; pages of the origins that `cors` names may use a session of
    /// this site. `may_look` is asked before something is looked at that takes a while, and `is_ended`
    /// whether a session was.
    pub(crate) async fn identify(
        &self,
        asked: &Asked<'_>,
        cors: &Cors,
        now: Duration,
        may_look: impl Fn() -> Result<(), Problem>,
        is_ended: impl Fn(&str) -> bool,
    ) -> Result<Result<Sent, Refusal>, Problem> {
        let Some(parts) = &self.0 else { return Ok(Ok(Sent::Nothing)) };
        let sent = match Credential::of(asked.headers, parts.sessions.is_some()) {
            Credential::None => Ok(Sent::Nothing),
            Credential::Several => {
                let why = "several credentials came with the request: send one";
                return Err(Problem::bad_request(why));
            }
            Credential::Broken(why) => Err(Refusal::invalid(why)),
            Credential::Bearer(token) => match &parts.jwt {
                None => Err(Refusal::invalid("no tokens are taken here")),
                Some(jwt) => match jwt.remembered(token, now) {
                    Some(known) => Ok(Sent::Known(known)),
                    None => {
                        may_look()?;
                        jwt.check(token, now).await.map(Sent::Known)
                    }
                },
            },
            Credential::Key(key) => {
                may_look()?;
                parts.keys.check(key).map(Sent::Known)
            }
            Credential::Session(cookies) => {
                may_look()?;
                match parts.session(&cookies, now, is_ended) {
                    Ok(session) => {
                        origin::check(asked, cors)?;
                        Ok(Sent::Session(Box::new(session)))
                    }
                    Err(refusal) => Err(refusal),
                }
            }
        };
        Ok(sent)
    }
}

impl Parts {
    /// The first session of these cookies that lasts.
    fn session(
        &self,
        cookies: &[&str],
        now: Duration,
        is_ended: impl Fn(&str) -> bool,
    ) -> Result<Session, Refusal> {
        let sessions = self.sessions.as_ref().ok_or(Refusal::Over)?;
        let mut opened = cookies.iter().map(|cookie| sessions.open(cookie, now));
        let lasts = |session: &Result<Session, Refusal>| match session {
            Ok(session) => !is_ended(&session.id),
            Err(refusal) => *refusal != Refusal::Over,
        };
        opened.find(lasts).unwrap_or(Err(Refusal::Over))
    }
}

impl fmt::Debug for Authenticators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authenticators")
            .field(&self.0.as_ref().map(|parts| &parts.settings))
            .finish()
    }
}
