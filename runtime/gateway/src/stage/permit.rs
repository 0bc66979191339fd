//! Whether who sent a request may ask for that: `#[call(allow = "…")]` and `[edge.allow]`.
//!
//! It is looked at twice: before the request's body is read, by what is known without it, and once its
//! arguments can be seen, for good. The service's unit looks again at the arguments as they are decoded,
//! where its own config knows somebody.

use seam_core::contract::{Rule, Verdict};

use super::Here;
use super::route::Found;
use crate::arguments::{self, Arguments};
use crate::methods::EdgeMethod;
use crate::problem::Problem;

/// Refuses a request that can't be right, whatever its body says.
pub(super) fn foresee(here: &Here<'_>, found: &Found<'_>) -> Result<(), Problem> {
    let (client, index, arguments, told) = match found {
        Found::Route(route, path) => {
            let (query, headers) = (here.request.query(), Some(here.request.headers()));
            let told = arguments::Found { path, query, headers, ..arguments::Found::default() };
            (route.client, route.index, &route.arguments, told)
        }
        Found::Method(client, method) => {
            (*client, method.index, &method.arguments, arguments::Found::default())
        }
        _ => return Ok(()),
    };
    let Some(rule) = of_method(here, client, index) else { return Ok(()) };
    said(rule.foresee(here.principal(), |name| arguments.text_of(name, &told)))
}

/// Refuses a call whose arguments aren't the client's to send: the last word on that at the edge. What
/// isn't told lets nobody in; arguments that are wrong are refused for that.
pub(super) fn judge(
    here: &Here<'_>,
    (client, index): (usize, u16),
    arguments: &Arguments,
    told: &arguments::Found<'_>,
) -> Result<(), Problem> {
    let Some(rule) = of_method(here, client, index) else { return Ok(()) };
    let (principal, text) = (here.principal(), |name: &str| arguments.text_of(name, told));
    let verdict = rule.judge(principal, text);
    if verdict != Verdict::Granted && rule.foresee(principal, text) == Verdict::Granted {
        arguments.collect(told)?;
    }
    said(verdict)
}

/// The rule of a method; none where rules have nothing to go by.
fn of_method<'a>(here: &'a Here<'_>, client: usize, index: u16) -> Option<&'a Rule> {
    if here.principal().is_none() && !here.settings.known {
        return None;
    }
    here.serving.routes().method(client, index).map(|method| rule(here, method))
}

/// Refuses a request for a module that no contract has, and so no rule but that of `[edge.allow]`.
pub(super) fn check_module(here: &Here<'_>, method: &str) -> Result<(), Problem> {
    let principal = here.principal();
    if principal.is_none() && !here.settings.known {
        return Ok(());
    }
    let rule = here.settings.allow.get(method).cloned().unwrap_or_default();
    said(rule.judge(principal, |_| None))
}

fn said(verdict: Verdict) -> Result<(), Problem> {
    match verdict {
        Verdict::Granted => Ok(()),
        Verdict::Unauthenticated => Err(Problem::unauthenticated()),
        Verdict::Denied => Err(Problem::denied("whoever asks may not ask for this")),
    }
}

/// The rule of a method.
pub(super) fn rule<'a>(here: &'a Here<'_>, method: &'a EdgeMethod) -> &'a Rule {
    here.settings.allow.get(&method.name).unwrap_or(&method.rule)
}

/// Whether whoever comes may ask for that, as far as it is known without the request's body.
pub(super) fn is_for_anyone(here: &Here<'_>, found: &Found<'_>) -> bool {
    let (client, index) = match found {
        Found::Route(route, _) => (route.client, route.index),
        Found::Method(client, method) => (*client, method.index),
        _ => return false,
    };
    let method = here.serving.routes().method(client, index);
    method.is_some_and(|method| rule(here, method).is_for_anyone())
}
