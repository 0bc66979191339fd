//! What begins a method beside calls: `#[call(on)]`, `#[call(every = "1h")]` and
//! `#[call(cron = "0 3 * * *")]`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use super::options::Options;
use super::{Answer, Argument, Method};
use crate::case;
use crate::diagnostic::Mistakes;

/// What begins a method beside calls.
pub(super) enum Trigger {
    /// Each event of its argument's type.
    On,
    /// The clock, once in each such time.
    Every(Duration),
    /// The clock, at those minutes.
    Cron(LitStr),
}

/// Options that a subscription can't have, and why.
const NOT_WITH_EVENTS: [(&str, &str); 12] = [
    ("public", "events begin this method, and nobody outside: leave it out"),
    ("http", "events begin this method, and no request: give the route a method of its own"),
    ("status", "it belongs to a route, and events begin this method: leave it out"),
    ("location", "it belongs to a route, and events begin this method: leave it out"),
    ("header", "it belongs to a route, and events begin this method: leave it out"),
    ("accept", "it is about a request's body, and events begin this method: leave it out"),
    ("allow", "it is about clients at the edge, and events begin this method: leave it out"),
    ("rate", "it is about clients at the edge, and events begin this method: leave it out"),
    ("cache", "it is about clients at the edge, and events begin this method: leave it out"),
    ("session", "it is about clients at the edge, and events begin this method: leave it out"),
    (
        "fallback",
        "an event whose handler fails is delivered again, and nothing else answers for it: leave it \
         out",
    ),
    ("route_by", "events go in the order of their own `key`: leave it out"),
];

/// The same of a method that runs by itself.
const NOT_WITH_THE_CLOCK: [(&str, &str); 2] = [
    ("fallback", "the clock begins this method, and waits for no answer: leave it out"),
    ("route_by", "the clock begins this method, and has no argument to route by: leave it out"),
];

/// Refuses what a method can't be that begins by itself.
pub(super) fn check(
    options: &Options,
    method: &Ident,
    arguments: &[Argument],
    answer: &Answer,
    mistakes: &mut Mistakes,
) {
    let Some(trigger) = &options.trigger else { return };
    let refused = match trigger {
        Trigger::On => &NOT_WITH_EVENTS[..],
        Trigger::Every(_) | Trigger::Cron(_) => &NOT_WITH_THE_CLOCK[..],
    };
    for option in &options.given {
        if let Some((name, why)) = refused.iter().find(|(name, _)| option == name) {
            mistakes.at(option, format!("`{name}` can't be here: {why}"));
        }
    }
    check_arguments(trigger, method, arguments, mistakes);
    if answer.answer.to_string() != quote!(()).to_string() {
        let text = "nobody waits for what this method answers: let it return `Result<(), Error>`, or \
                    nothing";
        mistakes.at(&answer.written, text);
    }
}

fn check_arguments(
    trigger: &Trigger,
    method: &Ident,
    arguments: &[Argument],
    mistakes: &mut Mistakes,
) {
    let name = case::text(method);
    match (trigger, arguments) {
        (Trigger::On, [_]) | (Trigger::Every(_) | Trigger::Cron(_), []) => {}
        (Trigger::On, []) => {
            let text = format!(
                "`{name}` takes the event that begins it: write `{name}(&mut self, event: OrderPaid)`"
            );
            mistakes.at(method, text);
        }
        (Trigger::On, [_, second, ..]) => {
            let text = format!(
                "`{name}` takes the event that begins it, and nothing else: what it has to know \
                 stands in the event, or in a table"
            );
            mistakes.at(&second.ident, text);
        }
        (Trigger::Every(_) | Trigger::Cron(_), [first, ..]) => {
            let text = format!(
                "the clock begins `{name}`, and has no arguments for it: take `&self` or `&mut self` \
                 alone"
            );
            mistakes.at(&first.ident, text);
        }
    }
}

impl Method {
    /// The argument that is an event.
    pub(super) fn event(&self) -> Option<&Argument> {
        self.arguments.first().filter(|_| self.options.is_subscription())
    }
}

/// The event that begins a method, as its `MethodSpec` has it.
pub(super) fn subscription(method: &Method) -> Option<TokenStream> {
    let ty = &method.event()?.ty;
    Some(quote_spanned! {ty.span()=>
        ::seam::__private::contract::SubscriptionSpec {
            topic: <#ty as ::seam::__private::event::Event>::TOPIC,
            version: <#ty as ::seam::__private::event::Event>::VERSION,
        }
    })
}

/// When a method runs by itself, as its `MethodSpec` has it.
pub(super) fn schedule(method: &Method) -> Option<TokenStream> {
    match method.options.trigger.as_ref()? {
        Trigger::On => None,
        Trigger::Every(every) => {
            let seconds = every.as_secs();
            Some(quote! {
                ::seam::__private::contract::ScheduleSpec::Every(
                    ::core::time::Duration::from_secs(#seconds),
                )
            })
        }
        Trigger::Cron(text) => Some(quote!(::seam::__private::contract::ScheduleSpec::Cron(#text))),
    }
}

/// Says that a cron is none, or never due, where it is written. `seam-core` reads it.
pub(super) fn check_cron(method: &Method) -> Option<TokenStream> {
    let Some(Trigger::Cron(text)) = &method.options.trigger else { return None };
    Some(quote_spanned! {text.span()=>
        const _: () = match ::seam::__private::policy::Cron::parse(#text) {
            ::core::result::Result::Ok(_) => (),
            ::core::result::Result::Err(why) => ::core::panic!("{}", why.why()),
        };
    })
}
