//! What is set while the app runs, over everything else.

use super::*;

const AT: u64 = 1_795_899_167_000;

fn set(key: &str, value: &str) -> LiveSetting {
    let (key, value, by) = (key.to_owned(), value.to_owned(), "ada".to_owned());
    LiveSetting { key, value, unit: None, by, at: AT, until: None }
}

fn in_unit(unit: &str, own: LiveSetting) -> LiveSetting {
    LiveSetting { unit: Some(unit.into()), ..own }
}

fn laid(all: Vec<LiveSetting>, unit: Option<&str>) -> Result<Config, Problems> {
    let source = Source { set: all, ..Source::of("app.toml", SHOP) };
    Config::of(&source, unit, env(&[("SEAM__CALLS__DEADLINE", "3s")]), &shop())
}

fn refused(key: &str, value: &str) -> String {
    laid(vec![set(key, value)], None).unwrap_err().to_string()
}

#[test]
fn it_lies_over_file_and_environment_and_says_who_has_set_it() {
    let all = vec![
        set("calls.deadline", "250ms"),
        set("services.payment.mailbox", "8"),
        set("services.order.calls.attempts", "1"),
        set("log.level", "warn,seam=debug"),
        LiveSetting { until: Some(AT + 600_000), ..set("edge.rate", "100/60s") },
        set("edge.deadline", "\"9s\""),
    ];
    let config = laid(all, None).unwrap();
    assert_eq!(config.calls.deadline.as_millis(), 250);
    assert_eq!(config.service("payment").unwrap().mailbox, 8);
    assert_eq!(config.service("order").unwrap().policy.attempts, 1);
    assert_eq!(config.log.level, "warn,seam=debug");
    assert_eq!(config.edge.deadline.as_secs(), 9);
    let shown = config.to_json();
    assert_eq!(shown["calls.deadline"]["from"], "set by ada at 2026-11-28T20:52:47Z");
    assert_eq!(
        shown["edge.rate"],
        serde_json::json!({ "value": "100/60s",
            "from": "set by ada at 2026-11-28T20:52:47Z until 2026-11-28T21:02:47Z" })
    );
    // It tells nothing of the files.
    assert_eq!(config.version(), laid(Vec::new(), None).unwrap().version());
}

#[test]
fn it_is_checked_as_the_file_is() {
    assert_eq!(
        refused("services.payment.mailbox", "many"),
        "set by ada at 2026-11-28T20:52:47Z: `mailbox`: expected a whole number, found \"many\"\n  \
         fix: write it without quotes, e.g. 1024"
    );
    assert!(refused("calls.attempts", "99").contains("out of its range"));
    assert!(refused("edge.deadline", "0s").contains("a time of zero leaves no time at all"));
    assert!(refused("log.level", "a=b=c").contains("is no filter"));
    assert!(refused("calls.deadlin", "5s").contains("did you mean `deadline`?"));
    assert!(refused("services.payment.calls.deadlin", "5s").contains("did you mean `deadline`?"));
}

#[test]
fn only_what_is_in_force_at_once_can_be_set() {
    for key in [
        "app.data",
        "app.drain",
        "edge.body",
        "units.front.http",
        "services.payment.config.max_charge_cents",
        "services.payment.lane",
        "services.mailbox",
        "services..mailbox",
        "calls",
        "calls.",
        "calls.a.b",
        "log.level.x",
        "",
    ] {
        assert!(refused(key, "1").contains("can't be set while the app runs"), "{key}");
    }
    assert!(refused("log.levl", "debug").contains("did you mean `log.level`?"));
    assert!(refused("app.data", "x").contains("what can be set is `log.level`, `edge.rate`"));
    let config = parse(SHOP);
    let unknown = set("services.paymnt.mailbox", "1").check(&config).unwrap_err().to_string();
    assert!(unknown.contains("unknown service `paymnt`"), "{unknown}");
    assert!(unknown.contains("did you mean `payment`?"), "{unknown}");
    assert!(set("services.payment.mailbox", "1").check(&config).is_ok());
    // Another program on the data folder may have it.
    assert!(laid(vec![set("services.loyalty.mailbox", "1")], None).is_ok());
}

#[test]
fn what_holds_in_one_unit_lies_over_what_holds_in_all() {
    let all = vec![
        in_unit("pay", set("services.payment.mailbox", "3")),
        set("services.payment.mailbox", "2"),
        in_unit("front", set("calls.deadline", "1s")),
        LiveSetting { until: Some(u64::MAX), ..set("calls.attempts", "7") },
        set("calls.attempts", "6"),
    ];
    let of = |unit| {
        let config = laid(all.clone(), unit).unwrap();
        let deadline = config.calls.deadline.as_secs();
        (config.service("payment").unwrap().mailbox, deadline, config.calls.policy.attempts)
    };
    assert_eq!(of(None), (2, 3, 7));
    assert_eq!(of(Some("pay")), (3, 3, 7));
    assert_eq!(of(Some("front")), (2, 1, 7), "what ends by itself lies over what doesn't");
}

#[test]
fn it_is_kept_for_its_owner_alone_until_its_time_is_over() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().unwrap();
    let kept = Kept::new(data.path());
    assert_eq!(kept.all().unwrap(), []);
    let ends = LiveSetting { until: Some(AT + 1), ..set("edge.rate", "5") };
    let all = vec![in_unit("pay", set("log.level", "debug")), ends];
    kept.write(all.clone()).unwrap();
    assert_eq!(kept.all().unwrap(), all);
    assert_eq!(kept.holding(AT).unwrap(), all);
    assert_eq!(kept.holding(AT + 1).unwrap(), all[..1]);
    let file = data.path().join("config").join("set.json");
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&data.path().join("config"))), (0o600, 0o700));
    std::fs::write(&file, "{\"set\": [").unwrap();
    let wrong = kept.all().unwrap_err().to_string();
    assert!(wrong.contains("set.json: isn't what was kept"), "{wrong}");
}
