//! What is kept of a password.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::UserError;

/// Hashes passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    /// What a password is held against where there is no user, so that this takes as long.
    nobody: String,
}

impl Passwords {
    pub(super) fn new(memory_kib: Option<u32>) -> Result<Self, argon2::password_hash::Error> {
        let params = Params::new(
            memory_kib.unwrap_or(Params::DEFAULT_M_COST),
            Params::DEFAULT_T_COST,
            1,
            None,
        )?;
        let argon2 = Argon2::new(Algorithm::default(), Version::default(), params);
        let nobody = argon2.hash_password(b"nobody")?.to_string();
        Ok(Self { argon2, nobody })
    }

    pub(super) fn hash(&self, password: &str) -> Result<String, UserError> {
        let hash = self.argon2.hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|_| UserError::NotHashed)
    }

    pub(super) fn fits(&self, password: &str, hash: Option<&str>) -> bool {
        let held_against = hash.unwrap_or(&self.nobody);
        self.argon2.verify_password(password.as_bytes(), held_against).is_ok() && hash.is_some()
    }
}
