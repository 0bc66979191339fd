//! A service's own config as others fetch it.

use super::*;

const OWN: &str = "[services.payment.config]\nmax_charge_cents = 5_000\ncurrency = \"dollar\"\n\
                   secret = \"${KEY}\"\nrates = [1.5, 2.0]\n";

fn own(config: &Config, secrets: Secrets) -> serde_json::Value {
    let own = config.own_config("payment", "default", secrets).unwrap();
    serde_json::from_str(&own.body).unwrap()
}

#[test]
fn operators_alone_are_told_secrets() {
    let config = parse_with(OWN, &[("KEY", "hunter2")]);
    assert_eq!(
        own(&config, Secrets::Told),
        serde_json::json!({ "max_charge_cents": 5000, "currency": "dollar",
            "secret": "hunter2", "rates": [1.5, 2.0] })
    );
    assert_eq!(own(&config, Secrets::Hidden)["secret"], "***");
    let variable = "SEAM__SERVICES__PAYMENT__CONFIG__SECRET";
    let config = parse_with("", &[(variable, "hunter2")]);
    assert_eq!(own(&config, Secrets::Told)["secret"], "hunter2");
    assert_eq!(own(&config, Secrets::Hidden)["secret"], "***");
    let plain = parse(&OWN.replace("${KEY}", "hunter2"));
    assert_eq!(own(&plain, Secrets::Hidden)["secret"], "***");
    let shown = plain.to_json_hidden();
    assert_eq!(shown["services.payment.config.secret"]["value"], "***");
    assert_eq!(shown["services.payment.config.max_charge_cents"]["value"], 5000);
}

#[test]
fn its_tag_follows_from_what_is_told() {
    let tag =
        |text: &str, secrets| parse(text).own_config("payment", "default", secrets).unwrap().etag;
    let one = tag(SHOP, Secrets::Told);
    assert!(one.starts_with('"') && one.ends_with('"') && one.len() == 34, "{one}");
    assert_eq!(one, tag(&with("mailbox = 16", "mailbox = 17"), Secrets::Told));
    assert_ne!(one, tag(&with("5_000", "5_001"), Secrets::Told));
}

#[test]
fn another_profile_or_service_has_none() {
    let config = parse(SHOP);
    assert_eq!(config.own_config("payment", "prod", Secrets::Told), None);
    assert_eq!(config.own_config("paymnt", "default", Secrets::Told), None);
    assert_eq!(config.own_config("order", "default", Secrets::Told).unwrap().body, "{}");
    let over = Over { profile: "prod".into(), name: "p".into(), text: String::new() };
    let source = Source { over: Some(over.into()), ..Source::of("app.toml", SHOP) };
    let config = Config::of(&source, None, [], &shop()).unwrap();
    assert!(config.own_config("payment", "prod", Secrets::Told).is_some());
    assert_eq!(config.own_config("payment", "default", Secrets::Told), None);
}
