//! A profile's file over the config file.

use super::*;

fn laid(text: &str, over: &str) -> Result<Config, Problems> {
    let over = Over { profile: "prod".into(), name: "app.prod.toml".into(), text: over.into() };
    let source = Source { over: Some(over.into()), ..Source::of("app.toml", text) };
    Config::of(&source, None, env(&[("SEAM__CALLS__ATTEMPTS", "2")]), &shop())
}

fn refused(text: &str, over: &str) -> String {
    laid(text, over).unwrap_err().to_string()
}

#[test]
fn tables_are_merged_and_values_replaced_each_with_its_line() {
    let over = "# production\n[units.front]\nservices = [\"user\"]\n[units.pay]\n\
                services = [\"payment\", \"order\"]\nhttp = \"127.0.0.1:0\"\n\
                [calls]\ndeadline = \"2s\"\nattempts = 5\n\
                [services.payment.config]\nmax_charge_cents = 7\n";
    let config = laid(SHOP, over).unwrap();
    let shown = config.to_json();
    let value = |key: &str| (shown[key]["value"].clone(), shown[key]["from"].as_str().unwrap());
    assert_eq!(value("units.front.services"), (["user"].as_slice().into(), "app.prod.toml:3"));
    assert_eq!(value("units.front.http"), ("127.0.0.1:8080".into(), "app.toml:10"));
    assert_eq!(value("calls.deadline"), ("2s".into(), "app.prod.toml:8"));
    assert_eq!(
        value("calls.attempts"),
        (2.into(), "SEAM__CALLS__ATTEMPTS"),
        "the environment wins"
    );
    assert_eq!(value("services.payment.mailbox"), (16.into(), "app.toml:21"));
    let own: PaymentConfig = config.service("payment").unwrap().settings.read().unwrap();
    assert_eq!(own.max_charge_cents, 7);
    assert_eq!(config.profile(), Some("prod"));
    assert_ne!(config.version(), parse_with(SHOP, &[("SEAM__CALLS__ATTEMPTS", "2")]).version());
    assert_eq!(parse(SHOP).profile(), None);
}

#[test]
fn what_is_wrong_is_told_with_the_file_that_says_it() {
    let said = refused(SHOP, "[calls]\n\ndeadlin = \"5s\"\n");
    assert!(
        said.starts_with("app.prod.toml:3: unknown key `deadlin` in [calls]\n  3 | deadlin"),
        "{said}"
    );
    let said = refused(&with("mailbox = 16", "mailbx = 16"), "[cals]\n");
    let files: Vec<&str> = said.lines().filter(|line| line.starts_with("app.")).collect();
    assert_eq!(
        files,
        [
            "app.prod.toml:1: unknown key `cals` at the top level",
            "app.toml:21: unknown key `mailbx` in [services.payment]"
        ]
    );
    assert!(refused(SHOP, "[calls\n").starts_with("app.prod.toml:1: this is not TOML"));
    assert!(refused(SHOP, "calls = 1\n").starts_with("app.prod.toml:1: `calls`: expected a table"));
}

#[test]
fn its_file_is_beside_the_config_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.toml");
    std::fs::write(&file, "[app]\nname = \"north\"\n[calls]\ndeadline = \"1s\"\n").unwrap();
    std::fs::write(folder.path().join("shop.prod.toml"), "[calls]\ndeadline = \"2s\"\n").unwrap();
    let load = |vars: &[(&str, &str)]| Config::load(Some(&file), env(vars), &shop());
    let config = load(&[("SEAM_PROFILE", "prod")]).unwrap();
    assert_eq!((config.calls.deadline.as_secs(), &*config.app.name), (2, "north"));
    assert_eq!(load(&[("SEAM_PROFILE", "")]).unwrap().calls.deadline.as_secs(), 1);
    let missing = load(&[("SEAM_PROFILE", "test")]).unwrap_err().to_string();
    let path = folder.path().join("shop.test.toml").display().to_string();
    assert!(missing.starts_with(&format!("{path}: can't be read: ")), "{missing}");
    assert!(missing.contains("fix: make the file of profile `test`, or leave the profile out"));
    let wrong = load(&[("SEAM_PROFILE", "../prod")]).unwrap_err().to_string();
    assert!(wrong.starts_with("SEAM_PROFILE: \"../prod\" can't be the name of a profile"));
}

#[test]
fn the_command_line_goes_before_the_variable() {
    let chosen = |named| Profile::chosen(named, &env(&[("SEAM_PROFILE", "prod")])).unwrap();
    let name = |profile: Option<Profile>| profile.map(|profile| profile.name().to_owned());
    assert_eq!(name(chosen(Some("test"))).as_deref(), Some("test"));
    assert_eq!(name(chosen(None)).as_deref(), Some("prod"));
    assert_eq!(name(chosen(Some(""))), None);
}

#[test]
fn the_data_folder_is_known_beside_a_broken_file() {
    let over =
        Over { profile: "p".into(), name: "p".into(), text: "[app]\ndata = \"d\"\n[".into() };
    let source = Source { over: Some(over.into()), ..Source::of("app.toml", "[app\n") };
    assert_eq!(Config::data_of(&source, [], &shop()), std::path::Path::new("d"));
}
