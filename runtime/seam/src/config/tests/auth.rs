//! How clients of the edge show who they are.

use std::time::Duration;

use seam_gateway::{AuthSettings, JwtKeys, Source};

use serde_json::json;

use super::*;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

fn jwt(keys: &str) -> String {
    format!("[edge.jwt]\nissuer = \"https://id.test\"\naudience = \"shop\"\n{keys}\n")
}

#[test]
fn without_any_table_nobody_is_known() {
    let config = parse("");
    assert!(!config.edge.knows_clients());
    assert_eq!(config.edge.auth.settings(), AuthSettings::default());
}

#[test]
fn tokens_are_checked_by_the_issuers_keys_or_by_a_secret() {
    let config = parse(&jwt("jwks = \"https://id.test/keys\"\nclaims = [\"org\"]"));
    let settings = config.edge.auth.settings().jwt.unwrap();
    assert_eq!((&*settings.issuer, &*settings.audience), ("https://id.test", "shop"));
    assert_eq!(settings.keys, JwtKeys::Set(Source::Url("https://id.test/keys".into())));
    assert_eq!((&*settings.roles, &*settings.claims), ("roles", &["org".to_owned()][..]));
    assert!(config.edge.knows_clients());
    let secret = "x".repeat(32);
    let config = parse_with(&jwt("secret = \"${SECRET}\""), &[("SECRET", &secret)]);
    let settings = config.edge.auth.settings().jwt.unwrap();
    assert_eq!(settings.keys, JwtKeys::Secret(secret.as_bytes().into()));
    for (keys, said) in [
        ("", "[edge.jwt] has no `jwks`, and no `secret`"),
        (&format!("secret = \"{secret}\"\njwks = \"keys.json\"")[..], "signed in one way"),
        ("secret = \"short\"", "shorter than 32 bytes"),
        ("jwks = \"http://id.test/keys\"", "use `https`"),
        ("jwks = \"ftp://id.test/keys\"", "no place for keys"),
        ("jwks = \"keys.json\"\nisuer = \"x\"", "did you mean `issuer`?"),
    ] {
        assert!(problems(&jwt(keys)).contains(said), "{said} in {}", problems(&jwt(keys)));
    }
    let found = problems("[edge.jwt]\njwks = \"keys.json\"\n");
    assert!(found.contains("app.toml:1: [edge.jwt] has no `issuer`"), "{found}");
    assert!(found.contains("[edge.jwt] has no `audience`"), "{found}");
}

#[test]
fn keys_are_known_by_their_hashes() {
    let text =
        format!("[edge.keys.robot]\nhash = \"sha256:{KEY}\"\nroles = [\"a\"]\nrate = \"5/60s\"\n");
    let keys = parse(&text).edge.auth.settings().keys;
    assert_eq!((&*keys[0].name, keys[0].hash[1], &*keys[0].roles[0]), ("robot", 0x11, "a"));
    assert_eq!(keys[0].rate.unwrap().unwrap().to_string(), "5/60s");
    for (rate, expected) in [("", None), ("rate = 0\n", Some(None))] {
        let text = format!("[edge]\nrate = 7\n[edge.keys.robot]\nhash = \"sha256:{KEY}\"\n{rate}");
        let config = parse(&text);
        assert_eq!(config.edge.auth.settings().keys[0].rate, expected);
        let shown = if expected.is_some() { json!(0) } else { json!("7/1s") };
        assert_eq!(config.to_json()["edge.keys.robot.rate"]["value"], shown);
    }
    for hash in ["", "sha256:", KEY, "md5:00", "the key itself"] {
        let found = problems(&format!("[edge.keys.robot]\nhash = \"{hash}\"\n"));
        assert!(found.contains("expected \"sha256:\" and 64 hexadecimal digits"), "{found}");
    }
    let found = problems("[edge.keys.robot]\n");
    assert!(found.contains("`shop key new robot` prints a key"), "{found}");
}

#[test]
fn sessions_need_a_key() {
    let config = parse(&format!("[edge.session]\nkey = \"{KEY}\"\n"));
    let session = config.edge.auth.settings().session.unwrap();
    assert_eq!((session.key[1], session.key[31]), (0x11, 0xff));
    let (idle, max) = (Duration::from_secs(1_800), Duration::from_secs(43_200));
    assert_eq!((session.idle, session.max), (idle, max));
    assert!(problems("[edge.session]\n").contains("[edge.session] has no `key`"));
    let found = problems("[edge.session]\nkey = \"0011\"\n");
    assert!(found.contains("expected 64 hexadecimal digits"), "{found}");
    let long = format!("[edge.session]\nkey = \"{KEY}\"\nidle = \"2h\"\nmax = \"1h\"\n");
    assert!(problems(&long).contains("no session lasts that long"));
}

#[test]
fn forms_are_signed_by_somebody() {
    let text = "[edge.signing.keys.app1]\nsecret = \"s\"\nroles = [\"a\"]\n";
    let signing = parse(text).edge.auth.settings().signing.unwrap();
    assert_eq!((signing.window, &*signing.apps[0].name), (Duration::from_secs(300), "app1"));
    assert!(problems("[edge.signing]\nwindow = \"5s\"\n").contains("no form can be signed"));
    let found = problems("[edge.signing.keys.app1]\n");
    assert!(found.contains("[edge.signing.keys.app1] has no `secret`"), "{found}");
}

#[test]
fn secrets_are_shown_to_nobody() {
    let secret = "a secret of thirty-two characters";
    let text = jwt(&format!("secret = \"{secret}\""))
        + &format!(
            "[edge.session]\nkey = \"{KEY}\"\n[edge.signing.keys.app1]\nsecret = \"{secret}\"\n"
        );
    let config = parse(&text);
    let shown = format!("{}{}{config:?}", config.to_toml(), config.to_json());
    assert!(!shown.contains(secret) && !shown.contains(KEY), "{shown}");
    assert_eq!(config.to_json()["edge.session.key"]["value"], "***");
    let vars = [("SEAM__EDGE__SESSION__KEY", KEY), ("S", secret)];
    let text = jwt("secret = \"${S}\"") + "[edge.session]\nidle = \"5m\"\n";
    let config = parse_with(&text, &vars);
    assert_eq!(config.to_json()["edge.jwt.secret"]["value"], "${S}");
    assert!(!format!("{}{config:?}", config.to_toml()).contains(KEY));
    for wrong in [
        format!("[edge.session]\nkey = \"{KEY}00\"\n"),
        jwt("secret = \"a short secret\""),
        format!("[edge.keys.robot]\nhash = \"{KEY}\"\n"),
    ] {
        let found = problems(&wrong);
        assert!(!found.contains("a short secret") && !found.contains(KEY), "{found}");
    }
}
