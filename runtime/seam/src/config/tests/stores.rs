//! Where services keep their rows.

use super::*;

const DATABASE: &str = "postgres://shop:secret@127.0.0.1:5432/shop";

fn with(store: &str) -> String {
    format!("{SHOP}{store}\n")
}

fn of(config: &Config, service: &str) -> (StoreEngine, String) {
    let store = &config.service(service).unwrap().store;
    (store.engine, store.url.reveal().to_owned())
}

#[test]
fn a_folder_unless_config_says_otherwise() {
    let config = parse(SHOP);
    assert_eq!(of(&config, "order"), (StoreEngine::Sled, String::new()));
    let all = parse(&with(&format!("[store]\nengine = \"postgres\"\nurl = {DATABASE:?}")));
    let database = || (StoreEngine::Postgres, DATABASE.to_owned());
    assert_eq!(of(&all, "order"), database());
    let one = with(&format!("[services.order.store]\nengine = \"postgres\"\nurl = {DATABASE:?}"));
    assert_eq!(of(&parse(&one), "order"), database());
    assert_eq!(of(&parse(&one), "user").0, StoreEngine::Sled);
    let but = with(&format!(
        "[store]\nengine = \"postgres\"\nurl = {DATABASE:?}\n[services.order.store]\nengine = \"sled\""
    ));
    assert_eq!(of(&parse(&but), "order").0, StoreEngine::Sled);
    assert_eq!(of(&parse(&but), "user"), database());
}

#[test]
fn variables_say_it_too() {
    let url = ("SEAM__STORE__URL", DATABASE);
    let all = parse_with(SHOP, &[("SEAM__STORE__ENGINE", "postgres"), url]);
    assert_eq!(of(&all, "order"), (StoreEngine::Postgres, DATABASE.to_owned()));
    let own = "postgres://other@10.0.0.1/shop";
    let one = parse_with(
        SHOP,
        &[
            ("SEAM__SERVICES__ORDER__STORE__ENGINE", "postgres"),
            url,
            ("SEAM__SERVICES__ORDER__STORE__URL", own),
        ],
    );
    assert_eq!(of(&one, "order"), (StoreEngine::Postgres, own.to_owned()));
    assert_eq!(of(&one, "user").0, StoreEngine::Sled);
    let text = with("[store]\nengine = \"postgres\"\nurl = \"postgres://u:${PASSWORD}@db/shop\"");
    let filled = parse_with(&text, &[("PASSWORD", "secret")]);
    assert_eq!(of(&filled, "order").1, "postgres://u:secret@db/shop");
    assert!(filled.to_toml().contains("postgres://u:${PASSWORD}@db/shop"), "{}", filled.to_toml());
}

#[test]
fn no_password_is_shown() {
    let all = with(&format!("[store]\nengine = \"postgres\"\nurl = {DATABASE:?}"));
    let by_variables = [("SEAM__STORE__URL", DATABASE), ("SEAM__STORE__ENGINE", "postgres")];
    for config in [parse(&all), parse_with(SHOP, &by_variables)] {
        let shown = format!("{}{}{config:?}", config.to_toml(), config.to_json());
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("postgres://shop:***@127.0.0.1:5432/shop"), "{shown}");
    }
    for line in [
        "url = \"postgres://u:secret@h/d?sslmode=maybe\"",
        "ulr = \"postgres://u:secret@h/d\"",
        "url = \"mysql://u:secret@h/d\"",
        "url = \"postgres://u:secret@h/d?x=${MISSING}\"",
    ] {
        let said = problems(&with(&format!("[store]\nengine = \"postgres\"\n{line}")));
        assert!(said.contains("app.toml:") && !said.contains("secret"), "{said}");
        assert!(said.contains(":******@h/d"), "{said}");
    }
}

#[test]
fn what_cannot_be_used_is_said_with_its_line() {
    let said = problems(&with("[store]\nengine = \"postgers\""));
    assert!(
        said.starts_with("app.toml:25: `engine`: expected one of `sled`, `postgres`"),
        "{said}"
    );
    assert!(said.contains("did you mean `postgres`?"), "{said}");
    if cfg!(not(feature = "postgres")) {
        let said = problems(&with("[store]\nengine = \"postgres\""));
        assert!(said.contains("built without the engine `postgres`"), "{said}");
        assert!(said.contains("add the feature \"postgres\" of `seam`"), "{said}");
        return;
    }
    let said = problems(&with("[store]\nengine = \"postgres\""));
    assert!(said.starts_with("app.toml:25: `engine` is `postgres`, and no `url`"), "{said}");
    assert_eq!(said.matches("fix:").count(), 1, "{said}");
    assert!(said.contains("add e.g. `url = \"postgres://"), "{said}");
    let own = problems(&with("[services.order.store]\nengine = \"postgres\""));
    assert!(own.starts_with("app.toml:25: `engine` is `postgres`"), "{own}");
    let url = problems(&with("[store]\nengine = \"postgres\"\nurl = \"127.0.0.1:5432\""));
    assert!(url.starts_with("app.toml:26: `url` is none of the engine `postgres`"), "{url}");
    assert_eq!(url.matches("fix:").count(), 1, "{url}");
    let catalogue = Catalogue { services: vec![KnownService::new("pg_order")], ..shop() };
    let text = format!("[store]\nengine = \"postgres\"\nurl = {DATABASE:?}\n");
    let name = Config::parse("app.toml", text, [], &catalogue).unwrap_err().to_string();
    assert!(name.starts_with("app.toml:3: `pg_order` is no name for a schema"), "{name}");
    assert!(name.contains("[services.pg_order.store], or name it otherwise"), "{name}");
}

#[test]
fn other_rows_want_a_restart_of_who_has_them() {
    let restart = |before: &str, after: &str, unit: &str| {
        let (before, after) = (parse(&with(before)), parse(&with(after)));
        before.needs_restart(&after, &before.layout(Some("split"), Some(unit)).unwrap())
    };
    let all = format!("[store]\nengine = \"postgres\"\nurl = {DATABASE:?}");
    assert_eq!(restart("", &all, "pay"), ["store.engine", "store.url"]);
    assert_eq!(restart(&all, &all.replace("secret", "other"), "pay"), ["store.url"], "a password");
    let one = all.replace("[store]", "[services.order.store]");
    assert_eq!(restart("", &one, "pay"), [""; 0]);
    assert_eq!(
        restart("", &one, "front"),
        ["services.order.store.engine", "services.order.store.url"]
    );
    assert_eq!(restart(&one, "", "front").len(), 2);
    assert_eq!(restart(&format!("{one}\n{all}"), &one, "pay"), ["store.engine", "store.url"]);
    let cache = "[services.order.store]\ncache = \"1MiB\"";
    assert_eq!(restart("", cache, "front"), ["services.order.store.cache"]);
}
