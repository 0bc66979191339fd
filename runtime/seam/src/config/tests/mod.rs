//! The config, tested from outside: texts in, layouts and messages out.

mod admin;
mod auth;
mod carried;
mod document;
mod events;
mod https;
mod layout;
mod live;
mod messages;
mod otlp;
mod overrides;
mod own;
mod profile;
mod registry;
mod settings;
mod stores;
mod values;
mod web;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct PaymentConfig {
    #[serde(default = "a_million")]
    max_charge_cents: u64,
    #[serde(default)]
    currency: Currency,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    rates: Vec<f64>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Currency {
    #[default]
    Euro,
    Dollar,
}

fn a_million() -> u64 {
    1_000_000
}

/// order → user, payment; nobody → mail.
fn shop() -> Catalogue {
    Catalogue {
        app: "shop".into(),
        release: "dev".into(),
        plugins: Vec::new(),
        services: vec![
            KnownService::new("order").needs(["user", "payment"]).edge(true),
            KnownService::new("user").edge(true),
            KnownService::new("payment").edge(true).config::<PaymentConfig>(),
        ],
    }
}

const SHOP: &str = r#"[app]
name = "shop"

[units.all]
services = ["*"]
http = "127.0.0.1:8080"

[units.front]
services = ["user", "order"]
http = "127.0.0.1:8080"

[units.pay]
services = ["payment"]
listen = "127.0.0.1:7102"

[topologies]
monolith = ["all"]
split = ["front", "pay"]

[services.payment]
mailbox = 16
[services.payment.config]
max_charge_cents = 5_000
"#;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn parse(text: &str) -> Config {
    parse_with(text, &[])
}

fn parse_with(text: &str, vars: &[(&str, &str)]) -> Config {
    Config::parse("app.toml", text, env(vars), &shop()).unwrap_or_else(|e| panic!("{e}"))
}

/// The shop's file with one line changed.
fn with(line: &str, instead: &str) -> String {
    assert!(SHOP.contains(line), "no line {line}");
    SHOP.replacen(line, instead, 1)
}

fn problems(text: &str) -> String {
    problems_with(text, &[])
}

fn problems_with(text: &str, vars: &[(&str, &str)]) -> String {
    match Config::parse("app.toml", text, env(vars), &shop()) {
        Ok(_) => "no problem".into(),
        Err(problems) => problems.to_string(),
    }
}
