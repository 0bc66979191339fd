//! `[store]` and `[services.NAME.store]`: where services keep their rows.

use std::fmt;

use serde_json::{Value as Json, json};

use super::{
    Config, UnitLayout,
    effective::Effective,
    origin::Origin,
    reader::Reader,
    tree::Node,
    value::{Choice, FromNode, Wrong},
};

/// `[store]`: where services keep their rows, unless `[services.NAME.store]` says otherwise.
///
/// ```toml
/// [store]
/// engine = "postgres"
/// url = "postgres://shop:${DATABASE_PASSWORD}@127.0.0.1:5432/shop"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreConfig {
    /// `engine`: what keeps the rows. Default: `sled`.
    pub engine: StoreEngine,
    /// `url`: where the server is, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Each service has a
    /// schema of its name there. Default: none, and `postgres` needs one.
    pub url: StoreUrl,
}

/// What keeps a service's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreEngine {
    /// A folder in the data folder, which one process has at a time.
    #[default]
    Sled,
    /// A schema of a PostgreSQL database, which all instances use at once.
    Postgres,
}

impl Choice for StoreEngine {
    const ALL: &'static [(&'static str, Self)] =
        &[("sled", Self::Sled), ("postgres", Self::Postgres)];
}

impl StoreEngine {
    /// The feature that an app must be built with for it, if it isn't.
    const fn lacks(self) -> Option<&'static str> {
        match self {
            Self::Postgres if cfg!(not(feature = "postgres")) => Some("postgres"),
            _ => None,
        }
    }
}

/// What a url of the engine looks like.
pub(super) const EXAMPLE: &str = "postgres://USER:PASSWORD@127.0.0.1:5432/DATABASE";

/// The url of a database. Shown, its password is `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// A url, if it begins as one.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let begins = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        begins.then(|| Self(url.to_owned()))
    }

    /// All of it, with its password; empty if there is none.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Without the password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0, MASK))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreUrl").field(&self.to_string()).finish()
    }
}

impl FromNode for StoreUrl {
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

/// Reads `engine` and `url`; what isn't said is as in `default`.
pub(super) fn read_store(reader: &mut Reader<'_>, default: &StoreConfig) -> StoreConfig {
    let engine = reader.checked("engine", default.engine, |engine| match engine.lacks() {
        None => Ok(()),
        Some(feature) => Err((
            format!("this app was built without the engine `{feature}`"),
            format!("add the feature \"{feature}\" of `seam` in Cargo.toml, and build it again"),
        )),
    });
    let url = reader.checked("url", default.url.clone(), |url: &StoreUrl| {
        match url.is_empty() || StoreUrl::of(&url.0).is_some() {
            true => Ok(()),
            false => Err((
                "`url` is none of the engine `postgres`".into(),
                format!("use e.g. {EXAMPLE:?}"),
            )),
        }
    });
    StoreConfig { engine, url }
}

impl Config {
    /// The keys by which a service of this unit has its rows elsewhere in `next`. It opens its store
    /// once, so it has to be started again for them.
    pub(super) fn moves_rows(&self, next: &Self, layout: &UnitLayout) -> Vec<String> {
        let mut keys = Vec::new();
        for name in &layout.services {
            let store = |config: &Self| config.service(name).map(|own| own.store.clone());
            let (Some(before), Some(after)) = (store(self), store(next)) else { continue };
            let engine = (before.engine != after.engine).then_some("engine");
            let url = (before.url != after.url).then_some("url");
            for key in engine.into_iter().chain(url) {
                let own = format!("services.{name}.store");
                let written = |config: &Self| {
                    let is = |value: &&Effective| value.table == own && value.key == key;
                    let found = config.effective.iter().find(is);
                    found.is_some_and(|value| !matches!(value.origin, Origin::Default))
                };
                let key = match written(self) || written(next) {
                    true => format!("{own}.{key}"),
                    false => format!("store.{key}"),
                };
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
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
            assert_eq!(StoreUrl::written(url), json!(shown));
            let own = StoreUrl(url.to_owned());
            assert_eq!((own.to_string(), own.reveal()), (shown.to_owned(), url));
            assert_eq!(format!("{own:?}"), format!("StoreUrl({shown:?})"));
        }
    }
}
