//! The keys of an issuer: each by its id, for the one algorithm that it is for.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Keys to check tokens with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(Vec<Key>);

/// A key, and what it is for.
#[derive(Debug, Clone)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// A text that is no set of keys, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoKeys {
    /// It is no JSON object with a list `keys`.
    #[error("it is no JSON Web Key Set: {0}")]
    NoSet(String),
    /// None of them can check a signature.
    #[error("it has no key that checks signatures")]
    None,
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// The one key that both sides know, for HS256.
    pub(crate) fn of_secret(secret: &[u8]) -> Self {
        let key = DecodingKey::from_secret(secret);
        Self(vec![Key { id: None, algorithm: Algorithm::HS256, key }])
    }

    /// Reads a JSON Web Key Set. Keys in it that are for something else, or that nobody here can
    /// use, are passed over; so are secrets, for a set is public.
    ///
    /// # Errors
    /// What isn't one, and one without a key that can be used.
    pub(crate) fn of_set(text: &[u8]) -> Result<Self, NoKeys> {
        let set: Set = serde_json::from_slice(text).map_err(|e| NoKeys::NoSet(e.to_string()))?;
        let mut keys: Vec<Key> = Vec::new();
        for key in set.keys.into_iter().filter_map(Key::of_value) {
            // Of two with one id nobody can say which is meant.
            if !keys.iter().any(|other| other.id == key.id) {
                keys.push(key);
            }
        }
        if keys.is_empty() { Err(NoKeys::None) } else { Ok(Self(keys)) }
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The key of that id; without one, the only key that there is.
    pub(super) fn get(&self, id: Option<&str>) -> Option<&Key> {
        match (id, &self.0[..]) {
            // A secret has no id, whatever its tokens say.
            (_, [only]) if only.algorithm == Algorithm::HS256 => Some(only),
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
        }
    }
}

impl Key {
    fn of_value(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        let is_for_signatures =
            common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
        let verifies =
            common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        if !is_for_signatures || !verifies {
            return None;
        }
        let fitting = algorithms(&jwk.algorithm);
        let algorithm = match common.key_algorithm {
            Some(named) => Algorithm::try_from(named).ok().filter(|it| fitting.contains(it))?,
            None => *fitting.first()?,
        };
        let key = match &jwk.algorithm {
            AlgorithmParameters::RSA(parts) => {
                let (n, e) = (number(&parts.n)?, number(&parts.e)?);
                // What is shorter has been factored.
                if n.len() < SHORTEST_RSA {
                    return None;
                }
                DecodingKey::from_rsa_raw_components(&n, &e)
            }
            _ => DecodingKey::from_jwk(&jwk).ok()?,
        };
        let id = common.key_id.clone();
        Some(Self { id, algorithm, key })
    }
}

/// The shortest modulus, in bytes.
const SHORTEST_RSA: usize = 256;

/// The algorithms that a key of that type may be for; the first where it doesn't say.
fn algorithms(key: &AlgorithmParameters) -> &'static [Algorithm] {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(parts) => match parts.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(parts) if parts.curve == EllipticCurve::Ed25519 => {
            &[EdDSA]
        }
        _ => &[],
    }
}

/// A number's bytes, without zeros before it.
fn number(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(keys: Value) -> Result<Keys, NoKeys> {
        Keys::of_set(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn rsa(id: &str) -> Value {
        use base64::Engine;
        let n = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([0x81; 256]);
        json!({ "kty": "RSA", "kid": id, "n": n, "e": "AQAB" })
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    #[test]
    fn a_key_is_for_one_algorithm() {
        let curve = |kty: &str, crv: &str| json!({ "kty": kty, "crv": crv, "x": "AA", "y": "AA" });
        for (key, algorithm) in [
            (rsa("a"), Algorithm::RS256),
            (with(rsa("a"), "alg", json!("PS384")), Algorithm::PS384),
            (with(rsa("a"), "use", json!("sig")), Algorithm::RS256),
            (curve("EC", "P-256"), Algorithm::ES256),
            (curve("EC", "P-384"), Algorithm::ES384),
            (curve("OKP", "Ed25519"), Algorithm::EdDSA),
        ] {
            assert_eq!(of(json!([key])).unwrap().get(None).unwrap().algorithm, algorithm);
        }
    }

    #[test]
    fn what_checks_no_signature_is_passed_over() {
        for key in [
            json!({}),
            json!(7),
            json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" }),
            json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" }),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
            with(rsa("a"), "alg", json!("HS256")),
            with(rsa("a"), "alg", json!("ES256")),
            with(rsa("a"), "alg", json!("RSA-OAEP")),
            with(rsa("a"), "alg", json!("none")),
            with(rsa("a"), "use", json!("enc")),
            with(rsa("a"), "key_ops", json!(["encrypt"])),
        ] {
            assert_eq!(of(json!([key])).unwrap_err(), NoKeys::None, "{key}");
            let keys = of(json!([key, rsa("b")])).unwrap();
            assert_eq!(keys.len(), 1);
        }
        for text in ["", "[]", "{}", r#"{"keys":{}}"#] {
            assert!(matches!(Keys::of_set(text.as_bytes()), Err(NoKeys::NoSet(_))), "{text}");
        }
    }

    #[test]
    fn an_id_chooses_the_key_and_without_one_there_must_be_but_one() {
        let one = of(json!([rsa("a")])).unwrap();
        assert!(one.get(Some("a")).is_some() && one.get(None).is_some());
        assert!(one.get(Some("b")).is_none());
        let two = of(json!([rsa("a"), rsa("b"), rsa("b")])).unwrap();
        assert_eq!(two.len(), 2);
        assert!(two.get(Some("b")).is_some() && two.get(None).is_none());
        let secret = Keys::of_secret(&[7; 32]);
        assert!(secret.get(None).is_some() && secret.get(Some("any")).is_some());
    }
}
