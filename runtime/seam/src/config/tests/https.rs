//! Edges that serve by TLS.

use super::*;

const TLS: &str = "[edge.tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n";

fn secured(unit: &str, tls: &str) -> String {
    format!("[units.all]\n{unit}\n{tls}")
}

#[test]
fn an_edge_serves_by_tls_beside_http_or_in_its_place() {
    for (unit, http) in [
        ("https = \"127.0.0.1:8443\"", false),
        ("http = \"127.0.0.1:8080\"\nhttps = \"127.0.0.1:8443\"", true),
    ] {
        let config = parse(&secured(unit, &format!("{TLS}redirect = true\n")));
        let layout = config.layout(None, None).unwrap();
        assert_eq!(layout.https.as_ref().unwrap().to_string(), "127.0.0.1:8443");
        assert_eq!((layout.http.is_some(), layout.has_edge()), (http, true));
        assert!(config.edge.tls.unwrap().redirect);
    }
    assert!(parse("").edge.tls.is_none());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let https = "https = \"127.0.0.1:8443\"";
    let both = "http = \"127.0.0.1:8443\"\nhttps = \"127.0.0.1:8443\"";
    for (text, line, why) in [
        (secured(https, ""), 2, "unit `all` serves by TLS, and there is no certificate"),
        (secured(https, "[edge.tls]\nkey = \"k\"\n"), 3, "[edge.tls] has no `cert`"),
        (secured(https, "[edge.tls]\ncert = \"c\"\n"), 3, "[edge.tls] has no `key`"),
        (format!("{TLS}redirect = true\n"), 4, "no unit has one"),
        (secured(https, &format!("{TLS}certs = 1\n")), 6, "did you mean `cert`"),
        (secured(both, TLS), 3, "only one of them can listen"),
    ] {
        let said = problems(&text);
        assert!(said.contains(why) && said.contains(&format!("app.toml:{line}")), "{text}{said}");
    }
}

#[test]
fn files_are_named_once_and_the_rest_may_change() {
    let config = |text: &str| parse(&secured("https = \"127.0.0.1:8443\"", text));
    let restart = |after: &str| {
        let before = config(TLS);
        before.needs_restart(&config(after), &before.layout(None, None).unwrap())
    };
    assert_eq!(restart(&format!("{TLS}redirect = true\n")), [""; 0]);
    assert_eq!(restart(&TLS.replace("cert.pem", "other.pem")), ["edge.tls.cert"]);
}
