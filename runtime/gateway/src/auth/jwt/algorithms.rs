//! How signatures of tokens are checked: by ring, for every algorithm that it has.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::signature::{self as ring_signature, RsaPublicKeyComponents, UnparsedPublicKey};
use signature::Verifier;

/// What `jsonwebtoken` checks signatures with. It signs nothing, and takes no key apart.
static BY_RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(ByRing { algorithm: *algorithm, key: key.clone() }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has tokens checked by ring, in this process. Whoever was there before stays.
pub(super) fn install() {
    let _ = BY_RING.install_default();
}

/// One key, for one algorithm.
struct ByRing {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// How one algorithm checks.
enum Check {
    Hmac(hmac::Algorithm),
    Rsa(&'static ring_signature::RsaParameters),
    Other(&'static dyn ring_signature::VerificationAlgorithm),
}

/// None for an algorithm that isn't known here.
const fn check(algorithm: Algorithm) -> Option<Check> {
    Some(match algorithm {
        Algorithm::HS256 => Check::Hmac(hmac::HMAC_SHA256),
        Algorithm::HS384 => Check::Hmac(hmac::HMAC_SHA384),
        Algorithm::HS512 => Check::Hmac(hmac::HMAC_SHA512),
        Algorithm::RS256 => Check::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Check::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Check::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Check::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Check::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Check::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Check::Other(&ring_signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Check::Other(&ring_signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Check::Other(&ring_signature::ED25519),
        _ => return None,
    })
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], sent: &Vec<u8>) -> Result<(), signature::Error> {
        let bytes = || self.key.try_get_as_bytes().map_err(|_: Error| signature::Error::new());
        let right = match check(self.algorithm).ok_or_else(signature::Error::new)? {
            Check::Hmac(algorithm) => {
                hmac::verify(&hmac::Key::new(algorithm, bytes()?), message, sent)
            }
            Check::Rsa(parameters) => match self.key.kind() {
                DecodingKeyKind::RsaModulusExponent { n, e } => {
                    RsaPublicKeyComponents { n, e }.verify(parameters, message, sent)
                }
                DecodingKeyKind::SecretOrDer(_) => return Err(signature::Error::new()),
            },
            Check::Other(algorithm) => {
                UnparsedPublicKey::new(algorithm, bytes()?).verify(message, sent)
            }
        };
        right.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
