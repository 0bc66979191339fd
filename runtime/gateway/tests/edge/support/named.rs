//! A plug-in that believes what a header says, as no plug-in should.

use futures_util::future::BoxFuture;
use seam_core::context::Principal;
use seam_gateway::{Asked, AskedRequest, Refusal, SecurityPlugin};

/// Whoever has the header `X-Subject` is known by that.
pub(crate) struct Named;

impl SecurityPlugin for Named {
    fn name(&self) -> &str {
        "named"
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a AskedRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<Principal>, Refusal>> {
        let principal = request.header("x-subject").map(|subject| Principal::new(subject, "named"));
        Box::pin(std::future::ready(Ok(principal)))
    }

    fn authorize<'a>(&'a self, _: &'a Asked<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
