//! A certificate authority, and what it signs.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use seam_wire::spiffe_id;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a CA is valid, and what it signs.
const CA: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
const UNIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A CA with its key.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub(super) struct Issued {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    /// A new one for an app.
    pub(super) fn make(app: &str) -> Result<(Self, Issued), Error> {
        let key = KeyPair::generate()?;
        let mut params = lasting(CA);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, format!("{app} development CA"));
        let certificate = params.self_signed(&key)?.pem();
        let issued = Issued { certificate, key: key.serialize_pem() };
        Ok((Self { issuer: Issuer::new(params, key) }, issued))
    }

    /// The one of these texts.
    pub(super) fn read(certificate: &str, key: &str) -> Result<Self, Error> {
        Ok(Self { issuer: Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)? })
    }

    /// A new certificate of a unit, for both sides of a connection.
    pub(super) fn issue(&self, app: &str, unit: &str) -> Result<Issued, Error> {
        let key = KeyPair::generate()?;
        let mut params = lasting(UNIT);
        params.subject_alt_names = vec![SanType::URI(spiffe_id(app, unit).try_into()?)];
        params.distinguished_name.push(DnType::CommonName, unit);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate, key: key.serialize_pem() })
    }
}

/// What begins a day ago, for clocks that are late, and lasts so long.
fn lasting(time: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    let now = SystemTime::now();
    (params.not_before, params.not_after) = ((now - DAY).into(), (now + time).into());
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}
