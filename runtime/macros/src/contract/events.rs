//! The events of a contract: those that it publishes, and the way of others to its methods.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::WhereClause;
use syn::spanned::Spanned;

use super::expand::message_ident;
use super::{Argument, Contract, Method};

/// The way of kept events to the methods that subscribe to them, if there are any.
pub(super) fn deliver(methods: &[Method]) -> Option<TokenStream> {
    let subscriptions = (0_u16..).zip(methods).filter(|(_, method)| method.event().is_some());
    let (indices, messages): (Vec<u16>, Vec<Ident>) =
        subscriptions.map(|(index, method)| (index, message_ident(method))).unzip();
    (!messages.is_empty()).then(|| {
        quote! {
            fn deliver(
                client: &::seam::__private::call::Client<Self>,
                method: u16,
                event: &[u8],
                options: ::seam::__private::call::CallOptions,
            ) -> ::core::option::Option<::seam::__private::call::JsonReply> {
                ::core::option::Option::Some(match method {
                    #(#indices => ::seam::__private::call::deliver::<#messages>(
                        client, event, options,
                    ),)*
                    _ => return ::core::option::Option::None,
                })
            }
        }
    })
}

/// That the contract publishes its events, each topic once in a version.
pub(super) fn published(contract: &Contract, marker: &Ident) -> TokenStream {
    let events = &contract.events;
    let each = events.iter().enumerate().map(|(place, event)| {
        let before = &events[..place];
        let twice = "another event of this contract has this topic and version: give this one a \
                     topic of its own, or another version";
        quote_spanned! {event.span()=>
            #[automatically_derived]
            impl ::seam::__private::event::PublishedBy<#marker> for #event {}

            const _: () = ::core::assert!(
                !::seam::__private::event::is_among(
                    <#event as ::seam::__private::event::Event>::TOPIC,
                    <#event as ::seam::__private::event::Event>::VERSION,
                    &[#((
                        <#before as ::seam::__private::event::Event>::TOPIC,
                        <#before as ::seam::__private::event::Event>::VERSION,
                    )),*],
                ),
                #twice
            );
        }
    });
    each.collect()
}

/// How an event becomes the method's message.
pub(super) fn subscription(
    method: &Method,
    message: &Ident,
    clause: Option<&WhereClause>,
) -> Option<TokenStream> {
    let Argument { ident, ty, .. } = method.event()?;
    Some(quote! {
        #[automatically_derived]
        impl ::seam::__private::call::Subscription for #message #clause {
            type Event = #ty;

            fn of(event: Self::Event) -> Self {
                Self { #ident: event }
            }
        }
    })
}
