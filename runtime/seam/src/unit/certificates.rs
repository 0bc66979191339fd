//! The certificates by which a unit proves to others who it is.

use std::collections::BTreeSet;

use seam_wire::{CertificateError, Tls};

use super::StartFailure;
use crate::config::{Address, Config, Endpoint, Problem, Problems, UnitLayout};

/// What a unit's connections over TCP are secured by; `None` if the config says nothing of it, or the
/// unit has no such connections.
pub(super) fn open(config: &Config, layout: &UnitLayout) -> Result<Option<Tls>, StartFailure> {
    let tcp = |endpoint: Endpoint| matches!(endpoint.address, Address::Tcp { .. });
    let named = config.foreign_endpoints().into_iter().any(|(_, endpoint)| tcp(endpoint));
    let wants = layout.is_on_tcp() || named;
    let Some(tls) = config.tls.as_ref().filter(|_| wants) else { return Ok(None) };
    let opened = Tls::open(&tls.dir, &config.app.name, &layout.unit);
    opened.map(Some).map_err(|error| StartFailure::Certificate(problem(config, &error).into()))
}

/// Looks at the certificates of these units and their edges, as far as they want some.
///
/// # Errors
/// What is missing or wrong.
pub(crate) fn check_certificates<'l>(
    config: &Config,
    layouts: impl IntoIterator<Item = &'l UnitLayout>,
) -> Result<(), Problems> {
    let layouts: Vec<_> = layouts.into_iter().collect();
    let mut problems: Vec<Problem> = Vec::new();
    if let Some(tls) = &config.edge.tls
        && layouts.iter().any(|layout| layout.https.is_some())
    {
        problems.extend(tls.open().err());
    }
    let secured = layouts.iter().filter(|layout| layout.is_on_tcp());
    let units: BTreeSet<&str> = secured.map(|layout| layout.unit.as_str()).collect();
    for (tls, unit) in config.tls.iter().flat_map(|tls| units.iter().map(move |unit| (tls, unit))) {
        if let Err(error) = Tls::open(&tls.dir, &config.app.name, unit) {
            let problem = problem(config, &error);
            // The CA is everybody's.
            if problems.iter().all(|known| known.reason != problem.reason) {
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into_iter().collect()) }
}

fn problem(config: &Config, error: &CertificateError) -> Problem {
    let app = &config.app.name;
    let fix = match error {
        CertificateError::Unreadable { error, .. }
            if error.kind() == std::io::ErrorKind::NotFound =>
        {
            format!("`{app} certs` makes what is missing, for development")
        }
        CertificateError::Unreadable { .. } => "make it readable for who runs the unit".to_owned(),
        _ => format!(
            "put the right one there; `{app} certs --renew` makes new ones, for development"
        ),
    };
    let origin =
        config.tls.as_ref().map_or(crate::config::Origin::Default, |tls| tls.origin.clone());
    Problem::new(&origin, error.to_string(), fix)
}
