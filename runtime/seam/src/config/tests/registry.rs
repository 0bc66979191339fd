//! What knows which instances there are.

use super::*;

const SPLIT: &str = r#"
[units.front]
services = ["user", "order"]
http = "127.0.0.1:8080"
[units.pay]
services = ["payment"]
listen = "127.0.0.1:7102"
[topologies]
split = ["front", "pay"]
"#;

fn with(registry: &str) -> String {
    format!("[registry]\n{registry}\n{SPLIT}")
}

#[test]
fn the_default_is_the_config_itself() {
    let config = parse(SPLIT);
    assert_eq!(config.registry.engine, RegistryEngine::Static);
    assert_eq!(config.registry.settings, seam_registry::Settings::default());
    let front = config.layout(None, Some("front")).unwrap();
    assert_eq!((front.registered, front.is_one_of_several(), front.listen), (false, false, None));
}

#[test]
fn with_a_registry_every_unit_may_have_further_instances() {
    let config = parse(&with("engine = \"embedded\""));
    let front = config.layout(None, Some("front")).unwrap();
    assert!(front.registered && front.is_one_of_several());
    assert_eq!(front.listen.unwrap().to_string(), "unix:data/links/front.sock");
    // Nobody knows the port beforehand, and everybody will.
    let any = with("engine = \"embedded\"").replace(":7102", ":0");
    let remote = parse(&any).layout(None, Some("front")).unwrap().remote;
    assert_eq!((remote[0].unit.as_str(), remote[0].endpoints.len()), ("pay", 0));
    assert!(problems(&SPLIT.replace(":7102", ":0")).contains("a port that nobody knows"));
}

#[test]
fn one_unit_of_each_topology_keeps_the_embedded_one() {
    let keeper = |text: &str| {
        let config = parse(text);
        config.keeper(&config.topologies[0]).map(|unit| unit.name.clone())
    };
    assert_eq!(keeper(&with("engine = \"embedded\"\nunit = \"pay\"")).unwrap(), "pay");
    assert_eq!(keeper(&with("engine = \"embedded\"")).unwrap(), "front", "the first");
    let elsewhere = with("engine = \"embedded\"\nunit = \"all\"")
        .replace("[topologies]", "[units.all]\n[topologies]");
    assert_eq!(keeper(&elsewhere).unwrap(), "front", "a topology that hasn't the unit");
    assert_eq!(keeper(SPLIT), None);
    let said = problems(&with("engine = \"embedded\"\nunit = \"pya\""));
    assert!(said.starts_with("app.toml:3: `unit`: there is no unit `pya`"), "{said}");
    assert!(said.ends_with("fix: did you mean `pay`?"), "{said}");
    let any = with("engine = \"embedded\"\nunit = \"pay\"").replace(":7102", ":0");
    assert!(problems(&any).contains("unit `pay` keeps the registry"), "{}", problems(&any));
}

#[test]
fn an_engine_that_is_not_there_says_what_to_add() {
    for (engine, there) in
        [("nats", cfg!(feature = "nats")), ("zookeeper", cfg!(feature = "zookeeper"))]
    {
        let said = problems(&with(&format!("engine = {engine:?}")));
        match there {
            true => assert_eq!(said, "no problem"),
            false => {
                assert!(said.contains(&format!("built without the engine `{engine}`")), "{said}");
                assert!(
                    said.contains(&format!("add the feature \"{engine}\" of `seam`")),
                    "{said}"
                );
            }
        }
    }
    assert!(problems(&with("engine = \"nets\"")).contains("did you mean `nats`?"));
    if cfg!(feature = "nats") {
        let said = problems(&with("engine = \"nats\"\nurl = \"zookeeper://a:2181\""));
        assert!(said.contains("use e.g. \"nats://127.0.0.1:4222\""), "{said}");
        let usual = parse(&with("engine = \"nats\"")).registry.url;
        assert_eq!(usual.reveal(), "nats://127.0.0.1:4222");
    }
}

#[test]
fn a_heartbeat_fits_into_a_lease_twice() {
    let said = problems(&with("lease = \"4s\"\nheartbeat = \"3s\""));
    assert!(said.contains("`heartbeat` is more than half of `lease`"), "{said}");
    let settings = parse(&with("lease = \"4s\"\nheartbeat = \"2s\"")).registry.settings;
    assert_eq!((settings.lease.as_secs(), settings.heartbeat.as_secs()), (4, 2));
}
