//! What a request passes before anything of it is believed: its host, who it is of, what that one may do,
//! and whether a browser was lured into it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use actix_web::http::{Method, header};

use super::routes::Access;
use super::state::State;
use crate::auth::{COOKIE, Role, Who, is_ours, is_same, session};
use crate::refusal::Refusal;

/// Somebody who has proved who they are.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) who: Who,
    /// Whether by a cookie, which browsers send by themselves.
    by_cookie: bool,
}

/// Time since 1970.
pub(super) fn now() -> Duration {
    // A clock before that is wrong; nothing is good then.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl State {
    /// Refuses who has come by a name that isn't ours.
    pub(super) fn check_host(&self, request: &HttpRequest) -> Result<(), Refusal> {
        let mut sent = request.headers().get_all(header::HOST);
        let (host, further) = (sent.next().and_then(|host| host.to_str().ok()), sent.next());
        let ours = |host: &str| is_ours(host, &self.settings.hosts);
        let target = request.uri().authority().map(|authority| authority.as_str());
        if host.is_some_and(ours) && further.is_none() && target.is_none_or(ours) {
            return Ok(());
        }
        let why = "this host isn't one of the admin listener's: `[admin] hosts` lists further ones";
        Err(Refusal::denied(why))
    }

    /// Who asks.
    pub(super) fn known(&self, request: &HttpRequest) -> Result<Known, Refusal> {
        let headers = request.headers();
        let invalid = |why: &str| Refusal::new(401, "invalid_credential", why);
        if let Some(sent) = headers.get(header::AUTHORIZATION) {
            let token = sent.to_str().ok().and_then(|sent| {
                let (scheme, token) = sent.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            });
            let who = token.and_then(|token| self.tokens.whose(token));
            return match who {
                Some(who) => Ok(Known { who: who.clone(), by_cookie: false }),
                None => Err(invalid("nobody has this token")),
            };
        }
        let name = format!("{COOKIE}{}", self.address.port());
        let cookies = headers.get_all(header::COOKIE).filter_map(|sent| sent.to_str().ok());
        let mut cookies = cookies.flat_map(|sent| sent.split(';')).filter_map(|pair| {
            let (own, value) = pair.trim().split_once('=')?;
            (own == name).then_some(value)
        });
        match cookies.next() {
            None => Err(Refusal::new(
                401,
                "unauthenticated",
                "this needs a credential, and none came with the request: the command `dashboard` \
                 prints a login link, and scripts send `Authorization: Bearer` with a token",
            )),
            Some(value) => match session(&self.operator, value, now()) {
                Some(who) => Ok(Known { who, by_cookie: true }),
                None => Err(invalid("the session is over: the command `dashboard` begins another")),
            },
        }
    }

    /// Whether a route is open to everybody here.
    pub(super) fn is_open(&self, access: Access) -> bool {
        match access {
            Access::Open => true,
            Access::OpenOnLoopback => self.address.ip().is_loopback(),
            Access::Viewer | Access::Operator => false,
        }
    }
}

impl Known {
    /// Refuses who mayn't do that.
    pub(super) fn may(&self, access: Access) -> Result<(), Refusal> {
        match (access, self.who.role) {
            (Access::Operator, Role::Viewer) => {
                Err(Refusal::denied("this needs the role `operator`"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what a page of another origin may have had a browser send.
    pub(super) fn check_origin(&self, request: &HttpRequest) -> Result<(), Refusal> {
        if !self.by_cookie || matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(());
        }
        let headers = request.headers();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let mut sent = headers.get_all(header::ORIGIN);
        let (origin, further) = (sent.next().and_then(|one| one.to_str().ok()), sent.next());
        let same = origin.zip(host).is_some_and(|(origin, host)| is_same(origin, host));
        if !same || further.is_some() {
            let why = "with a cookie, what changes something comes from the admin page alone: its \
                       `Origin` is missing, or that of another page";
            return Err(Refusal::new(403, "cross_origin", why));
        }
        if !has_body(request) {
            return Ok(());
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            let why = "with a cookie, a request must say that its body is application/json";
            return Err(Refusal::new(415, "unsupported_media_type", why));
        }
        Ok(())
    }
}

fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}
