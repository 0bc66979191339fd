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

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct Own {
    max_size: u32,
    #[serde(rename = "with-dashes")]
    with_dashes: bool,
    tags: Vec<String>,
    numbers: Option<Vec<u8>>,
    limits: Limits,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct Limits {
    per_user: u32,
}

fn own() -> Catalogue {
    let service = KnownService::new("my-service").config::<Own>();
    Catalogue { app: "a".into(), services: vec![service], ..Catalogue::default() }
}

fn own_with(text: &str, vars: &[(&str, &str)]) -> Result<(Own, serde_json::Value), String> {
    let vars = vars.iter().map(|(key, value)| {
        (format!("SEAM__SERVICES__MY_SERVICE__CONFIG__{key}"), (*value).to_owned())
    });
    let config = Config::parse("app.toml", text, vars, &own()).map_err(|e| e.to_string())?;
    Ok((config.services[0].settings.read().unwrap(), config.to_json()))
}

#[test]
fn keys_of_a_service_match_the_fields_of_its_type() {
    let vars = [
        ("MAX_SIZE", "7"),
        ("WITH_DASHES", "true"),
        ("LIMITS__PER_USER", "3"),
        ("TAGS", "a, b"),
        ("NUMBERS", "[1, 2]"),
    ];
    let expected = Own {
        max_size: 7,
        with_dashes: true,
        tags: vec!["a".into(), "b".into()],
        numbers: Some(vec![1, 2]),
        limits: Limits { per_user: 3 },
    };
    let (own, shown) = own_with("", &vars).unwrap();
    assert_eq!(own, expected);
    let key = "services.my-service.config.maxSize";
    assert_eq!(shown[key]["from"], "SEAM__SERVICES__MY_SERVICE__CONFIG__MAX_SIZE");
    let text = "[services.my-service.config]\nmaxSize = 1\nnumbers = []\n\
                limits = { perUser = 1 }\n";
    assert_eq!(own_with(text, &vars).unwrap().0, expected, "over what the file says");
}

#[test]
fn a_list_may_have_one_element_or_none() {
    let numbers = |text: &str| own_with("", &[("NUMBERS", text)]).unwrap().0.numbers;
    assert_eq!(numbers("5"), Some(vec![5]));
    assert_eq!(numbers("5,6"), Some(vec![5, 6]));
    assert_eq!(numbers(""), Some(vec![]));
    let error = own_with("", &[("NUMBERS", "5,many")]).unwrap_err();
    assert!(error.contains("CONFIG__NUMBERS") && error.contains("many"), "{error}");
}

#[test]
fn two_variables_for_one_key_are_both_named() {
    assert_eq!(
        problems_with(SHOP, &[("SEAM__APP__DATA", "a"), ("SEAM__app__data", "b")]),
        "SEAM__app__data: SEAM__APP__DATA sets the same key, or a table around it\n  \
         fix: unset SEAM__APP__DATA or SEAM__app__data"
    );
    let pairs = [("MAX_SIZE", "MAXSIZE"), ("WITH_DASHES", "WITH-DASHES"), ("LIMITS", "LIMITS__A")];
    for (one, other) in pairs {
        let error = own_with("", &[(one, "1"), (other, "2")]).unwrap_err();
        let named = |key: &str| error.contains(&format!("MY_SERVICE__CONFIG__{key}"));
        assert!(named(one) && named(other) && error.contains("sets the same key"), "{error}");
    }
}
