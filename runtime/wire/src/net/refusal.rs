//! Why who is at the other end of a stream isn't talked to.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// Why the other end of a stream is refused. What it has to do with a certificate says so by that word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A certificate was asked for, and none was shown.
    #[error("it shows no certificate")]
    NoCertificate,
    /// Another authority than the app's has signed it.
    #[error("its certificate is of another CA than this app's")]
    OtherCa,
    /// Its time is over.
    #[error("its certificate has expired")]
    Expired,
    /// Its time hasn't begun.
    #[error("its certificate isn't valid yet")]
    NotYet,
    /// It is wrong in another way.
    #[error("its certificate can't be believed: {0}")]
    Certificate(String),
    /// It is no unit's, or a unit's of another app.
    #[error("its certificate names no unit of this app: {0}")]
    NoUnit(String),
    /// It is another unit's than the one that was dialled.
    #[error("its certificate is of unit `{found}`, and unit `{dialled}` was dialled")]
    OtherUnit {
        /// The certificate's.
        found: String,
        /// The one that was to answer.
        dialled: String,
    },
    /// What it says of itself isn't what its certificate says.
    #[error("it says that it is unit `{says}`, and its certificate is of unit `{proved}`")]
    OtherHello {
        /// The hello's.
        says: String,
        /// The certificate's.
        proved: String,
    },
    /// The unit that answers isn't the one that was dialled, and nothing proves either.
    #[error("unit `{says}` answers where unit `{dialled}` was dialled")]
    NotDialled {
        /// The hello's.
        says: String,
        /// The one that was to answer.
        dialled: String,
    },
    /// It doesn't speak TLS.
    #[error("it speaks plaintext: a certificate is asked for, by TLS 1.3")]
    Plaintext,
    /// It refuses this unit's certificate.
    #[error("it refuses this unit's certificate: {0}")]
    ByPeer(&'static str),
    /// The handshake took too long.
    #[error("its TLS handshake did not end in time, so it has shown no certificate")]
    TooSlow,
    /// A Unix socket of another user.
    #[error("it runs as another user, uid {uid}")]
    OtherUser {
        /// Who it runs as.
        uid: u32,
    },
}

impl Refusal {
    /// What an error of a stream says of a refusal, if it is about one.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        if let Some(refusal) = inner.downcast_ref::<Self>() {
            return Some(refusal.clone());
        }
        Self::of_tls(inner.downcast_ref()?)
    }

    /// The same of an error of TLS.
    pub(super) fn of_tls(error: &Error) -> Option<Self> {
        Some(match error {
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::InvalidMessage(_) => Self::Plaintext,
            Error::AlertReceived(alert) => Self::ByPeer(told(*alert)?),
            _ => return None,
        })
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::OtherCa,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYet
            }
            other => Self::Certificate(other.to_string()),
        }
    }

    /// As an error of a stream, which [`Refusal::of`] finds again.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, self)
    }
}

/// What an alert says of a certificate, if it is about one.
const fn told(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::CertificateRequired => "it was shown none",
        AlertDescription::CertificateExpired => "it has expired, or isn't valid yet",
        AlertDescription::UnknownCA => "it is of another CA",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "it can't be believed there",
        _ => return None,
    })
}
