//! `#[seam::config]`: keys as the fields are named, and no others.

#[seam::config]
struct PaymentConfig {
    max_charge_cents: u64,
    #[serde(default)]
    currency: Option<String>,
}

#[test]
fn keys_are_as_the_fields_are_named() {
    let config: PaymentConfig = toml::from_str("max_charge_cents = 7").unwrap();
    assert_eq!((config.clone().max_charge_cents, config.currency), (7, None));
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = toml::from_str::<PaymentConfig>("max_charge_cent = 7").unwrap_err();
    assert!(error.to_string().contains("max_charge_cent"), "{error}");
}
