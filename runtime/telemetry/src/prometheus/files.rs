//! What a Prometheus is configured by.

use serde_json::json;

/// The alerts, as a file of rules. `docs/alerts.md` has a section for each.
pub const RULES: &str = include_str!("rules.yml");

/// What alerts mean and what to do about them: the page that rules link to.
pub const ALERTS_PAGE: &str = include_str!("../../../../docs/alerts.md");

/// Whom a Prometheus asks.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// What its job is called: the app.
    pub app: String,
    /// The listeners that have `/metrics`, as `HOST:PORT`.
    pub targets: Vec<String>,
    /// The file that has the token which they want; on this machine they want none.
    pub token_file: Option<String>,
}

impl Scrape {
    /// A config that asks them every ten seconds, and knows the alerts of a file `rules.yml` beside it.
    pub fn config(&self) -> String {
        // What is in quotes in JSON is the same in YAML.
        let (app, targets) = (json!(self.app), json!(self.targets));
        let token = self
            .token_file
            .as_ref()
            .map(|file| format!("    authorization:\n      credentials_file: {}\n", json!(file)));
        let token = token.unwrap_or_default();
        format!(
            "# To begin with: prometheus --config.file=prometheus.yml --enable-feature=exemplar-storage\n\
             global:\n  scrape_interval: 10s\n  evaluation_interval: 10s\n\
             rule_files:\n  - rules.yml\n\
             scrape_configs:\n  - job_name: {app}\n{token}    static_configs:\n      - targets: {targets}\n"
        )
    }
}
