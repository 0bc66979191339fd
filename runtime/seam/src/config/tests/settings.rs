//! A service's own table.

use std::collections::BTreeMap;

use super::*;

#[track_caller]
fn payment(lines: &str) -> Result<PaymentConfig, String> {
    let text = with("max_charge_cents = 5_000", lines);
    let config = Config::parse("app.toml", text, [], &shop()).map_err(|e| e.to_string())?;
    config.service("payment").unwrap().settings.read().map_err(|e| e.to_string())
}

#[test]
fn it_is_read_into_the_service_s_type() {
    let lines = "max_charge_cents = 1_0\ncurrency = \"dollar\"\nrates = [1.5, 1_0.25]";
    let expected = PaymentConfig {
        max_charge_cents: 10,
        currency: Currency::Dollar,
        secret: String::new(),
        rates: vec![1.5, 10.25],
    };
    assert_eq!(payment(lines), Ok(expected));
}

#[test]
fn without_a_table_the_type_s_defaults_hold() {
    let config = parse("");
    let own: PaymentConfig = config.service("payment").unwrap().settings.read().unwrap();
    assert_eq!(own.max_charge_cents, 1_000_000);
}

#[test]
fn unknown_keys_are_refused() {
    assert_eq!(
        payment("limit = 1").unwrap_err(),
        "app.toml:23: [services.payment.config]: unknown key `limit`\n  \
         23 | limit = 1\n     | ^^^^^\n  \
         fix: use one of `max_charge_cents`, `currency`, `secret`, `rates`, or take it out"
    );
    assert_eq!(
        payment("curency = \"euro\"").unwrap_err(),
        "app.toml:23: [services.payment.config]: unknown key `curency`\n  \
         23 | curency = \"euro\"\n     | ^^^^^^^\n  \
         fix: did you mean `currency`?"
    );
}

#[test]
fn a_wrong_type_has_its_line() {
    assert_eq!(
        payment("rates = [1.0]\nmax_charge_cents = \"lots\"").unwrap_err(),
        "app.toml:24: [services.payment.config] `max_charge_cents`: invalid type: string \
         \"lots\", expected u64\n  \
         24 | max_charge_cents = \"lots\"\n     |                    ^^^^^^\n  \
         fix: see [services.payment.config] and the type that it is read into"
    );
}

#[test]
fn a_wrong_variant_names_the_nearest() {
    let error = payment("currency = \"dolar\"").unwrap_err();
    assert!(error.contains("`currency`: the text \"dolar\" is none of its values"), "{error}");
    assert!(error.ends_with("fix: did you mean `dollar`?"), "{error}");
}

#[test]
fn a_service_without_config_takes_no_keys() {
    let error = problems("[services.user.config]\nx = 1\n");
    assert!(error.starts_with("app.toml:2: [services.user.config]: unknown key `x`"), "{error}");
}

#[test]
fn a_missing_key_points_at_the_table() {
    #[derive(Debug, Deserialize)]
    struct Strict {
        #[expect(dead_code, reason = "it is never read: its absence is the test")]
        url: String,
    }
    let catalogue = Catalogue {
        app: "a".into(),
        services: vec![KnownService::new("x").config::<Strict>()],
        ..Catalogue::default()
    };
    let text = "[services.x.config]\n";
    let error = Config::parse("app.toml", text, [], &catalogue).unwrap_err();
    assert_eq!(
        error.to_string(),
        "app.toml:1: [services.x.config]: the key `url` is missing\n  \
         1 | [services.x.config]\n    |             ^^^^^^\n  \
         fix: add `url = …` to the table"
    );
    let error = Config::parse("app.toml", "", [], &catalogue).unwrap_err();
    assert!(error.to_string().starts_with("app: [services.x.config]: the key `url`"), "{error}");
}

#[test]
fn a_secret_stays_out_of_messages() {
    let text = with("max_charge_cents = 5_000", "max_charge_cents = \"${KEY}\"");
    let error = problems_with(&text, &[("KEY", "hunter2")]);
    assert!(error.contains("the variable's text doesn't fit"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn tables_options_and_variants_are_read() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Deep {
        limits: BTreeMap<String, u32>,
        kind: Kind,
        none: Option<u8>,
        some: Option<u8>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    enum Kind {
        Sized { bytes: u64 },
    }
    let catalogue = Catalogue {
        app: "a".into(),
        services: vec![KnownService::new("x").config::<Deep>()],
        ..Catalogue::default()
    };
    let text = "[services.x.config]\nsome = 1\nlimits = { a = 1 }\nkind.Sized.bytes = 2\n";
    let config = Config::parse("app.toml", text, [], &catalogue).unwrap();
    let deep: Deep = config.services[0].settings.read().unwrap();
    let limits = BTreeMap::from([("a".to_owned(), 1)]);
    let kind = Kind::Sized { bytes: 2 };
    assert_eq!(deep, Deep { limits, kind, none: None, some: Some(1) });
}

#[test]
fn the_cache_of_its_store_is_read_and_shown() {
    let cache = |lines: &str| {
        let text = format!("{SHOP}\n{lines}");
        let config = Config::parse("app.toml", text, [], &shop()).unwrap();
        let shown = config.effective().iter().find_map(|value| {
            let is = value.table == "services.payment.store" && value.key == "cache";
            is.then(|| (value.value.to_string(), value.origin.to_string()))
        });
        (config.service("payment").unwrap().cache, shown.unwrap())
    };
    let (bytes, (shown, origin)) = cache("[services.payment.store]\ncache = \"16MiB\"");
    assert_eq!((bytes, shown.as_str()), (16 << 20, "\"16MiB\""));
    assert!(origin.starts_with("app.toml:"), "{origin}");
    let (bytes, (_, origin)) = cache("");
    assert_eq!((bytes, origin.as_str()), (16 << 20, "default"));
}
