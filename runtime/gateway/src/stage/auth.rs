//! Who sent a request.

use std::sync::Arc;

use seam_core::outcome::Code;

use super::route::Found;
use super::{Here, Step, failures, limit, permit, plugins, session};
use crate::auth::{Asked, Known, Refusal, Sent, Signed, now};
use crate::problem::Problem;
use crate::query::pairs;
use crate::request::Body;
use crate::together::Claim;

/// Finds out who sent the request, before anything of it is looked at but where it goes. A credential
/// that is wrong is refused on every path but those that tell nobody anything.
pub(super) async fn identify(here: &Here<'_>, found: &Found<'_>, body: &Body) -> Step {
    let auth = &here.settings.auth;
    if !auth.is_any() && here.plugins().is_empty() {
        return Ok(());
    }
    let takes_bytes = match found {
        Found::Errors | Found::Error(_) | Found::Api | Found::Docs(_) => return Ok(()),
        Found::Health | Found::Readiness => return Ok(()),
        Found::Route(route, _) => route.arguments.takes_blob(),
        _ => false,
    };
    if let Some(principal) = plugins::authenticate(here).await? {
        // What a plug-in takes for a credential is its to say.
        let known = Known::new(principal).map(|known| Sent::Known(Arc::new(known)));
        return Ok(take(here, found, known)?);
    }
    let asked = Asked {
        method: here.request.method(),
        headers: here.request.headers(),
        has_body: body.is_there(),
        takes_bytes,
        secure: here.request.is_secure(),
    };
    let together = &here.worker.shared.together;
    let may_look = || failures::check(here);
    let is_ended = |session: &str| together.is_ended(session);
    let cors = &here.settings.web.cors;
    let sent = auth.identify(&asked, cors, now(), may_look, is_ended).await;
    match sent.and_then(|sent| take(here, found, sent)) {
        // What the program's own routes take for a credential is theirs to say.
        Err(_) if matches!(found, Found::Own(_)) => Ok(()),
        taken => Ok(taken?),
    }
}

/// Takes what the credential says for what the request has shown.
fn take(here: &Here<'_>, found: &Found<'_>, sent: Result<Sent, Refusal>) -> Result<(), Problem> {
    let wrong = |why| {
        failures::note(here);
        Err(Problem::invalid_credential(why))
    };
    match sent {
        Ok(Sent::Nothing) => {}
        Ok(Sent::Known(known)) => drop(here.known.set(known)),
        Ok(Sent::Session(session)) => session::enter(here, *session),
        Err(Refusal::Unavailable(why)) => return Err(Problem::unavailable(why)),
        Err(Refusal::Invalid(why)) => return wrong(why),
        Err(Refusal::Over) => {
            session::leave(here);
            // What is left of an old one shuts nobody out of a new one.
            if !permit::is_for_anyone(here, found) {
                return wrong("the session is over: sign in again".into());
            }
        }
    }
    Ok(())
}

/// Finds out who has signed a form, where forms have to be signed: each is taken once, at whichever
/// edge.
pub(super) async fn signed(here: &Here<'_>, body: &[u8]) -> Step {
    if !here.settings.auth.signs() {
        return Ok(());
    }
    let (signed, is_known) = (signature(here, body), here.known().is_some());
    if !is_known {
        if let Ok(Some(signed)) = &signed {
            let _ = here.known.set(Arc::clone(&signed.known));
        }
        // Before anything is used up: who is refused for now sends the same form again.
        limit::form(here).await?;
    }
    let Some(signed) = signed? else { return Ok(()) };
    if is_known {
        let why = "the form is signed, and another credential came with it: send one";
        return Err(Problem::bad_request(why).into());
    }
    for value in &signed.once {
        match here.worker.shared.together.claim(value, signed.remember).await {
            Ok(Claim::First) => {}
            Ok(Claim::Before) => {
                let why = "this form, or one with its `nonce`, was taken before";
                return Err(Problem::new(Code::SignatureReplayed, why).into());
            }
            Err(apart) => {
                let why = "it can't be told whether this form was taken before";
                return Err(Problem::unavailable(why).because(apart.why).into());
            }
        }
    }
    Ok(())
}

/// Who has signed a form, if forms have to be signed.
fn signature(here: &Here<'_>, body: &[u8]) -> Result<Option<Signed>, Problem> {
    failures::check(here)?;
    let form = pairs(body, "the form")?;
    let signed = here.settings.auth.signed(&form, now()).transpose();
    signed.inspect_err(|problem| {
        if problem.code == Code::SignatureInvalid.as_str() {
            failures::note(here);
        }
    })
}
