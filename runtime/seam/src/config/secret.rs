//! Values that are shown to nobody.

use std::fmt;

use serde_json::{Value as Json, json};

use super::{
    tree::{Kind, Node},
    value::{FromNode, Wrong},
};

/// What stands for a secret wherever the config is shown.
pub(super) const MASK: &str = "***";

/// A secret text; empty if there is none. Shown, it is `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

/// A secret of 32 bytes, in 64 hexadecimal digits; none if there is none. Shown, it is `***`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretKey(Option<[u8; 32]>);

/// The SHA-256 of a secret, `sha256:` and 64 hexadecimal digits; none if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretHash(Option<[u8; 32]>);

impl Secret {
    /// All of it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl SecretKey {
    /// Its bytes.
    pub const fn reveal(&self) -> Option<[u8; 32]> {
        self.0
    }
}

impl SecretHash {
    /// Its bytes.
    pub const fn bytes(&self) -> Option<[u8; 32]> {
        self.0
    }
}

impl FromNode for Secret {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        text(node).map(Self)
    }

    fn show(&self) -> Json {
        json!(if self.is_empty() { "" } else { MASK })
    }

    fn written(text: &str) -> Json {
        written(text)
    }
}

impl FromNode for SecretKey {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = text(node)?;
        bytes(&text).map(|key| Self(Some(key))).ok_or_else(|| Wrong {
            reason: "expected 64 hexadecimal digits, found something else".into(),
            fix: "use e.g. what `openssl rand -hex 32` prints, by a variable: \"${SESSION_KEY}\""
                .into(),
        })
    }

    fn show(&self) -> Json {
        json!(if self.0.is_some() { MASK } else { "" })
    }

    fn written(text: &str) -> Json {
        written(text)
    }
}

impl FromNode for SecretHash {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let hash = String::from_node(node).ok();
        let hash = hash.as_deref().and_then(|text| text.strip_prefix("sha256:")).and_then(bytes);
        // It may be the key itself, by mistake.
        hash.map(|hash| Self(Some(hash))).ok_or_else(|| Wrong {
            reason: "expected \"sha256:\" and 64 hexadecimal digits, found something else".into(),
            fix: "take the line that the command `key new NAME` prints".into(),
        })
    }

    fn show(&self) -> Json {
        match self.0 {
            Some(hash) => json!(format!("sha256:{}", hex(&hash))),
            None => json!(""),
        }
    }
}

/// A text, of whose value no message says anything.
fn text(node: &Node) -> Result<String, Wrong> {
    match &node.kind {
        Kind::Text { value, .. } | Kind::Raw(value) => Ok(value.clone()),
        _ => Err(Wrong { reason: "expected a text".into(), fix: "put it in quotes".into() }),
    }
}

/// A text with variables in it is a secret but for their names.
fn written(text: &str) -> Json {
    json!(if is_variable(text) { text } else { MASK })
}

/// Whether a text is a variable's name, `${NAME}`, and nothing else.
fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn bytes(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Secret(none)" } else { "Secret(***)" })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "SecretKey(none)" } else { "SecretKey(***)" })
    }
}

/// Whether a key is named like a secret: `password`, `api_key`, `dbToken`.
pub(super) fn names_secret(key: &str) -> bool {
    let parts = ["password", "passwd", "passphrase", "secret", "token", "credential"];
    let word = |word: &str| matches!(word, "key" | "keys" | "apikey" | "pass" | "auth");
    let mut words = String::with_capacity(key.len());
    let mut lower = false;
    for letter in key.chars() {
        if lower && letter.is_ascii_uppercase() {
            words.push('_');
        }
        lower = letter.is_ascii_lowercase();
        words.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    parts.iter().any(|part| words.contains(part)) || words.split('_').any(word)
}

/// A line of a config file, in which what is behind `secret`, `key`, `hash`, `token` or `headers` has stars in its
/// place: as many. They may stand in an inline table or behind dots; in the table of headers, whose
/// `header` is the last one above the line, all keys are secrets.
pub(super) fn hidden(line: &str, header: &str) -> String {
    let is_headers = header.contains("headers");
    let is_secret = |(at, _): &(usize, &str)| {
        if is_headers || line[..*at].contains("headers.") {
            return !names_variable(&line[at + 1..]);
        }
        let name = line[..*at].trim_end().trim_end_matches(['"', '\'']);
        let name = name.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next();
        matches!(name, Some("secret" | "key" | "hash" | "token" | "headers"))
            && !names_variable(&line[at + 1..])
    };
    let Some((at, _)) = line.match_indices('=').find(is_secret) else { return line.to_owned() };
    let star = |c: char| if c == '"' || c == '\'' || c.is_whitespace() { c } else { '*' };
    let (shown, value) = line.split_at(at + 1);
    shown.chars().chain(value.chars().map(star)).collect()
}

/// Whether a value, before whatever follows it, is a variable's name in quotes.
fn names_variable(value: &str) -> bool {
    value
        .trim_start()
        .strip_prefix('"')
        .and_then(|rest| rest.split('"').next())
        .is_some_and(is_variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_a_secret() {
        let secret = Secret("abc".into());
        assert_eq!((secret.show(), format!("{secret:?}")), (json!("***"), "Secret(***)".into()));
        let key = SecretKey(Some([7; 32]));
        assert_eq!((key.show(), format!("{key:?}")), (json!("***"), "SecretKey(***)".into()));
        for (text, shown) in [("${KEY}", "${KEY}"), ("${KEY:-abc}", "***"), ("a${KEY}", "***")] {
            assert_eq!(Secret::written(text), json!(shown));
        }
        assert_eq!(hidden("  key = \"a b\"  # c", ""), "  key = \"* *\"  * *");
        assert_eq!(hidden("key = \"${KEY}\"", ""), "key = \"${KEY}\"");
        assert_eq!(hidden("keys = \"a\"", ""), "keys = \"a\"");
        assert_eq!(hidden("session = { key = \"ab\" }", ""), "session = { key = \"**\" *");
        assert_eq!(hidden("jwt.secret = \"a\"", ""), "jwt.secret = \"*\"");
        assert_eq!(hidden("\"key\"=\"${KEY:-a}\"", ""), "\"key\"=\"*********\"");
        let both = "jwt = { secret = \"${A}\", key = \"b\" }";
        assert_eq!(hidden(both, ""), "jwt = { secret = \"${A}\", key = \"*\" *");
    }
}
