//! Texts that only who has the operator's token can have written.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use super::OperatorToken;

/// The longest text that is looked at.
const LONGEST: usize = 1024;

/// Puts a seal behind a text, for one purpose.
pub(super) fn seal(token: &OperatorToken, purpose: &str, text: &str) -> String {
    let seal = sign(&key(token), &message(purpose, text));
    format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(seal))
}

/// The text of a sealed one, if its seal is right.
pub(super) fn unseal<'t>(token: &OperatorToken, purpose: &str, sealed: &'t str) -> Option<&'t str> {
    let (text, seal) = sealed.rsplit_once('.').filter(|_| sealed.len() <= LONGEST)?;
    let seal = BASE64_URL_SAFE_NO_PAD.decode(seal).ok()?;
    verify(&key(token), &message(purpose, text), &seal).ok().map(|()| text)
}

fn key(token: &OperatorToken) -> Key {
    Key::new(HMAC_SHA256, token.reveal().as_bytes())
}

fn message(purpose: &str, text: &str) -> Vec<u8> {
    [purpose.as_bytes(), b"\0", text.as_bytes()].concat()
}

/// A name in characters that mean nothing.
pub(super) fn plain(name: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(name)
}

/// The same way back.
pub(super) fn name(plain: &str) -> Option<String> {
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(plain).ok()?).ok()
}
