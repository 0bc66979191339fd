//! What is kept of a password, and whether one is right.

use std::ops::RangeInclusive;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::contract::UserError;

/// How long a password is, in characters. The least is what NIST asks for (SP 800-63B, 3.1.1); the
/// most is there so that nobody has long texts hashed.
const LENGTH: RangeInclusive<usize> = 8..=128;
/// So many are hashed at once: each takes a core, and 19 MiB.
const AT_ONCE: usize = 2;
/// What a password is held against that nobody has, so that this takes as long: a hash of random bytes.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$2FHH3fvzGd5ceT4+dAPpDQ$\
                      8UP5C0xhXTunYKMsh8wJjJEPGdXtPejZrduFgBHknek";

/// Hashes passwords by argon2id, on threads that may be busy for a while.
#[derive(Debug, Clone)]
pub(crate) struct Passwords(Arc<Semaphore>);

impl Passwords {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// What is kept of a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, UserError> {
        if !LENGTH.contains(&password.chars().count()) {
            return Err(UserError::InvalidPassword);
        }
        let hash = move || Argon2::default().hash_password(password.as_bytes());
        let hash = self.work(hash).await?.map_err(|error| {
            tracing::error!(%error, "a password can't be hashed");
            UserError::PasswordUnavailable
        })?;
        Ok(hash.to_string())
    }

    /// Whether it is the password of which that was kept; where nothing was, it takes as long to say
    /// no.
    pub(crate) async fn fits(
        &self,
        password: String,
        kept: Option<String>,
    ) -> Result<bool, UserError> {
        if password.chars().count() > *LENGTH.end() {
            return Ok(false);
        }
        let fits = move || {
            let hash = kept.as_deref().unwrap_or(NOBODY);
            Argon2::default().verify_password(password.as_bytes(), hash).is_ok() && kept.is_some()
        };
        self.work(fits).await
    }

    async fn work<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, UserError> {
        // It goes with the work: whoever asked may be gone before that is done.
        let Ok(place) = Arc::clone(&self.0).acquire_owned().await else {
            return Err(UserError::PasswordUnavailable);
        };
        let done = spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| UserError::PasswordUnavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_what_was_kept_of_it() {
        let passwords = Passwords::new();
        let right = "correct horse ada".to_owned();
        let kept = passwords.hash(right.clone()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(
            passwords.hash(right.clone()).await.unwrap(),
            kept,
            "each has a salt of its own"
        );
        let fits =
            async |password: &str, kept| passwords.fits(password.into(), kept).await.unwrap();
        assert!(fits(&right, Some(kept.clone())).await);
        for wrong in ["correct horse eve", "", "no", &"x".repeat(129), &format!("{right} ")] {
            assert!(!fits(wrong, Some(kept.clone())).await, "{wrong}");
        }
        assert!(!fits(&right, None).await && !fits("", None).await);
        assert!(!fits(&right, Some("no hash".into())).await);
    }

    #[tokio::test]
    async fn what_nobody_has_takes_as_long_as_any() {
        let kept = Passwords::new().hash("12345678".into()).await.unwrap();
        let cost = |hash: &str| hash.rsplitn(3, '$').last().unwrap_or_default().to_owned();
        assert_eq!(cost(NOBODY), cost(&kept));
        let lengths = |hash: &str| hash.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!(lengths(NOBODY), lengths(&kept));
    }

    #[tokio::test]
    async fn a_password_has_8_to_128_characters() {
        let passwords = Passwords::new();
        for wrong in ["", "1234567", &"x".repeat(129)] {
            assert_eq!(passwords.hash(wrong.into()).await, Err(UserError::InvalidPassword));
        }
        for right in ["ååååååå8", &"å".repeat(128)] {
            assert!(passwords.hash(right.into()).await.is_ok(), "{right}");
        }
    }
}
