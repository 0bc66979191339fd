//! Durations, sizes and addresses.

use std::time::Duration;

use super::*;

fn deadline(text: &str) -> Option<Duration> {
    let text = format!("[calls]\ndeadline = {text:?}\n");
    Config::parse("app.toml", text, [], &shop()).ok().map(|config| config.calls.deadline)
}

#[test]
fn durations() {
    for (text, millis) in
        [("250ms", 250), ("5s", 5_000), ("1.5s", 1_500), ("2m", 120_000), ("24h", 86_400_000)]
    {
        assert_eq!(deadline(text), Some(Duration::from_millis(millis)), "{text}");
    }
    for text in ["", "5", "s", "-5s", "5 weeks", "25h", "0s", "1e3s", "inf s", "5s5s", "..s"] {
        assert_eq!(deadline(text), None, "{text}");
    }
}

#[test]
fn durations_show_as_they_are_written() {
    for text in ["250ms", "5s", "2m", "24h", "1500us"] {
        let config = parse(&format!("[calls]\ndeadline = {text:?}\n"));
        assert_eq!(config.to_json()["calls.deadline"]["value"], text);
    }
}

#[test]
fn sizes() {
    let body = |text: &str| {
        let text = format!("[edge]\nbody = {text}\n");
        Config::parse("app.toml", text, [], &shop()).ok().map(|config| config.edge.body)
    };
    assert_eq!(body("\"16KiB\""), Some(16 << 10));
    assert_eq!(body("\"2 MiB\""), Some(2 << 20));
    assert_eq!(body("4096"), Some(4096));
    for text in ["\"1MB\"", "0", "-1", "\"2GiB\"", "\"99999999999999999999GiB\"", "true"] {
        assert_eq!(body(text), None, "{text}");
    }
}

/// What passes here is what links and listeners take: they read no text of their own.
#[test]
fn addresses() {
    for text in ["LocalHost:7102", "[::1]:7102", "unix:run/pay.sock", "127.9.9.9:1"] {
        let config = parse(&with("127.0.0.1:7102", text));
        let listen = config.layout(Some("split"), Some("pay")).unwrap().listen.unwrap();
        assert_eq!((listen.to_string().as_str(), listen.check_listen()), (text, Ok(())));
    }
    for (key, text, why) in [
        ("listen", "0.0.0.0:7102", "can be reached from other machines"),
        ("listen", "7102", "HOST:PORT"),
        ("http", "unix:run/edge.sock", "the edge serves none"),
        ("https", "unix:run/edge.sock", "`https` is a Unix socket, and the edge serves none"),
        ("address", "127.0.0.1:0", "nobody can connect to port 0"),
    ] {
        let said = problems(&format!("[units.all]\n{key} = \"{text}\"\n"));
        assert!(said.contains(why), "{key} = {text}: {said}");
    }
}

#[test]
fn numbers_too_large_are_refused() {
    assert!(problems("[app]\nthreads = 99999999999999999999\n").contains("is too large"));
    assert!(problems("[services.user]\nmailbox = 0\n").contains("from 1 to 1000000"));
    assert!(problems("[services.user]\nmailbox = -1\n").contains("expected a whole number"));
    assert!(problems("[health]\ntimeout = \"0s\"\n").contains("no time at all"));
    assert!(problems("[rehearsal]\nlost = 1.5\n").contains("from 0.0 to 1.0"));
    assert!(problems("[rehearsal]\nlost = nan\n").contains("out of its range"));
}

#[test]
fn a_rehearsal_is_refined_per_service() {
    let text = "[rehearsal]\nseed = 7\ndelay = \"2ms\"\nlost = 0.5\n\
                [services.payment.rehearsal]\nlost = 0.0\nrefused = 1.0\n";
    let config = parse(text);
    let faults = |service: &str| {
        let faults = config.service(service).unwrap().rehearsal;
        (faults.delay.as_millis(), faults.lost, faults.refused)
    };
    assert_eq!((faults("user"), faults("payment")), ((2, 0.5, 0.0), (2, 0.0, 1.0)));
    assert_eq!(config.rehearsal.seed, Some(7));
    assert_eq!(parse("").rehearsal.seed, None);
    assert_eq!(parse_with(text, &[("SEAM__REHEARSAL__SEED", "")]).rehearsal.seed, None);
    assert_eq!(parse_with("", &[("SEAM__REHEARSAL__SEED", "9")]).rehearsal.seed, Some(9));
    assert!(problems("[rehearsal]\nseed = -1\n").contains("expected a whole number"));
    let unknown = problems("[services.user.rehearsal]\nlots = 0.5\n");
    assert!(unknown.contains("did you mean `lost`"), "{unknown}");
    let range = problems("[services.user.rehearsal]\nrefused = 2.0\n");
    assert!(range.contains("from 0.0 to 1.0"), "{range}");
}

#[test]
fn a_start_order_puts_the_needed_first() {
    assert_eq!(parse("").start_order, ["user", "payment", "order"]);
}

#[test]
fn rates() {
    let rate = |text: &str| {
        let text = format!("[edge]\nrate = {text}\n");
        let config = Config::parse("app.toml", text, [], &shop()).ok()?;
        Some((config.edge.rate, config.to_json()["edge.rate"]["value"].clone()))
    };
    let quota = |text: &str| text.parse().ok();
    assert_eq!(rate("\"100/60s\""), Some((quota("100/60s"), "100/60s".into())));
    assert_eq!(rate("\"100/1m\""), Some((quota("100/60s"), "100/60s".into())));
    assert_eq!(rate("5"), Some((quota("5/1s"), "5/1s".into())));
    assert_eq!(rate("\"5\""), Some((quota("5/1s"), "5/1s".into())));
    assert_eq!(rate("0"), Some((None, 0.into())));
    for text in ["-1", "1.5", "\"100/\"", "\"100/60\"", "\"100/25h\"", "true", "[1]", "\"\""] {
        assert_eq!(rate(text), None, "{text}");
    }
    let config = parse("[edge.rates]\n\"user.create\" = \"20/4s\"\n\"user.get\" = 0\n");
    let rates: Vec<_> =
        config.edge.rates.iter().map(|own| (own.method.as_str(), own.quota)).collect();
    assert_eq!(rates, [("user.create", quota("20/4s")), ("user.get", None)]);
    let set = [("SEAM__EDGE__RATE".into(), "7/2s".into())];
    let config = Config::parse("app.toml", String::new(), set, &shop()).unwrap();
    assert_eq!(config.edge.rate, quota("7/2s"));
}

#[test]
fn shares_of_majors_are_of_all_clients_together() {
    let grey = |text: &str| format!("[edge.grey]\n{text}\n");
    let config = parse(&grey("\"user@2\" = 60\n\"order@2\" = 90\n\"user@3\" = 40"));
    assert_eq!(config.edge.versions.grey.len(), 3);
    for (text, said) in [
        ("\"user@2\" = 60\n\"user@3\" = 41", "app.toml:3: majors of `user` get 101 %"),
        ("\"user@2\" = 10\n\"user@02\" = 10", "`user@2` has two shares"),
        ("\"user@2\" = 101", "101 is no percentage"),
        ("user = 10", "no major of a service"),
    ] {
        let found = problems(&grey(text));
        assert!(found.contains(said), "{said} in {found}");
    }
    let much = problems(&grey("\"user@2\" = 60\n\"user@3\" = 60\n\"user@4\" = 60"));
    assert_eq!(much.matches("majors of `user`").count(), 1, "{much}");
}

#[test]
fn networks() {
    let trusted = |text: &str| {
        let text = format!("[edge]\ntrusted = {text}\n");
        let config = Config::parse("app.toml", text, [], &shop()).ok()?;
        Some(config.edge.trusted.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let found = trusted("[\"10.0.0.0/8\", \"::1\", \"192.0.2.7\"]").unwrap();
    assert_eq!(found, ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]);
    assert_eq!(trusted("[]"), Some(vec![]));
    for text in ["[\"10.0.0.0/33\"]", "[\"localhost\"]", "\"10.0.0.0/8\"", "[\"\"]", "true"] {
        assert_eq!(trusted(text), None, "{text}");
    }
}
