//! Whatever comes as a credential, it is refused, and nothing panics.

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::cors::Cors;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method};
use crate::query::pairs;

const NOW: Duration = Duration::from_secs(1_700_000_000);

fn all() -> Authenticators {
    let minute = Duration::from_secs(60);
    let app = SigningApp { name: "a".into(), secret: (*b"secret").into(), roles: vec![] };
    Authenticators::new(AuthSettings {
        jwt: Some(JwtSettings {
            issuer: "i".into(),
            audience: "a".into(),
            keys: JwtKeys::Secret([7; 32].into()),
            roles: "roles".into(),
            claims: vec![],
        }),
        keys: vec![KeySettings { name: "k".into(), hash: [7; 32], roles: vec![], rate: None }],
        session: Some(SessionSettings { key: [7; 32], idle: minute, max: minute }),
        signing: Some(SigningSettings { window: minute, apps: vec![app] }),
    })
}

fn is_refused(all: &Authenticators, name: &'static str, value: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(value) else { return true };
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(name), value);
    let (method, headers) = (&Method::POST, &headers);
    let asked = Asked { method, headers, has_body: true, takes_bytes: false, secure: false };
    let sent = all.identify(&asked, &Cors::default(), NOW, || Ok(()), |_| false).now_or_never();
    match sent.expect("nothing is waited for") {
        Ok(Ok(Sent::Nothing)) => name == "cookie",
        Ok(Ok(_)) => false,
        Ok(Err(_)) | Err(_) => true,
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_refused(bytes: Vec<u8>, text in "\\PC{0,200}", token in "[A-Za-z0-9_.-]{0,200}") {
        let all = all();
        for value in [&bytes[..], text.as_bytes(), token.as_bytes()] {
            let with = |before: &str| [before.as_bytes(), value].concat();
            prop_assert!(is_refused(&all, "authorization", value));
            prop_assert!(is_refused(&all, "authorization", &with("Bearer ")));
            prop_assert!(is_refused(&all, "x-api-key", value));
            prop_assert!(is_refused(&all, "cookie", value));
            prop_assert!(is_refused(&all, "cookie", &with("seam_session=")));
            let form = with("appKey=a&nonce=n&timestamp=1700000000000&sign=");
            for form in [value, &form] {
                if let Ok(form) = pairs(form, "the form") {
                    prop_assert!(all.signed(&form, NOW).expect("forms are signed").is_err());
                }
            }
        }
    }
}
