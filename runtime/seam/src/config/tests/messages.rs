//! What people read when something is wrong, to the letter.

use std::path::Path;

use super::*;

#[track_caller]
fn says(text: &str, expected: &str) {
    assert_eq!(problems(text), expected.trim_end());
}

#[test]
fn a_syntax_error() {
    says(
        "[app]\nname = shop\n",
        r#"
app.toml:2: this is not TOML: string values must be quoted, expected literal string
  2 | name = shop
    |        ^^^^
  fix: see https://toml.io for the syntax; texts need quotes"#
            .trim_start(),
    );
}

#[test]
fn a_key_twice() {
    says(
        "[app]\nname = \"a\"\nname = \"b\"\n",
        "app.toml:3: this is not TOML: duplicate key\n  \
         3 | name = \"b\"\n    | ^^^^\n  \
         fix: keep one of the two",
    );
}

#[test]
fn an_unknown_key() {
    says(
        &with("mailbox = 16", "mailbx = 16"),
        "app.toml:21: unknown key `mailbx` in [services.payment]\n  \
         21 | mailbx = 16\n     | ^^^^^^\n  \
         fix: did you mean `mailbox`?",
    );
}

#[test]
fn an_unknown_table() {
    says(
        "[topology]\nmonolith = [\"all\"]\n",
        "app.toml:1: unknown key `topology` at the top level\n  \
         1 | [topology]\n    |  ^^^^^^^^\n  \
         fix: did you mean `topologies`?",
    );
}

#[test]
fn a_key_like_none() {
    says(
        "[log]\nzzzzzzzzz = 1\n",
        "app.toml:2: unknown key `zzzzzzzzz` in [log]\n  \
         2 | zzzzzzzzz = 1\n    | ^^^^^^^^^\n  \
         fix: use one of `level`, `format`, `keep`, or take it out",
    );
}

#[test]
fn a_wrong_type() {
    says(
        "[app]\nthreads = \"four\"\n",
        "app.toml:2: `threads`: expected a whole number, found the text \"four\"\n  \
         2 | threads = \"four\"\n    |           ^^^^^^\n  \
         fix: write it without quotes, e.g. 1024",
    );
}

#[test]
fn a_value_where_a_table_belongs() {
    says(
        "app = 1\n",
        "app.toml:1: `app`: expected a table, found the number 1\n  \
         1 | app = 1\n    |       ^\n  \
         fix: write [app] and keys below",
    );
}

#[test]
fn a_value_out_of_range() {
    says(
        "[app]\nthreads = 0\n",
        "app.toml:2: `threads` is 0, out of its range\n  \
         2 | threads = 0\n    |           ^\n  \
         fix: use a value from 1 to 1024",
    );
}

#[test]
fn a_bad_choice() {
    says(
        &with("mailbox = 16", "lane = \"inlin\""),
        "app.toml:21: `lane`: expected one of `inline`, `arbiter`, found the text \"inlin\"\n  \
         21 | lane = \"inlin\"\n     |        ^^^^^^^\n  \
         fix: did you mean `inline`?",
    );
}

#[test]
fn a_duration_without_unit() {
    says(
        "[calls]\ndeadline = 5\n",
        "app.toml:2: `deadline`: expected a duration such as \"250ms\", \"5s\" or \"2m\", \
         found the number 5\n  \
         2 | deadline = 5\n    |            ^\n  \
         fix: give it a unit: \"5s\"",
    );
}

#[test]
fn an_unknown_service_in_a_unit() {
    says(
        &with("services = [\"payment\"]", "services = [\"paymnt\"]"),
        "app.toml:13: unknown service `paymnt` in unit `pay`\n  \
         13 | services = [\"paymnt\"]\n     |             ^^^^^^^^\n  \
         fix: did you mean `payment`?",
    );
}

#[test]
fn an_unknown_service_with_a_table() {
    says(
        "[services.ordre]\nmailbox = 1\n",
        "app.toml:1: unknown service `ordre`: this app has no such service\n  \
         1 | [services.ordre]\n    |           ^^^^^\n  \
         fix: did you mean `order`?",
    );
}

#[test]
fn an_unknown_unit_in_a_topology() {
    says(
        &with("split = [\"front\", \"pay\"]", "split = [\"fornt\", \"pay\"]"),
        "app.toml:18: unknown unit `fornt` in topology `split`\n  \
         18 | split = [\"fornt\", \"pay\"]\n     |          ^^^^^^^\n  \
         fix: did you mean `front`?",
    );
}

#[test]
fn a_service_in_no_unit() {
    says(
        &with("services = [\"user\", \"order\"]", "services = [\"order\"]"),
        "app.toml:18: service `user` is in no unit of topology `split`\n  \
         18 | split = [\"front\", \"pay\"]\n     | ^^^^^\n  \
         fix: add \"user\" to `services` of one of `front`, `pay`",
    );
}

#[test]
fn a_service_in_two_units() {
    says(
        &with("services = [\"payment\"]", "services = [\"payment\", \"user\"]"),
        "app.toml:13: service `user` is in two units of topology `split`, `front` and `pay`: \
         it has one, of which there may be several `instances`\n  \
         13 | services = [\"payment\", \"user\"]\n     |                        ^^^^^^\n  \
         fix: take \"user\" out of `services` of one of the two units",
    );
}

#[test]
fn two_units_on_one_port() {
    says(
        &with("listen = \"127.0.0.1:7102\"", "listen = \"localhost:8080\""),
        "app.toml:14: in topology `split` `listen` of unit `pay` is localhost:8080, but `http` \
         of unit `front` is 127.0.0.1:8080: only one of them can listen\n  \
         14 | listen = \"localhost:8080\"\n     | ^^^^^^\n  \
         fix: give one of them another port",
    );
}

#[test]
fn a_needed_unit_that_does_not_listen_where_others_look_for_it() {
    says(
        &with("listen = \"127.0.0.1:7102\"", "address = \"127.0.0.1:7102\""),
        "app.toml:12: in topology `split` unit `pay` hosts `payment` and has no `listen`, \
         but `order` in unit `front` calls it\n  \
         12 | [units.pay]\n     |        ^^^\n  \
         fix: add e.g. `listen = \"127.0.0.1:7102\"` to [units.pay]",
    );
}

#[test]
fn a_data_folder_too_deep_for_a_socket() {
    let deep = "d".repeat(100);
    let text = with("listen = \"127.0.0.1:7102\"", "")
        .replace("name = \"shop\"", &format!("name = \"shop\"\ndata = \"/{deep}\""));
    let error = problems(&text);
    let expected = format!(
        "app.toml:13: unit `pay` can't listen at /{deep}/links/pay.sock: a Unix socket's path has 1 \
         to 107 bytes"
    );
    assert!(error.starts_with(&expected), "{error}");
    assert!(
        error.ends_with("fix: add e.g. `listen = \"127.0.0.1:7102\"` to [units.pay]"),
        "{error}"
    );
}

#[test]
fn a_needed_unit_on_any_port() {
    says(
        &with("listen = \"127.0.0.1:7102\"", "listen = \"127.0.0.1:0\""),
        "app.toml:14: in topology `split` unit `pay` hosts `payment` and listens on a port that \
         nobody knows, but `order` in unit `front` calls it\n  \
         14 | listen = \"127.0.0.1:0\"\n     | ^^^^^^\n  \
         fix: choose a port, or say in `address` where others reach it",
    );
}

#[test]
fn a_listener_open_to_the_world() {
    says(
        &with("listen = \"127.0.0.1:7102\"", "listen = \"0.0.0.0:7102\""),
        "app.toml:14: `listen` on 0.0.0.0:7102 can be reached from other machines, by anybody\n  \
         14 | listen = \"0.0.0.0:7102\"\n     | ^^^^^^\n  \
         fix: add [tls] with `dir = \"certs\"`, for which `shop certs` makes certificates; or \
         listen on 127.0.0.1, [::1] or unix:PATH; or, where only your own machines reach it, say \
         `insecure = true` in [app]",
    );
    let open = with("listen = \"127.0.0.1:7102\"", "listen = \"0.0.0.0:7102\"");
    says(&open.replace("[app]", "[tls]\n[app]"), "no problem");
    says(&open.replace("[app]", "[app]\ninsecure = true"), "no problem");
}

#[test]
fn a_unit_whose_certificate_would_be_the_ca_s() {
    says(
        "[tls]\n[units.ca]\nhttp = \"127.0.0.1:8080\"\n",
        "app.toml:2: the certificate of unit `ca` would lie in ca.pem, which is the CA's\n  \
         2 | [units.ca]\n    |        ^^\n  fix: call the unit something else",
    );
}

#[test]
fn a_bad_address() {
    says(
        "[units.all]\nhttp = \"8080\"\n",
        "app.toml:2: `http`: the text \"8080\" is no address\n  \
         2 | http = \"8080\"\n    |        ^^^^^^\n  \
         fix: it has no HOST:PORT: write e.g. \"127.0.0.1:7102\" or \"unix:run/pay.sock\"",
    );
}

#[test]
fn services_that_need_each_other() {
    let mut catalogue = shop();
    catalogue.services[2].needs = vec!["order".into()];
    let problems = Config::parse("app.toml", SHOP, [], &catalogue).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "app.toml:9: the services need each other in a circle: order -> payment -> order\n  \
         9 | services = [\"user\", \"order\"]\n    |                     ^^^^^^^\n  \
         fix: take one of these out of its service's `Needs`; let news upwards go by events"
    );
    let table = format!("{SHOP}[services.order]\nmailbox = 1\n");
    let problems = Config::parse("app.toml", table, [], &catalogue).unwrap_err();
    assert!(problems.to_string().starts_with("app.toml:24: the services need"), "{problems}");
}

#[test]
fn a_need_that_the_app_has_not() {
    let mut catalogue = shop();
    catalogue.services[0].needs.push("mail".into());
    let problems = Config::parse("app.toml", SHOP, [], &catalogue).unwrap_err();
    let text = problems.to_string();
    assert!(text.starts_with("app.toml:9: service `order` needs `mail`, which this app hasn't"));
}

#[test]
fn everything_at_once_in_the_order_of_the_lines() {
    let text = "[app]\nthreads = 0\n[calls]\ndeadlin = \"5s\"\n[topologies]\nsplit = [\"x\"]\n";
    let found = Config::parse("app.toml", text, [], &shop()).unwrap_err();
    let places: Vec<_> = found.iter().map(|problem| problem.origin.to_string()).collect();
    assert_eq!(places, ["app.toml:2", "app.toml:4", "app.toml:6"]);
    assert_eq!(found.len(), 3);
}

#[test]
fn a_named_file_that_is_not_there() {
    let error = Config::load(Some(Path::new("no/such.toml")), [], &shop()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no/such.toml: can't be read: No such file or directory (os error 2)\n  \
         fix: name a readable TOML file after --config, or leave it out for app.toml"
    );
}

#[test]
fn a_name_that_can_be_no_file() {
    let text = "[units.\"../x\"]\nservices = [\"*\"]\n";
    assert!(problems(text).starts_with("app.toml:1: \"../x\" can't be the name of a unit"));
}

#[test]
fn instances_that_get_into_each_other_s_way() {
    let pay = "services = [\"payment\"]";
    let text = with(pay, &format!("{pay}\ninstances = 65"));
    assert!(problems(&text).contains("use a value from 1 to 64"), "{}", problems(&text));
    let text = with("127.0.0.1:7102", "127.0.0.1:65534");
    let found = problems_with(&text, &[("SEAM__UNITS__PAY__INSTANCES", "3")]);
    assert!(found.contains("instance 2 would have no address"), "{found}");
    let text = with("127.0.0.1:7102", "127.0.0.1:8078");
    let found = problems_with(&text, &[("SEAM__UNITS__PAY__INSTANCES", "4")]);
    assert!(
        found.contains(
            "`listen` of instance 2 of unit `pay` is 127.0.0.1:8080, but `http` of unit `front` is \
             127.0.0.1:8080: only one of them can listen"
        ),
        "{found}"
    );
    assert_eq!(found.matches("only one of them").count(), 1, "{found}");
    let text = with("127.0.0.1:7102", "127.0.0.1:0");
    let text = text.replace(pay, &format!("{pay}\ninstances = 2"));
    assert!(problems(&text).contains("a port that nobody knows"), "{}", problems(&text));
}
