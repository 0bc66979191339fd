//! The collector, and what it is sent beside.

use super::*;

const OTLP: &str = "[otlp]\nendpoint = \"https://otel.test/\"\n";

fn with(env: &[(&str, &str)], text: &str) -> Result<Config, Problems> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse("app.toml", text, env, &shop())
}

fn endpoint(config: &Config) -> String {
    config.otlp.endpoint.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn there_is_none_unless_somebody_says_so() {
    assert_eq!(endpoint(&parse("")), "");
    assert_eq!(endpoint(&parse(OTLP)), "https://otel.test");
    let config = with(&[("SEAM__OTLP__ENDPOINT", "http://127.0.0.1:4318")], OTLP).unwrap();
    assert_eq!(endpoint(&config), "http://127.0.0.1:4318");
}

#[test]
fn the_variables_of_opentelemetry_are_defaults() {
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=of%20mine,tenant=shop"),
    ];
    let config = with(&env, "").unwrap();
    assert_eq!(endpoint(&config), "http://127.0.0.1:4318");
    let headers: Vec<_> = config.otlp.headers.iter().collect();
    assert_eq!(headers, [("api-key", "of mine"), ("tenant", "shop")]);
    let shown = config.to_toml();
    assert!(shown.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !shown.contains("of mine"), "{shown}");

    let text = format!("{OTLP}headers = {{ api-key = \"${{KEY:-other}}\" }}");
    let config = with(&env, &text).unwrap();
    assert_eq!(endpoint(&config), "https://otel.test");
    assert_eq!(config.otlp.headers.iter().collect::<Vec<_>>(), [("api-key", "other")]);
    assert_eq!(endpoint(&with(&env, "[otlp]\nendpoint = \"\"").unwrap()), "", "off");
    let said = with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "otel:4318")], "").unwrap_err().to_string();
    assert!(said.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: `endpoint`: it is no"), "{said}");
}

#[test]
fn nobody_is_shown_a_header() {
    for text in [
        "[otlp]\nheaders = { \"a b\" = \"hunter2\" }",
        "[otlp.headers]\n\"a b\" = \"hunter2\"",
        "[otlp]\nheaders.\"a b\" = \"hunter2\"",
        "[ otlp.headers ] # ours\n# of [app]\nauthorization = [\"hunter2\"]",
        "[otlp.headers]\nauthorization = \"hunter2\\n\"",
    ] {
        let said = problems(text);
        assert!(said.contains("fix: ") && !said.contains("hunter2"), "{said}");
    }
    for name in ["OTEL_EXPORTER_OTLP_HEADERS", "SEAM__OTLP__HEADERS"] {
        let said = with(&[(name, "hunter2")], "").unwrap_err().to_string();
        assert!(said.starts_with(name) && !said.contains("hunter2"), "{said}");
    }
    let text = "[otlp.headers]\nauthorization = \"hunter2\"\n";
    let config = parse(text);
    let all = format!("{} {} {:?}", config.to_toml(), config.to_json(), config.otlp);
    assert!(all.contains("***") && !all.contains("hunter2"), "{all}");
}

#[test]
fn an_endpoint_is_a_url_that_may_be_shown() {
    let said = problems("[otlp]\nendpoint = \"http://a:hunter2@otel.test\"");
    assert!(said.contains("put it into `headers`") && !said.contains("hunter2"), "{said}");
    assert!(problems("[otlp]\nendpoint = \"otel.test:4318\"").contains("http://127.0.0.1:4318"));
    assert!(problems("[otlp]\nendpiont = \"\"").contains("did you mean `endpoint`?"));
}
