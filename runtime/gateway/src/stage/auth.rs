//! Who sent a request.

use std::sync::Arc;

use seam_core::context::{Principal, PrincipalTooLarge};
use seam_core::outcome::Code;

use super::route::Found;
use super::{Here, Step, plugins};
use crate::problem::Problem;

/// Who sent a request.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) principal: Principal,
    /// Its text, as calls carry it.
    pub(crate) text: Arc<str>,
}

impl Known {
    /// # Errors
    /// If calls can't carry it.
    pub(crate) fn new(principal: Principal) -> Result<Self, PrincipalTooLarge> {
        Ok(Self { text: principal.text()?, principal })
    }
}

/// Finds out who sent the request, before anything of it is looked at but where it goes. A credential
/// that is wrong is refused on every path but those that tell nobody anything.
pub(super) async fn identify(here: &Here<'_>, found: &Found<'_>) -> Step {
    if matches!(found, Found::Errors | Found::Error(_) | Found::Health | Found::Readiness) {
        return Ok(());
    }
    if let Some(principal) = plugins::authenticate(here).await? {
        become_known(here, principal)?;
    }
    Ok(())
}

/// From here on the request is that principal's.
fn become_known(here: &Here<'_>, principal: Principal) -> Result<(), Problem> {
    let known = Known::new(principal).map_err(|error| {
        Problem::new(Code::InvalidCredential, "the credential says more than calls can carry")
            .because(error.to_string())
    })?;
    // Nobody becomes somebody else on the way.
    let _ = here.known.set(known);
    Ok(())
}
