//! Which database, as whom, and which schema of it.

use std::{fmt, path::Path, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use super::tls::Tls;
use crate::OpenError;

/// How long an address may take to accept a connection, unless the url says `connect_timeout`.
const CONNECT: Duration = Duration::from_secs(2);

/// After how long without a word a peer is asked whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// PostgreSQL cuts longer names off, and two schemas would be one.
const MAX_SCHEMA: usize = 63;

/// What is connected to.
pub(super) struct Settings {
    pub(super) config: Config,
    /// If the url asks for it.
    pub(super) tls: Option<Tls>,
    schema: String,
}

impl Settings {
    pub(super) fn new(url: &str, service: &str) -> Result<Self, OpenError> {
        let schema = schema(service)?;
        let (url, root) = own_parameters(url);
        // Its words don't repeat the url, in which there may be a password.
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = super::failure::words(&error);
            OpenError::Setting { cause: format!("the url of the database: {cause}") }
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            let cause = "the url of the database names no host: postgres://USER@HOST/DATABASE";
            return Err(OpenError::Setting { cause: cause.into() });
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name(format!("seam {service}"));
        }
        config.keepalives_idle(KEEPALIVE);
        // Of several hosts the one that can be written to; a replica would tell of the past.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(Tls::new(root.as_deref().map(Path::new))?),
            _ => None,
        };
        Ok(Self { config, tls, schema })
    }

    /// The schema's table, as statements name it.
    pub(super) fn table(&self) -> String {
        format!("\"{}\".\"rows\"", self.schema)
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// Takes the lock that all who write to this schema take, until the transaction ends.
    pub(super) fn lock(&self) -> String {
        let name = format!("seam-store {}", self.schema);
        format!("SELECT pg_advisory_xact_lock(hashtextextended('{name}', 0))")
    }
}

/// Where it is, without a password.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, schema, .. } = self;
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts = hosts.chain(config.get_hostaddrs().iter().map(ToString::to_string));
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let ports: Vec<_> = config.get_ports().iter().map(ToString::to_string).collect();
        let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
        write!(f, "{hosts}:{}/{database}, schema {schema}", ports.join(","))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.to_string()).finish()
    }
}

/// A service's name as that of a schema: quoted it may have capitals, dashes and dots, and nothing that
/// would end the quotes gets that far.
fn schema(service: &str) -> Result<String, OpenError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let reserved = service.to_ascii_lowercase().starts_with("pg_")
        || service.eq_ignore_ascii_case("information_schema");
    if service.is_empty() || service.len() > MAX_SCHEMA || !service.chars().all(fits) || reserved {
        let service: String = service.chars().take(MAX_SCHEMA).collect();
        let cause = format!(
            "`{service}` is no name for a schema: use 1 to {MAX_SCHEMA} of a to z, 0 to 9, `_`, \
             `-` and `.`, not beginning with `pg_`"
        );
        return Err(OpenError::Setting { cause });
    }
    Ok(service.to_owned())
}

/// Takes out of a url what tokio-postgres doesn't know: `sslrootcert`, and the modes that verify,
/// for `require` verifies here as well.
fn own_parameters(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut root = None;
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some(("sslrootcert", path)) => root = Some(path.replace("%2F", "/")),
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(parameter),
        }
    }
    let query = kept.join("&");
    (if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }, root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(url: &str, service: &str) -> String {
        match Settings::new(url, service) {
            Err(OpenError::Setting { cause }) => cause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_service_is_a_schema_or_no_name_for_one() {
        let url = "postgres://seam@db.example:5433/shop";
        for service in ["order", "shop-quote", "shop.quote", "A_1", "public"] {
            let settings = Settings::new(url, service).unwrap();
            assert_eq!(settings.table(), format!("\"{service}\".\"rows\""));
            assert_eq!(settings.to_string(), format!("db.example:5433/shop, schema {service}"));
        }
        let long = "x".repeat(64);
        for service in ["", "a\"b", "a'b", "a b", "ä", "pg_x", "PG_x", "information_schema", &long]
        {
            assert!(cause(url, service).contains("is no name for a schema"), "{service}");
        }
    }

    #[test]
    fn a_url_that_says_nothing_is_refused_without_its_password() {
        for url in ["", "postgres://", "postgres://u:secret@h/d?sslmode=maybe", "h?x=secret"] {
            let cause = cause(url, "order");
            assert!(cause.starts_with("the url of the database"), "{cause}");
            assert!(!cause.contains("secret"), "{cause}");
        }
        let settings = Settings::new("postgres://u:secret@h/d", "order").unwrap();
        assert!(!format!("{settings:?} {settings}").contains("secret"));
    }

    #[test]
    fn tls_is_asked_for() {
        let tls = |query: &str| {
            let url = format!("postgres://u@h/d{query}");
            Settings::new(&url, "order").unwrap().tls.is_some()
        };
        assert!(!tls("") && !tls("?sslmode=prefer") && !tls("?sslmode=disable"));
        let missing = cause("postgres://u@h/d?sslmode=verify-full&sslrootcert=/no/such", "order");
        assert!(missing.contains("/no/such"), "{missing}");
    }
}
