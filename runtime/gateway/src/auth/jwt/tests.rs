//! Tokens, right and wrong in every way that is known.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use super::*;

const NOW: Duration = Duration::from_secs(1_700_000_000);

/// Of nobody but these tests.
const RSA: &[u8] = include_bytes!("rsa.pk8");

fn settings() -> JwtSettings {
    JwtSettings {
        issuer: "https://id.test".into(),
        audience: "shop".into(),
        keys: JwtKeys::Secret([7; 32].into()),
        roles: "roles".into(),
        claims: vec!["org".into(), "level".into()],
    }
}

fn jwt() -> Jwt {
    Jwt::new(settings())
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A signer of tokens, and its public key.
struct Signer {
    algorithm: &'static str,
    jwk: Value,
    sign: Sign,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa() -> Signer {
    let pair = RsaKeyPair::from_pkcs8(RSA).unwrap();
    let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
    let jwk = json!({ "kty": "RSA", "n": encode(public.n), "e": encode(public.e) });
    let sign = move |message: &[u8]| {
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    };
    Signer { algorithm: "RS256", jwk, sign: Box::new(sign) }
}

fn ecdsa(algorithm: &'static str) -> Signer {
    let (curve, kind) = match algorithm {
        "ES256" => ("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        _ => ("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
    };
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
    let jwk = json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) });
    let sign = move |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
    Signer { algorithm, jwk, sign: Box::new(sign) }
}

fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) });
    let sign = move |message: &[u8]| pair.sign(message).as_ref().to_vec();
    Signer { algorithm: "EdDSA", jwk, sign: Box::new(sign) }
}

fn hmac_of(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> + 'static {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    move |message| ring::hmac::sign(&key, message).as_ref().to_vec()
}

impl Signer {
    fn of_id(mut self, id: &str) -> Self {
        self.jwk["kid"] = id.into();
        self
    }

    fn known(&self) -> KnownKeys {
        known(&[&self.jwk])
    }

    fn header(&self) -> Value {
        let id = self.jwk.get("kid").cloned();
        let mut header = json!({ "typ": "JWT", "alg": self.algorithm });
        if let Some(id) = id {
            header["kid"] = id;
        }
        header
    }

    fn token(&self, claims: &Value) -> String {
        token(&self.header(), claims, &self.sign)
    }
}

fn known(keys: &[&Value]) -> KnownKeys {
    KnownKeys::new(Keys::of_set(json!({ "keys": keys }).to_string().as_bytes()).unwrap())
}

fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    format!("{message}.{}", encode(sign(message.as_bytes())))
}

fn claims() -> Value {
    let now = NOW.as_secs();
    json!({ "iss": "https://id.test", "aud": "shop", "sub": "1", "iat": now, "exp": now + 600 })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn who(known: &KnownKeys, token: &str) -> Option<seam_core::context::Principal> {
    let found = jwt().by(known, token, NOW).ok()??;
    assert_eq!(found.principal.text().unwrap(), found.text);
    Some(found.principal.clone())
}

#[test]
fn tokens_of_every_algorithm_are_believed() {
    for signer in [rsa(), ecdsa("ES256"), ecdsa("ES384"), ed25519()] {
        let signer = signer.of_id("a");
        let known = signer.known();
        let found = who(&known, &signer.token(&claims())).unwrap();
        assert_eq!((&*found.subject, found.issuer.as_deref()), ("1", Some("https://id.test")));
        assert_eq!((&*found.kind, found.roles.len(), found.claims.len()), ("jwt", 0, 0));
        // Once more, and it is remembered.
        assert!(who(&known, &signer.token(&claims())).is_some());
    }
    let secret = KnownKeys::new(Keys::of_secret(&[7; 32]));
    let header = json!({ "alg": "HS256", "kid": "whatever" });
    assert!(who(&secret, &token(&header, &claims(), hmac_of(&[7; 32]))).is_some());
    assert!(who(&secret, &token(&header, &claims(), hmac_of(&[8; 32]))).is_none());
}

#[test]
fn a_token_says_all_that_it_must_and_all_of_it_is_right() {
    let (signer, now) = (ed25519(), NOW.as_secs());
    let known = signer.known();
    for right in [
        with("aud", json!(["other", "shop"])),
        with("nbf", json!(now + 30)),
        with("exp", json!(now - 29)),
        with("exp", json!(now as f64 + 0.5)),
        with("nbf", Value::Null),
        with("iat", json!("yesterday")),
    ] {
        assert!(who(&known, &signer.token(&right)).is_some(), "{right}");
    }
    for wrong in [
        without("exp"),
        without("iss"),
        without("aud"),
        without("sub"),
        with("exp", json!(now - 30)),
        with("exp", json!(now - 120)),
        with("exp", json!(-1)),
        with("exp", json!(1e300)),
        with("exp", json!((now + 600).to_string())),
        with("exp", Value::Null),
        with("nbf", json!(now + 31)),
        with("nbf", json!(now + 600)),
        with("nbf", json!("now")),
        with("iss", json!("https://evil")),
        with("iss", json!("")),
        with("iss", json!(["https://id.test"])),
        with("iss", json!({ "https://id.test": 1 })),
        with("aud", json!("other")),
        with("aud", json!([])),
        with("aud", json!(["other"])),
        with("aud", json!(7)),
        with("aud", json!({ "shop": true })),
        with("sub", json!("")),
        with("sub", json!(1)),
        with("sub", Value::Null),
        with("sub", json!("x".repeat(3_000))),
        with("roles", json!({ "support": true })),
        with("roles", json!(["support", 7])),
        json!([]),
        json!("1"),
    ] {
        assert!(who(&known, &signer.token(&wrong)).is_none(), "{wrong}");
    }
    let twice = claims().to_string().replacen('{', r#"{"sub":"2","#, 1);
    let message = format!("{}.{}", encode(signer.header().to_string()), encode(twice));
    let twice = format!("{message}.{}", encode((signer.sign)(message.as_bytes())));
    assert!(who(&known, &twice).is_none());
}

#[test]
fn a_key_is_for_its_own_algorithm_alone() {
    let signer = rsa().of_id("k1");
    let known = signer.known();
    let of = |algorithm: &str| json!({ "typ": "JWT", "alg": algorithm, "kid": "k1" });
    let modulus = URL_SAFE_NO_PAD.decode(signer.jwk["n"].as_str().unwrap()).unwrap();
    let encoded = signer.jwk["n"].as_str().unwrap().to_owned();
    // SubjectPublicKeyInfo of that modulus, as PEM.
    let mut der = [
        0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
        0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82,
        0x01, 0x01, 0x00,
    ]
    .to_vec();
    der.extend_from_slice(&modulus);
    der.extend_from_slice(&[0x02, 0x03, 0x01, 0x00, 0x01]);
    let lines: Vec<_> = STANDARD.encode(&der).into_bytes();
    let lines: Vec<_> = lines.chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let begin = "-----BEGIN PUBLIC KEY-----\n";
    let pem = format!("{begin}{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    for secret in [pem.as_bytes(), pem.trim().as_bytes(), &der, &modulus, encoded.as_bytes(), b""] {
        for algorithm in ["HS256", "HS384", "RS256"] {
            let forged = token(&of(algorithm), &claims(), hmac_of(secret));
            assert!(who(&known, &forged).is_none(), "{algorithm}");
        }
    }
    for algorithm in
        ["none", "nOnE", "NONE", "", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256", "x"]
    {
        for sign in [&signer.sign, &(Box::new(|_: &[u8]| Vec::new()) as Sign)] {
            assert!(who(&known, &token(&of(algorithm), &claims(), sign)).is_none(), "{algorithm}");
        }
    }
    let nothing = json!({ "typ": "JWT", "kid": "k1" });
    assert!(who(&known, &token(&nothing, &claims(), &signer.sign)).is_none());
}

#[test]
fn what_was_changed_is_signed_by_nobody() {
    let signer = rsa().of_id("k1");
    let known = signer.known();
    let right = signer.token(&claims());
    let parts: Vec<_> = right.split('.').collect();
    let admin = encode(with("roles", json!(["support"])).to_string());
    for wrong in [
        format!("{}.{admin}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..parts[2].len() - 1]),
        format!("{}.{}.{}", parts[0], parts[1], encode([0; 256])),
        format!("{right}."),
        format!("{right}="),
        format!(".{right}"),
        right.replace('.', ".."),
        String::new(),
        ".".into(),
        "..".into(),
        "abc".into(),
    ] {
        assert!(who(&known, &wrong).is_none(), "{wrong}");
    }
    assert!(who(&known, &right).is_some());
}

#[test]
fn a_token_neither_brings_its_key_nor_chooses_where_it_is() {
    let (signer, other) = (ed25519().of_id("a"), ed25519());
    let known = signer.known();
    for (name, value) in [
        ("jwk", other.jwk.clone()),
        ("jku", json!("https://evil/keys")),
        ("x5u", json!("https://evil/cert")),
        ("x5c", json!(["AAAA"])),
    ] {
        let mut header = signer.header();
        header[name] = value;
        assert!(who(&known, &token(&header, &claims(), &other.sign)).is_none(), "{name}");
    }
    let mut header = signer.header();
    header["crit"] = json!(["exp"]);
    assert!(who(&known, &token(&header, &claims(), &signer.sign)).is_none());
}

#[test]
fn the_id_chooses_the_key() {
    let (a, b) = (ed25519().of_id("a"), ed25519().of_id("b"));
    let known = known(&[&a.jwk, &b.jwk]);
    assert!(who(&known, &a.token(&claims())).is_some());
    assert!(who(&known, &b.token(&claims())).is_some());
    assert!(who(&known, &token(&a.header(), &claims(), &b.sign)).is_none());
    let unnamed = json!({ "alg": "EdDSA" });
    assert_eq!(jwt().by(&known, &token(&unnamed, &claims(), &a.sign), NOW).unwrap(), None);
    let unknown = json!({ "alg": "EdDSA", "kid": "c" });
    assert_eq!(jwt().by(&known, &token(&unknown, &claims(), &a.sign), NOW).unwrap(), None);
}

#[test]
fn roles_and_claims_are_where_the_config_says() {
    let signer = ed25519();
    let known = signer.known();
    let roles = |claim: &str, claims: &Value| {
        let jwt = Jwt::new(JwtSettings { roles: claim.into(), ..settings() });
        let known = signer.known();
        jwt.by(&known, &signer.token(claims), NOW).unwrap().unwrap().principal.roles.clone()
    };
    assert_eq!(roles("roles", &with("roles", json!(["a", "b"]))), ["a", "b"]);
    assert_eq!(roles("scope", &with("scope", json!("a  b"))), ["a", "b"]);
    assert_eq!(roles("realm.roles", &with("realm", json!({ "roles": ["a"] }))), ["a"]);
    assert_eq!(roles("https://x.test/roles", &with("https://x.test/roles", json!(["a"]))), ["a"]);
    assert!(roles("roles", &with("roles", Value::Null)).is_empty());
    let mut claims = with("org", json!({ "id": 7 }));
    claims["other"] = json!(1);
    let found = who(&known, &signer.token(&claims)).unwrap();
    assert_eq!(Value::Object(found.claims), json!({ "org": { "id": 7 } }));
}

#[test]
fn what_is_remembered_is_forgotten_when_it_expires() {
    let signer = ed25519();
    let (known, jwt) = (signer.known(), jwt());
    let token = signer.token(&claims());
    let at = |seconds| jwt.by(&known, &token, NOW + Duration::from_secs(seconds));
    assert!(at(0).unwrap().is_some());
    assert!(at(629).unwrap().is_some());
    assert!(at(630).is_err());
}

#[test]
fn a_token_is_at_most_so_long() {
    let jwt = jwt();
    let checked = |token: &str| jwt.check(token, NOW).now_or_never().unwrap();
    let header = json!({ "alg": "HS256" });
    let of = |length| token(&header, &with("x", "x".repeat(length).into()), hmac_of(&[7; 32]));
    assert!(checked(&of(5_000)).is_ok());
    assert!(checked(&of(7_000)).is_err());
}

proptest! {
    #[test]
    fn whatever_comes_is_refused_and_nothing_panics(text in "\\PC{0,300}", bytes: Vec<u8>) {
        let known = rsa().of_id("k").known();
        prop_assert!(who(&known, &text).is_none());
        let header = encode(br#"{"alg":"RS256","kid":"k"}"#);
        let (claims, signature) = (encode(claims().to_string()), encode(&bytes));
        let forged = format!("{header}.{claims}.{signature}");
        prop_assert!(who(&known, &forged).is_none());
        let broken = format!("{}.{claims}.{signature}", encode(&bytes));
        prop_assert!(who(&known, &broken).is_none());
        let _ = Keys::of_set(&bytes);
    }
}
