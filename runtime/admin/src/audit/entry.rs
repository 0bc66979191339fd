//! A line of the audit.

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::acts::Deed;
use crate::auth::{Role, Who};
use crate::steering::Judged;

/// The longest text or value in an entry, in bytes.
const LONGEST: usize = 4096;

/// Something that was done, or refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When it was over: RFC 3339, in UTC, with milliseconds.
    pub at: String,
    /// Who did it: the name of a token, or of the system's user.
    pub who: String,
    /// What they may do.
    pub role: Role,
    /// What they did: `call`, `set`, `reload`, …
    pub action: String,
    /// What they did it to.
    pub target: String,
    /// What was there before; null if there was nothing, or nobody knows.
    pub old: Value,
    /// What is there now.
    pub new: Value,
    /// `done`, how a call ended, or why it was refused.
    pub result: String,
}

impl AuditEntry {
    /// What somebody has just done.
    pub(crate) fn new(who: &Who, deed: Deed, judged: Judged) -> Self {
        let Judged { result, old, new } = judged;
        Self {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            who: cut(who.name.clone()),
            role: who.role,
            action: deed.action.to_owned(),
            target: cut(deed.target),
            old: short(old.unwrap_or(deed.old)),
            new: short(new.unwrap_or(deed.new)),
            // What to do next is for who was refused.
            result: cut(result.lines().next().unwrap_or_default().to_owned()),
        }
    }
}

/// A text that isn't too long.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// A value that isn't too long: else how it begins.
fn short(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST { value } else { json!(cut(text)) }
}
