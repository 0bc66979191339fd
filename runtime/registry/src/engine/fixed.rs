//! No registry: what the config lists is all there is.

use std::convert::Infallible;
use std::future::pending;

use super::{Claimed, Engine, Expiry, News, Pending, RegistryError};
use crate::entry::Entry;

/// The engine `static`: instances are where the config says, and nobody else is told of. Always fresh.
#[derive(Debug, Clone, Copy, Default)]
pub struct Static;

impl Static {
    const fn claims() -> RegistryError {
        let reason = "grants no claims: choose `embedded`, `nats` or `zookeeper` in [registry]";
        RegistryError::Unsupported { engine: "static", reason }
    }
}

impl Engine for Static {
    fn name(&self) -> &'static str {
        "static"
    }

    fn expiry(&self) -> Expiry {
        Expiry::Engine
    }

    fn register<'a>(&'a self, _: &'a Entry) -> Pending<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn renew<'a>(&'a self, _: &'a Entry) -> Pending<'a, bool> {
        Box::pin(async { Ok(true) })
    }

    fn leave<'a>(&'a self, _: &'a Entry) -> Pending<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn watch<'a>(&'a self, tell: &'a mut (dyn FnMut(News) + Send)) -> Pending<'a, Infallible> {
        Box::pin(async move {
            tell(News::All(Vec::new()));
            pending().await
        })
    }

    fn claim<'a>(&'a self, _: &'a str, _: u64) -> Pending<'a, Claimed> {
        Box::pin(async { Err(Self::claims()) })
    }

    fn renew_claim<'a>(&'a self, _: &'a str, _: u64, _: u64) -> Pending<'a, bool> {
        Box::pin(async { Err(Self::claims()) })
    }

    fn release<'a>(&'a self, _: &'a str, _: u64, _: u64) -> Pending<'a, ()> {
        Box::pin(async { Err(Self::claims()) })
    }
}
