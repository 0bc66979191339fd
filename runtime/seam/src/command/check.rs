//! `check`: whether config, contracts and graph hold together; nothing is started.

use serde_json::{Value as Json, json};

use super::Failure;
use crate::config::{Catalogue, Config, Problems};

/// The report and its exit code.
pub(super) fn report(
    catalogue: &Catalogue,
    checked: Result<Config, Problems>,
    as_json: bool,
) -> (String, u8) {
    match (checked, as_json) {
        (Ok(config), false) => {
            let counted = |count: usize, what: &str, many: &str| match count {
                1 => format!("1 {what}"),
                count => format!("{count} {many}"),
            };
            let text = format!(
                "{} is fine: {}, {}, {}",
                config.app.name,
                counted(catalogue.services.len(), "service", "services"),
                counted(config.units.len(), "unit", "units"),
                counted(config.topologies.len(), "topology", "topologies"),
            );
            (text, 0)
        }
        (Ok(_), true) => (format!("{:#}", json!({ "ok": true, "problems": [] })), 0),
        (Err(problems), false) => {
            let failure = Failure::from(problems);
            (failure.text, failure.code)
        }
        (Err(problems), true) => {
            let problem = |problem: &crate::config::Problem| {
                json!({
                    "at": problem.origin.to_string(),
                    "reason": problem.reason,
                    "fix": problem.fix,
                })
            };
            let problems: Vec<Json> = problems.iter().map(problem).collect();
            (format!("{:#}", json!({ "ok": false, "problems": problems })), 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KnownService;

    fn checked(text: &str, as_json: bool) -> (String, u8) {
        let services = vec![KnownService::new("pay")];
        let catalogue = Catalogue { app: "shop".into(), services, ..Catalogue::default() };
        report(&catalogue, Config::parse("app.toml", text, [], &catalogue), as_json)
    }

    #[test]
    fn a_sound_app() {
        assert_eq!(checked("", false), ("shop is fine: 1 service, 1 unit, 1 topology".into(), 0));
        let (text, code) = checked("", true);
        let report: Json = serde_json::from_str(&text).unwrap();
        assert_eq!((report["ok"].as_bool(), code), (Some(true), 0));
    }

    #[test]
    fn an_unsound_app() {
        let (text, code) = checked("[app]\nx = 1\n", false);
        assert!(text.starts_with("app.toml:2: unknown key `x` in [app]\n"), "{text}");
        assert!(text.ends_with("1 problem; nothing was started"), "{text}");
        assert_eq!(code, 2);
        let (text, code) = checked("[app]\nx = 1\n", true);
        let report: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(report["problems"][0]["at"], "app.toml:2");
        assert_eq!(code, 2);
    }
}
