//! What a unit is called in its certificate.

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The URI of a unit's certificate: `spiffe://APP/unit/UNIT`.
pub fn spiffe_id(app: &str, unit: &str) -> String {
    format!("spiffe://{app}/unit/{unit}")
}

/// The unit of an app whose certificate it is; otherwise, what stands there in its place.
pub(super) fn unit_of(certificate: &CertificateDer<'_>, app: &str) -> Result<String, String> {
    let (_, read) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let names = read.subject_alternative_name().map_err(|error| error.to_string())?;
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    let uris: Vec<String> =
        names.iter().flat_map(|names| &names.value.general_names).filter_map(uri).collect();
    // A certificate with several would be several units'.
    let [uri] = &uris[..] else {
        return Err(if uris.is_empty() { "it has no URI".into() } else { uris.join(", ") });
    };
    let unit = uri.strip_prefix(&spiffe_id(app, "")).filter(|unit| !unit.is_empty());
    unit.map(str::to_owned).ok_or_else(|| uri.clone())
}
