//! Urls of servers, which may hold passwords.

use std::fmt;

use serde_json::{Value as Json, json};

use super::{
    tree::Node,
    value::{FromNode, Wrong},
};

/// The url of a server. Shown, its password is `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// That url.
    pub(crate) fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// All of it, with its password; empty if there is none.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it names servers by that scheme: `SCHEME://HOST:PORT`, or several with commas. Those of
    /// NATS are also reached by `tls://`.
    pub(super) fn is_of(&self, scheme: &str) -> bool {
        let is_it = |named: &str| named == scheme || (scheme == "nats" && named == "tls");
        let rest = self.0.split_once("://").filter(|(named, _)| is_it(named));
        rest.is_some_and(|(_, servers)| {
            !servers.is_empty() && servers.bytes().all(|b| b.is_ascii_graphic())
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Without the password.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0, MASK))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerUrl").field(&self.to_string()).finish()
    }
}

impl FromNode for ServerUrl {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        String::from_node(node).map(Self)
    }

    fn show(&self) -> Json {
        json!(self.to_string())
    }

    fn written(text: &str) -> Json {
        json!(masked(text, MASK))
    }
}

/// What stands for a password.
const MASK: fn(&str) -> String = |_| "***".to_owned();

/// A text with `mask` in the place of the passwords of urls in it: of `scheme://user:password@host`,
/// and of `password=…` in a query. It rather takes too much for one than too little; a variable that
/// fills it in, `${NAME}`, is none.
pub(super) fn masked(text: &str, mask: fn(&str) -> String) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let query = rest.find('?').unwrap_or(rest.len());
    let at = rest[..query].rfind('@').or_else(|| rest.rfind('@')).unwrap_or(0);
    let (login, mut left) = rest.split_at(at);
    let mut shown = match login.split_once(':') {
        Some((user, password)) => format!("{scheme}://{user}:{}", hidden(password, mask)),
        None => format!("{scheme}://{login}"),
    };
    while let Some((before, after)) = left.split_once("password=") {
        let (password, next) = after.split_at(after.find('&').unwrap_or(after.len()));
        shown += &format!("{before}password={}", hidden(password, mask));
        left = next;
    }
    shown + left
}

fn hidden(password: &str, mask: fn(&str) -> String) -> String {
    let name = password.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_some_and(plain) { password.to_owned() } else { mask(password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_by_no_way_of_writing_it() {
        for (url, shown) in [
            ("postgres://u:secret@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u:sec@ret@h/d", "postgres://u:***@h/d"),
            ("postgres://u:se/cret@h/d", "postgres://u:***@h/d"),
            ("postgres://u:se?cret@h/d", "postgres://u:***@h/d"),
            ("postgres://u@h:5432/d", "postgres://u@h:5432/d"),
            ("postgres://h:5432/d", "postgres://h:5432/d"),
            ("postgres://u@h/d?password=secret&x=1", "postgres://u@h/d?password=***&x=1"),
            ("postgres://u:${PASSWORD}@h/d", "postgres://u:${PASSWORD}@h/d"),
            ("postgres://u:${PASSWORD:-secret}@h/d", "postgres://u:***@h/d"),
            ("${URL:-postgres://u:secret@h/d}", "${URL:-postgres://u:***@h/d}"),
            ("${URL}", "${URL}"),
            ("", ""),
        ] {
            assert_eq!(ServerUrl::written(url), json!(shown));
            let own = ServerUrl(url.to_owned());
            assert_eq!((own.to_string(), own.reveal()), (shown.to_owned(), url));
            assert_eq!(format!("{own:?}"), format!("ServerUrl({shown:?})"));
        }
    }
}
