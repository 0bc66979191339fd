//! An edge that serves by TLS has a certificate.

use super::Check;
use crate::config::Config;

impl Check<'_> {
    /// `https` and `[edge.tls]` belong together.
    pub(super) fn https(&self, config: &Config) {
        let mut units = config.units.iter().filter(|unit| unit.https.is_some());
        let Some(tls) = &config.edge.tls else {
            for unit in units {
                self.findings.problem(
                    &self.origin(&["units", &unit.name, "https"]),
                    format!("unit `{}` serves by TLS, and there is no certificate", unit.name),
                    "add [edge.tls] with `cert = \"tls/cert.pem\"` and `key = \"tls/key.pem\"`",
                );
            }
            return;
        };
        for (key, path) in [("cert", &tls.cert), ("key", &tls.key)] {
            if path.as_os_str().is_empty() {
                self.findings.problem(
                    &self.origin(&["edge", "tls"]),
                    format!("[edge.tls] has no `{key}`"),
                    format!("name its file in PEM, e.g. `{key} = \"tls/{key}.pem\"`"),
                );
            }
        }
        if tls.redirect && units.next().is_none() {
            self.findings.problem(
                &self.origin(&["edge", "tls", "redirect"]),
                "`redirect` sends clients to `https`, and no unit has one",
                "give the unit with `http` an `https`, e.g. `https = \"127.0.0.1:8443\"`",
            );
        }
    }
}
