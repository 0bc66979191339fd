//! The environment over the file.

use super::*;

#[test]
fn a_variable_overrides_a_key_in_any_case() {
    let vars = [
        ("SEAM__APP__DATA", "/srv/shop"),
        ("SEAM__UNITS__ALL__HTTP", "127.0.0.1:9000"),
        ("SEAM__services__Payment__MAILBOX", "64"),
        ("SEAM__CALLS__DEADLINE", "250ms"),
        ("SEAM__SERVICES__PAYMENT__CONFIG__MAX_CHARGE_CENTS", "7"),
        ("SEAM__SERVICES__PAYMENT__CONFIG__SECRET", "12"),
        ("OTHER__APP__DATA", "no"),
    ];
    let config = parse_with(SHOP, &vars);
    assert_eq!(config.app.data.to_str(), Some("/srv/shop"));
    assert_eq!(config.units[0].http, "127.0.0.1:9000".parse().ok());
    let payment = config.service("payment").unwrap();
    assert_eq!(payment.mailbox, 64);
    let own: PaymentConfig = payment.settings.read().unwrap();
    assert_eq!((own.max_charge_cents, own.secret.as_str()), (7, "12"));
    assert_eq!(config.calls.deadline.as_millis(), 250);
}

#[test]
fn variables_work_without_a_file() {
    let config = parse_with("", &[("SEAM__UNITS__ALL__HTTP", "127.0.0.1:9000")]);
    assert_eq!(config.units[0].http, "127.0.0.1:9000".parse().ok());
    assert_eq!(config.units[0].services, ["order", "user", "payment"]);
    assert_eq!(config.topologies[0].name, "monolith");
}

#[test]
fn a_unit_may_be_made_of_variables_if_a_topology_names_it() {
    let vars = [("SEAM__UNITS__ONE__SERVICES", "*"), ("SEAM__TOPOLOGIES__ALONE", "one")];
    let config = parse_with(SHOP, &vars);
    assert!(config.units.iter().any(|unit| unit.name == "one"));
}

#[test]
fn an_empty_address_is_none() {
    assert_eq!(parse_with(SHOP, &[("SEAM__UNITS__ALL__HTTP", "")]).units[0].http, None);
}

#[test]
fn lists_are_toml_or_names_with_commas() {
    for list in ["user, order,payment", "[\"user\", \"order\", \"payment\"]"] {
        let config = parse_with("", &[("SEAM__UNITS__ALL__SERVICES", list)]);
        assert_eq!(config.units[0].services, ["user", "order", "payment"]);
    }
}

#[test]
fn dashes_are_underscores() {
    let text = "[units.the-all]\nhttp = \"127.0.0.1:1\"\n";
    let config = parse_with(text, &[("SEAM__UNITS__THE_ALL__HTTP", "127.0.0.1:2")]);
    assert_eq!(config.units.len(), 1);
    assert_eq!(config.units[0].http, "127.0.0.1:2".parse().ok());
}

#[test]
fn a_bad_variable_is_named() {
    assert_eq!(
        problems_with(SHOP, &[("SEAM__APP__THREADS", "many")]),
        "SEAM__APP__THREADS: `threads`: expected a whole number, found \"many\"\n  \
         fix: write it without quotes, e.g. 1024"
    );
    assert_eq!(
        problems_with(SHOP, &[("SEAM__APP__DTA", "x")]),
        "SEAM__APP__DTA: unknown key `dta` in [app]\n  fix: did you mean `data`?"
    );
    assert_eq!(
        problems_with(SHOP, &[("SEAM__APP____DATA", "x")]),
        "SEAM__APP____DATA: this variable names no key: a level of it is empty\n  \
         fix: write SEAM__TABLE__KEY, e.g. SEAM__APP__DATA"
    );
    assert_eq!(
        problems_with(SHOP, &[("SEAM__UNITS__FORNT__HTTP", "127.0.0.1:1")]),
        "SEAM__UNITS__FORNT__HTTP: there is no unit `fornt`\n  fix: did you mean `front`?"
    );
    let text = problems_with(SHOP, &[("SEAM__TOPOLOGIES__SPLIT", "front")]);
    assert!(text.starts_with("SEAM__TOPOLOGIES__SPLIT: service `payment` is in no unit"));
}

#[test]
fn variables_fill_texts() {
    let text = "[app]\ndata = \"${HOME}/x-${PART:-none}-$${HOME}\"\n";
    let config = parse_with(text, &[("HOME", "/home/ada")]);
    assert_eq!(config.app.data.to_str(), Some("/home/ada/x-none-${HOME}"));
}

#[test]
fn a_missing_variable_has_its_line() {
    assert_eq!(
        problems("[app]\ndata = \"${NOWHERE}\"\n"),
        "app.toml:2: the variable `NOWHERE` is not set\n  \
         2 | data = \"${NOWHERE}\"\n    |        ^^^^^^^^^^^^\n  \
         fix: set NOWHERE in the environment, or give a default: ${NOWHERE:-…}"
    );
    assert!(problems("[app]\ndata = \"${oh no}\"\n").contains("a `${` that is no variable"));
    assert!(problems("[app]\ndata = \"${open\"\n").contains("a `${` that is no variable"));
}

#[test]
fn what_is_in_effect_says_where_from_and_keeps_secrets() {
    let text = with("max_charge_cents = 5_000", "secret = \"${KEY}\"");
    let config = parse_with(&text, &[("KEY", "hunter2"), ("SEAM__APP__DATA", "d")]);
    let shown = config.to_toml();
    for line in [
        "name = \"shop\"",
        "# app.toml:2",
        "[units.front]",
        "services = [\"user\", \"order\"]",
        "[services.payment.config]",
        "secret = \"${KEY}\"",
    ] {
        assert!(shown.contains(line), "no {line} in\n{shown}");
    }
    assert!(!shown.contains("hunter2"));
    assert!(!config.to_json().to_string().contains("hunter2"));
    let json = config.to_json();
    assert_eq!(json["app.data"]["value"], "d");
    assert_eq!(json["app.data"]["from"], "SEAM__APP__DATA");
    assert_eq!(json["app.drain"]["value"], "30s");
    assert_eq!(json["app.drain"]["from"], "default");
    assert_eq!(json["services.payment.mailbox"]["from"], "app.toml:21");
    assert_eq!(json["topologies.split"]["value"][1], "pay");
}

#[test]
fn a_variable_that_is_named_like_a_secret_is_masked_wherever_it_is_printed() {
    let secret = "SEAM__SERVICES__PAYMENT__CONFIG__SECRET";
    let config = parse_with(SHOP, &[(secret, "hunter2")]);
    assert_eq!(config.to_json()["services.payment.config.secret"]["value"], "***");
    assert!(config.to_toml().contains("secret = \"***\""));
    assert_eq!(
        config.service("payment").unwrap().settings.read::<PaymentConfig>().unwrap().secret,
        "hunter2"
    );
    let wrong =
        Config::parse("app.toml", SHOP, [(format!("{secret}__X"), "hunter2".into())], &shop());
    let text = wrong.unwrap_err().to_string();
    assert!(text.contains(secret) && !text.contains("hunter2"), "{text}");
}

#[test]
fn what_is_in_effect_is_toml_that_reads_the_same() {
    let config = parse(SHOP);
    let again = parse(&config.to_toml());
    let values = |config: &Config| {
        let value = |e: &Effective| (e.table.clone(), e.key.clone(), e.value.clone());
        config.effective().iter().map(value).collect::<Vec<_>>()
    };
    assert_eq!(values(&config), values(&again));
}
