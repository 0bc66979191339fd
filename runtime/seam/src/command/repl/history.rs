//! What is remembered of lines.

use seam_telemetry::SecretNames;
use serde_json::{Value as Json, json};

use super::line::length;

/// Whether a line may be written down: not one in which a member is named like a secret, or as one
/// that is marked.
pub(super) fn keeps(line: &str, secrets: &SecretNames) -> bool {
    let Some(json) = line.find(['{', '[']).map(|at| &line[at..]) else { return true };
    let (arguments, behind) = match length(json) {
        Ok(end) => json.split_at(end),
        // Whatever was meant by what isn't JSON.
        Err(_) => ("null", json),
    };
    let arguments: Json = serde_json::from_str(arguments).unwrap_or_default();
    let mut words = behind.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    let is_open = |value: &Json| secrets.hide(value.clone()) == *value;
    is_open(&arguments) && words.all(|word| is_open(&json!({ word: 0 })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_secrets_are_forgotten() {
        for line in [
            "help",
            "trace 4bf92f3577b34da6a3ce929d0e0e4736",
            "payment.charge {\"order\":1,\"amount\":900}",
            "user.get {\"note\": \"the key\"} --deadline 5s",
            "user.get {\"id\": 1",
        ] {
            assert!(keeps(line, &SecretNames::default()), "{line}");
        }
        for line in [
            "user.create {\"name\":\"Ada\",\"password\":\"x\"}",
            "call user.create '{\"a\": [{\"apiKey\": \"x\"}]}'",
            // What isn't JSON, too.
            "user.create {\"name\":\"Ada\",\"password\":\"x\"",
            "user.create {name: Ada, password: x}",
            "user.create {} {\"password\": \"x\"}",
        ] {
            assert!(!keeps(line, &SecretNames::default()), "{line}");
        }
    }
}
