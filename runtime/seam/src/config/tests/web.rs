//! What browsers and caches are told.

use std::time::Duration;

use super::*;

#[test]
fn an_origin_may_be_one_variable() {
    let env = |value: &str| [("SEAM__EDGE__CORS__ORIGINS".to_owned(), value.to_owned())];
    let read = |value: &str| {
        let config = Config::parse("app.toml", SHOP, env(value), &shop()).unwrap();
        config.edge.cors.origins
    };
    assert_eq!(read("https://app.test"), ["https://app.test"]);
    assert_eq!(
        read("https://A.test:443, http://b.test:8080"),
        ["https://a.test", "http://b.test:8080"]
    );
    assert_eq!(read("[\"https://app.test\"]"), ["https://app.test"]);
    assert_eq!(read("*"), ["*"]);
    assert!(read("").is_empty());
}

#[test]
fn what_is_no_origin_is_refused() {
    assert_eq!(
        problems("[edge.cors]\norigins = [\"https://app.test/\"]\n"),
        "app.toml:2: `https://app.test/` is no origin: a scheme, a host and perhaps a port\n  \
         2 | origins = [\"https://app.test/\"]\n    |           ^^^^^^^^^^^^^^^^^^^^^\n  \
         fix: write \"https://app.test\""
    );
    assert!(problems("[edge.cors]\norigins = [\"null\"]\n").contains("`null` is no origin"));
    assert!(
        problems("[edge.cors]\norigins = [\"app.test\"]\n").contains("write \"https://app.test\"")
    );
    assert!(problems("[edge.cors]\norigin = []\n").contains("did you mean `origins`?"));
}

#[test]
fn everybody_gets_no_credentials() {
    assert_eq!(
        problems("[edge.cors]\norigins = [\"*\"]\ncredentials = true\n"),
        "app.toml:3: `credentials` with the origin `*` lets every page act for whoever visits it\n  \
         3 | credentials = true\n    | ^^^^^^^^^^^\n  \
         fix: name the origins, or take `credentials` out"
    );
    let both =
        "[edge.cors]\norigins = [\"https://app.test\"]\ncredentials = true\nmax_age = \"1h\"\n";
    let cors = parse(both).edge.cors;
    assert!(cors.credentials && cors.max_age == Duration::from_secs(3600));
}

#[test]
fn answers_are_kept_by_method_and_files_shown_by_path() {
    let text = "[edge.cache]\n\"user.get\" = \"3s\"\n\"later.get\" = \"0s\"\n\
                [edge.files]\n\"/\" = \"web\"\n\"/docs/\" = \"book/out\"\n";
    let edge = parse(text).edge;
    let kept = [("user.get", 3), ("later.get", 0)];
    let kept = kept.map(|(name, seconds)| (name.to_owned(), Duration::from_secs(seconds)));
    assert_eq!(edge.cache, kept);
    let shown = [("/", "web"), ("/docs/", "book/out")];
    assert_eq!(edge.files, shown.map(|(prefix, path)| (prefix.to_owned(), path.into())));
    assert!(problems("[edge.cache]\n\"get\" = \"3s\"\n").contains("`get` is no method"));
    for slip in [
        "cache]\n\"usr.get\" = \"3s\"",
        "rates]\n\"usr.get\" = 3",
        "allow]\n\"usr.get\" = \"anyone\"",
    ] {
        let problems = problems(&format!("[edge.{slip}\n"));
        assert!(problems.contains("did you mean `user`?"), "{slip}: {problems}");
    }
    assert!(problems("[edge.cache]\n\"user.get\" = 3\n").contains("give it a unit: \"3s\""));
    for prefix in ["", "docs", "//", "/a//b", "/.git", "/a/../b", "/{x}", "/a%2f", "/a?b", "/a b"] {
        let text = format!("[edge.files]\n\"{prefix}\" = \"web\"\n");
        assert!(problems(&text).contains("is no path that files can be below"), "{prefix}");
    }
    assert!(problems("[edge.files]\n\"/\" = \"\"\n").contains("name a folder"));
}
