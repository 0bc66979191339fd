//! Who hosts what.

use super::*;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn the_default_is_one_unit_with_everything() {
    let layout = parse("").layout(None, None).unwrap();
    assert_eq!((layout.topology.as_str(), layout.unit.as_str()), ("monolith", "all"));
    assert_eq!(layout.services, ["user", "payment", "order"]);
    assert_eq!(layout.http, Some(address("127.0.0.1:8080")));
    assert_eq!(layout.listen, None);
    assert_eq!((layout.remote, layout.peers), (vec![], vec![]));
}

#[test]
fn a_unit_knows_where_the_others_are() {
    let layout = parse(SHOP).layout(Some("split"), Some("front")).unwrap();
    assert_eq!(layout.services, ["user", "order"]);
    let there = address("127.0.0.1:7102");
    let endpoints = vec![Endpoint { instance: 0, address: there }];
    let remote = RemoteService {
        service: "payment".into(),
        unit: "pay".into(),
        endpoints: endpoints.clone(),
    };
    assert_eq!(layout.remote, [remote]);
    let services = vec!["payment".into()];
    let peer = Peer { unit: "pay".into(), endpoints, services, edge: false };
    assert_eq!(layout.peers, [peer]);
    let pay = parse(SHOP).layout(Some("split"), Some("pay")).unwrap();
    assert_eq!(pay.listen, Some(address("127.0.0.1:7102")));
    assert_eq!(pay.remote, []);
}

#[test]
fn the_advertised_address_may_differ() {
    let listen = "listen = \"127.0.0.1:7102\"";
    let text = with(listen, &format!("{listen}\naddress = \"127.0.0.1:9102\""));
    let layout = parse(&text).layout(None, Some("front")).unwrap();
    assert_eq!(layout.remote[0].endpoints[0].address, address("127.0.0.1:9102"));
}

#[test]
fn run_without_names_wants_one_unit() {
    let split_first = with("monolith = [\"all\"]\n", "");
    let error = parse(&split_first).layout(None, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "topology `split` has several units: `front`, `pay`\n  \
         fix: `run --unit NAME` starts one of them, `up split` all"
    );
}

#[test]
fn a_unit_finds_its_topology() {
    assert_eq!(parse(SHOP).layout(None, Some("pay")).unwrap().topology, "split");
}

#[test]
fn a_unit_in_topologies_alike_takes_the_first() {
    let text = with("split = [", "twin = [\"pay\", \"front\"]\nsplit = [");
    assert_eq!(parse(&text).layout(None, Some("pay")).unwrap().topology, "twin");
}

#[test]
fn a_unit_in_topologies_that_differ_must_be_told() {
    let text = with("split = [", "micro = [\"a\", \"b\", \"pay\"]\nsplit = [")
        + "[units.a]\nservices = [\"user\"]\nlisten = \"127.0.0.1:7103\"\n\
           [units.b]\nservices = [\"order\"]\nlisten = \"127.0.0.1:7104\"\n";
    let config = parse(&text);
    let error = config.layout(None, Some("pay")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unit `pay` is in several topologies, with other services elsewhere: `micro`, `split`\n  \
         fix: say which, e.g. `--topology split`, or start its `up` first on this data folder"
    );
    assert_eq!(config.layout(Some("micro"), Some("pay")).unwrap().peers.len(), 2);
}

#[test]
fn names_that_fit_nothing() {
    let config = parse(SHOP);
    let error = |topology, unit| config.layout(topology, unit).unwrap_err().to_string();
    assert_eq!(error(None, Some("fron")), "there is no unit `fron`\n  fix: did you mean `front`?");
    assert_eq!(
        error(Some("splt"), None),
        "there is no topology `splt`\n  fix: did you mean `split`?"
    );
    assert_eq!(
        error(Some("monolith"), Some("pay")),
        "unit `pay` is not in topology `monolith`\n  fix: its units are `all`"
    );
    let lone = format!("{SHOP}[units.lone]\nservices = [\"user\"]\n");
    assert_eq!(
        parse(&lone).layout(None, Some("lone")).unwrap_err().to_string(),
        "unit `lone` is in no topology\n  fix: add it to one under [topologies]"
    );
}

#[test]
fn up_starts_the_units_of_a_topology() {
    let config = parse(SHOP);
    let units = |topology| {
        let layouts = config.layouts(topology).unwrap().into_iter();
        layouts.map(|layout| layout.unit).collect::<Vec<_>>()
    };
    assert_eq!(units(None), ["all"]);
    assert_eq!(units(Some("split")), ["front", "pay"]);
}

#[test]
fn who_is_called_and_says_nothing_listens_in_the_data_folder() {
    let config = parse(&with("listen = \"127.0.0.1:7102\"", ""));
    let socket = address("unix:data/links/pay.sock");
    assert_eq!(config.layout(None, Some("pay")).unwrap().listen.as_ref(), Some(&socket));
    let front = config.layout(None, Some("front")).unwrap();
    assert_eq!(front.peers[0].endpoints[0].address, socket);
    assert_eq!(front.listen, None, "nobody calls it");
    assert!(
        config.to_toml().contains("listen = \"unix:data/links/pay.sock\""),
        "{}",
        config.to_toml()
    );
}

#[test]
fn a_program_reaches_every_unit() {
    let text = "[units.tool]\nservices = []\n[units.rest]\nservices = [\"*\"]\n\
                [topologies]\ntwo = [\"tool\", \"rest\"]\n";
    let config = parse(text);
    let layout = config.layout(None, Some("tool")).unwrap();
    assert_eq!(layout.peers[0].endpoints[0].address, address("unix:data/links/rest.sock"));
    assert_eq!(layout.listen, None);
}

#[test]
fn an_edge_reaches_what_it_offers() {
    let text = "[units.edge]\nservices = []\nhttp = \"127.0.0.1:8080\"\n\
                [units.rest]\nservices = [\"*\"]\n[topologies]\ntwo = [\"edge\", \"rest\"]\n";
    let layout = parse(text).layout(None, Some("edge")).unwrap();
    assert_eq!(layout.peers[0].endpoints[0].address, address("unix:data/links/rest.sock"));
}

#[test]
fn one_port_in_two_topologies_is_fine_and_so_are_two_hosts() {
    parse(SHOP);
    parse(&with("listen = \"127.0.0.1:7102\"", "listen = \"127.0.0.2:8080\""));
}

#[test]
fn empty_tables_are_as_good_as_none() {
    let layout = parse("[units]\n[topologies]\n").layout(None, None).unwrap();
    assert_eq!((layout.topology.as_str(), layout.unit.as_str()), ("monolith", "all"));
}

/// The addresses of some endpoints, by their instance.
fn shown(endpoints: &[Endpoint]) -> Vec<String> {
    let shown = |endpoint: &Endpoint| format!("{} {}", endpoint.instance, endpoint.address);
    endpoints.iter().map(shown).collect()
}

#[test]
fn instances_are_at_ports_one_after_the_other() {
    let text = with("services = [\"payment\"]", "services = [\"payment\"]\ninstances = 3");
    let config = parse(&text);
    let front = config.layout(None, Some("front")).unwrap();
    let all = ["0 127.0.0.1:7102", "1 127.0.0.1:7103", "2 127.0.0.1:7104"];
    assert_eq!(shown(&front.remote[0].endpoints), all);
    assert_eq!(shown(&front.peers[0].endpoints), all);
    assert_eq!((front.instance, front.instances, shown(&front.siblings)), (0, 1, vec![]));
    let first = config.layout(None, Some("pay")).unwrap();
    assert_eq!((first.instance, first.instances, first.process()), (0, 3, "pay".into()));
    assert_eq!(shown(&first.siblings), all[1..]);
    let second = config.layout_of(None, Some("pay"), 1).unwrap();
    assert_eq!((second.listen, second.instance), (Some(address("127.0.0.1:7103")), 1));
    assert_eq!(shown(&second.siblings), [all[0], all[2]]);
    // One more than the config says, started by hand.
    let further = config.layout_of(None, Some("pay"), 7).unwrap();
    assert_eq!(further.listen, Some(address("127.0.0.1:7109")));
    assert_eq!(further.process(), "pay.7");
    assert_eq!(shown(&further.siblings), all);
}

#[test]
fn instances_are_reached_where_their_address_says() {
    let listen = "listen = \"127.0.0.1:7102\"";
    let text = with(listen, &format!("{listen}\naddress = \"127.0.0.1:9102\"\ninstances = 2"));
    let config = parse(&text);
    let front = config.layout(None, Some("front")).unwrap();
    assert_eq!(shown(&front.remote[0].endpoints), ["0 127.0.0.1:9102", "1 127.0.0.1:9103"]);
    let pay = config.layout_of(None, Some("pay"), 1).unwrap();
    assert_eq!(pay.listen, Some(address("127.0.0.1:7103")));
    assert_eq!(shown(&pay.siblings), ["0 127.0.0.1:9102"]);
}

#[test]
fn instances_have_sockets_of_their_own_and_listen_for_each_other() {
    let vars = [("SEAM__UNITS__ALL__INSTANCES", "2"), ("SEAM__UNITS__ALL__HTTP", "")];
    let config = parse_with("[units.all]\nhttp = \"127.0.0.1:8080\"\n", &vars);
    let layout = config.layout_of(None, None, 1).unwrap();
    assert_eq!(layout.listen, Some(address("unix:data/links/all.1.sock")));
    assert_eq!(shown(&layout.siblings), ["0 unix:data/links/all.sock"]);
}

#[test]
fn instances_of_a_unit_have_one_address_for_http() {
    let config = parse_with(SHOP, &[("SEAM__UNITS__FRONT__INSTANCES", "2")]);
    let instance = |instance| config.layout_of(Some("split"), Some("front"), instance).unwrap();
    assert_eq!(instance(0).http, Some(address("127.0.0.1:8080")));
    assert_eq!(instance(1).http, instance(0).http);
    assert_eq!(shown(&instance(1).siblings), ["0 unix:data/links/front.sock"]);
}

#[test]
fn an_instance_without_an_address_can_not_be_started() {
    let text = with("127.0.0.1:7102", "127.0.0.1:65530");
    let config = parse(&text);
    assert!(config.layout_of(None, Some("pay"), 5).is_ok());
    let error = config.layout_of(None, Some("pay"), 6).unwrap_err().to_string();
    assert!(
        error.starts_with("instance 6 of unit `pay` has no address: 127.0.0.1:65530"),
        "{error}"
    );
}
