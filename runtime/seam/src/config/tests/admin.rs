//! The listener for who operates the app.

use seam_admin::Role;

use super::*;

#[test]
fn it_listens_where_nobody_says_so() {
    let listen = |config: &Config| config.admin.listen.as_ref().map(ToString::to_string);
    let config = parse("");
    assert_eq!((listen(&config).as_deref(), config.admin.fixed), (Some("127.0.0.1:7070"), false));
    let config = parse("[admin]\nlisten = \"[::1]:7171\"\n");
    assert_eq!((listen(&config).as_deref(), config.admin.fixed), (Some("[::1]:7171"), true));
    let config = parse_with("", &[("SEAM__ADMIN__LISTEN", "")]);
    assert_eq!((listen(&config), config.admin.fixed), (None, true));
}

#[test]
fn tokens_have_roles_and_are_shown_to_nobody() {
    let text = "[admin]\nhosts = [\"ops.example.com\"]\n[admin.tokens.ci]\nrole = \"operator\"\n\
                token = \"0123456789abcdef\"\n[admin.tokens.eyes]\ntoken = \"${EYES}\"\n";
    let config = parse_with(text, &[("EYES", "fedcba9876543210")]);
    let settings = config.admin.settings();
    let tokens = settings.tokens.iter().map(|own| (own.name.as_str(), own.role, &*own.token));
    let expected =
        [("ci", Role::Operator, "0123456789abcdef"), ("eyes", Role::Viewer, "fedcba9876543210")];
    assert_eq!(tokens.collect::<Vec<_>>(), expected);
    assert_eq!(settings.hosts, ["ops.example.com"]);
    for shown in [config.to_toml(), config.to_json().to_string(), format!("{config:?}")] {
        assert!(!shown.contains("0123456789") && !shown.contains("fedcba"), "{shown}");
    }
}

#[test]
fn what_would_let_anybody_in_is_refused() {
    let token = |rest: &str| format!("[admin.tokens.ci]\n{rest}\n");
    let same = "[admin.tokens.a]\ntoken = \"0123456789abcdef\"\n[admin.tokens.b]\n\
                token = \"0123456789abcdef\"\n";
    for (text, line, why) in [
        ("[admin]\nlisten = \"0.0.0.0:7070\"\n", 2, "can be reached from other machines"),
        ("[admin]\nlisten = \"unix:admin\"\n", 2, "is a Unix socket"),
        ("[admin]\nhosts = [\"http://x\"]\n", 2, "is no name of a host"),
        ("[admin]\nport = 7070\n", 2, "unknown key `port`"),
        (&token(""), 1, "has no `token`"),
        (&token("token = \"short\""), 2, "can be guessed"),
        (&token("token = \"0123456789abcdef ä\""), 2, "that no header carries"),
        (&token("token = \"0123456789abcdef\"\nrole = \"admin\""), 3, "viewer"),
        (same, 3, "have the same token"),
    ] {
        let said = problems(text);
        assert!(said.contains(why) && said.contains(&format!("app.toml:{line}")), "{text}{said}");
        assert!(!said.contains("0123456789"), "{said}");
    }
}
