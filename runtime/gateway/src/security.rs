//! What a program adds to find out who asks, and to say who may: plug-ins of the edge.

use std::fmt;
use std::net::IpAddr;

use futures_util::future::BoxFuture;
use seam_core::context::Principal;

use crate::http::HeaderMap;

/// A plug-in, as the edge asks it: on the thread that answers the request, which it mustn't block. What
/// takes longer than 500 ms, or panics, is no leave: such a request is answered by 503.
pub trait SecurityPlugin: Send + Sync + 'static {
    /// Its name: `[edge.plugins.NAME]`.
    fn name(&self) -> &str;

    /// Whether it knows clients: else it is never asked who they are.
    fn knows_clients(&self) -> bool;

    /// Who sent a request, if the plug-in knows. It is asked before any other credential is looked at.
    fn authenticate<'a>(
        &'a self,
        request: &'a AskedRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<Principal>, Refusal>>;

    /// Whether a request may be answered, once its rule has let it in.
    fn authorize<'a>(&'a self, asked: &'a Asked<'a>) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// A request's head.
pub struct AskedRequest<'a> {
    pub(crate) verb: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) peer: Option<IpAddr>,
}

impl<'a> AskedRequest<'a> {
    /// Its verb, in capitals.
    pub const fn verb(&self) -> &'a str {
        self.verb
    }

    /// Its path, as it was sent.
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// The value of a header, if it comes once and is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut values = self.headers.get_all(name);
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        value.to_str().ok()
    }

    /// The address that it comes from.
    pub const fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}

impl fmt::Debug for AskedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may be anybody's secrets.
        write!(f, "AskedRequest({} {})", self.verb, self.path)
    }
}

/// What is asked for.
#[derive(Debug)]
pub struct Asked<'a> {
    pub(crate) request: AskedRequest<'a>,
    pub(crate) principal: Option<&'a Principal>,
    pub(crate) method: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// The request's head.
    pub const fn request(&self) -> &AskedRequest<'a> {
        &self.request
    }

    /// Who asks, if anybody is known.
    pub const fn principal(&self) -> Option<&'a Principal> {
        self.principal
    }

    /// The method that is asked for, as `order.place`; none for what no contract has.
    pub const fn method(&self) -> Option<&'a str> {
        self.method
    }
}

/// Why a plug-in lets a request not in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) detail: String,
}

impl Refusal {
    /// 403 with a code of the plug-in's own, in snake case, and a sentence for the client.
    pub fn denied(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status: 403, code: code.into(), detail: detail.into() }
    }

    /// 401 `invalid_credential`: the request says that it is somebody's, and isn't.
    pub fn invalid_credential(detail: impl Into<String>) -> Self {
        Self { status: 401, code: "invalid_credential".into(), detail: detail.into() }
    }

    /// 503 `unavailable`: nobody can say now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { status: 503, code: "unavailable".into(), detail: detail.into() }
    }
}
