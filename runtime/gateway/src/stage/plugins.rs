//! Plug-ins: asked in their order, in the context of the request, and never believed to have said yes
//! when they haven't.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use seam_core::context::{Principal, in_context};
use tokio::time::timeout;

use super::route::Found;
use super::{Here, call, failures};
use crate::problem::Problem;
use crate::security::{Asked, AskedRequest, Refusal, SecurityPlugin};

/// How long a plug-in may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// Who sent the request, as far as a plug-in knows.
pub(super) async fn authenticate(here: &Here<'_>) -> Result<Option<Principal>, Problem> {
    for plugin in here.plugins().iter().filter(|plugin| plugin.knows_clients()) {
        failures::check(here)?;
        let request = request(here);
        let asking = async { plugin.authenticate(&request).await };
        if let Some(principal) = said(here, &**plugin, asking).await? {
            return Ok(Some(principal));
        }
    }
    Ok(None)
}

/// Refuses a request for what no contract has that a plug-in doesn't let in. Of a method they are asked
/// once its rule has let the request in; what tells nobody anything is everybody's.
pub(super) async fn admit(here: &Here<'_>, found: &Found<'_>) -> Result<(), Problem> {
    match found {
        Found::Ticket(_) | Found::Push | Found::Own(_) => authorize(here, None).await,
        Found::Route(..) | Found::Method(..) | Found::Form => Ok(()),
        Found::Errors | Found::Error(_) | Found::Api | Found::Docs(_) => Ok(()),
        Found::Health | Found::Readiness => Ok(()),
    }
}

/// Refuses a request that a plug-in doesn't let in; `method` is what it asks for.
pub(super) async fn authorize(here: &Here<'_>, method: Option<&str>) -> Result<(), Problem> {
    for plugin in here.plugins() {
        let asked = Asked { request: request(here), principal: here.principal(), method };
        said(here, &**plugin, async { plugin.authorize(&asked).await }).await?;
    }
    Ok(())
}

fn request<'a>(here: &Here<'a>) -> AskedRequest<'a> {
    AskedRequest {
        verb: here.request.method().as_str(),
        path: here.request.path(),
        headers: here.request.headers(),
        peer: here.request.peer(),
    }
}

/// What a plug-in said. One that says nothing hasn't said yes; `asking` calls it, so that it does nothing
/// outside of the request's context.
async fn said<T>(
    here: &Here<'_>,
    plugin: &dyn SecurityPlugin,
    asking: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Problem> {
    let asking = in_context(Arc::new(call::context(here)), asking);
    // What it leaves half done is its own.
    let asking = AssertUnwindSafe(asking).catch_unwind();
    let silent = |why: &str| {
        let name = plugin.name();
        Problem::unavailable("it can't be said now whether this may be asked for")
            .because(format!("the plug-in `{name}` {why}"))
    };
    match timeout(PATIENCE, asking).await {
        Ok(Ok(said)) => said.map_err(|refusal| {
            if refusal.status == 401 {
                failures::note(here);
            }
            Problem::of_refusal(refusal)
        }),
        Ok(Err(_)) => Err(silent("panicked")),
        Err(_) => Err(silent("took longer than 500 ms")),
    }
}
