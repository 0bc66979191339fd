//! From a [`Contract`] to Rust: the trait, the marker type, the host, the client, the messages.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{Contract, Method};
use crate::case;

/// The names of what a contract generates.
struct Names {
    contract: Ident,
    host: Ident,
    client: Ident,
}

pub(super) fn contract(contract: &Contract) -> TokenStream {
    let name = &contract.ident;
    let names = Names {
        contract: format_ident!("{name}Contract"),
        host: format_ident!("{name}Host"),
        client: format_ident!("{name}Client"),
    };
    let the_trait = the_trait(contract);
    let parts = [marker(contract, &names), host(contract, &names), client(contract, &names)];
    let messages = contract.methods.iter().enumerate().map(|(index, method)| {
        super::message::message(contract, method, index, &names.contract, &names.host)
    });
    // The messages first: what is wrong with an argument's type is told there best.
    quote!(#the_trait #(#messages)* #(#parts)*)
}

/// The name of a method's message.
pub(super) fn message_ident(contract: &Contract, method: &Method) -> Ident {
    let (name, method_name) = (&contract.ident, case::pascal(&method.name));
    Ident::new(&format!("{name}{method_name}Message"), method.ident.span())
}

/// The trait, with `async fn` written out, so that its futures are `Send`.
fn the_trait(contract: &Contract) -> TokenStream {
    let Contract { vis, ident, attrs, supertraits, methods, .. } = contract;
    let methods = methods.iter().map(|method| {
        let Method { ident, attrs, exclusive, arguments, answer, .. } = method;
        let receiver = if *exclusive { quote!(&mut self) } else { quote!(&self) };
        let names = arguments.iter().map(|argument| &argument.ident);
        let types = arguments.iter().map(|argument| &argument.ty);
        let written = &answer.written;
        // What the compiler says of the future points at the method.
        quote_spanned! {ident.span()=>
            #(#attrs)*
            fn #ident(#receiver #(, #names: #types)*)
                -> impl ::core::future::Future<Output = #written> + ::core::marker::Send;
        }
    });
    let message = format!("`{{Self}}` doesn't serve the contract `{}`", contract.name);
    let note =
        format!("write `impl {ident} for {{Self}} {{{{ … }}}}` with a method for each of its own");
    quote! {
        #[diagnostic::on_unimplemented(message = #message, note = #note)]
        #(#attrs)*
        #vis trait #ident: #supertraits {
            #(#methods)*
        }
    }
}

/// The type that stands for the contract.
fn marker(contract: &Contract, names: &Names) -> TokenStream {
    let Contract { vis, ident, doc, name, version, methods, .. } = contract;
    let Names { contract: marker, host, client } = names;
    let about = format!("The contract of [`{ident}`], `{name}` {version}.");
    let messages: Vec<Ident> = methods.iter().map(|m| message_ident(contract, m)).collect();
    let indices: Vec<u16> = (0..messages.len()).map(|index| index as u16).collect();
    quote! {
        #[doc = #about]
        #[derive(Clone, Copy, Debug)]
        #vis struct #marker;

        #[automatically_derived]
        impl ::seam::__private::contract::Contract for #marker {
            const NAME: &'static str = #name;
            const VERSION: &'static str = #version;
            type Host = dyn #host;
            type Client = #client;

            fn descriptor() -> &'static ::seam::__private::contract::ContractDescriptor {
                static DESCRIPTOR: ::std::sync::OnceLock<
                    ::seam::__private::contract::ContractDescriptor,
                > = ::std::sync::OnceLock::new();
                DESCRIPTOR.get_or_init(|| ::seam::__private::contract::ContractDescriptor::of::<Self>(
                    #doc,
                    ::std::vec![
                        #(::seam::__private::contract::MethodDescriptor::of::<#messages>()),*
                    ],
                ))
            }
        }

        #[automatically_derived]
        impl ::seam::__private::call::Dispatch for #marker {
            fn serve(
                host: &Self::Host,
                service: ::seam::__private::name::ServiceId,
                inbound: &mut ::seam::__private::remote::Inbound<'_>,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::option::Option<::seam::__private::remote::Served> {
                ::core::option::Option::Some(match inbound.method {
                    #(#indices => ::seam::__private::call::serve::<#messages>(
                        host, service, inbound, out,
                    ),)*
                    _ => return ::core::option::Option::None,
                })
            }

            fn call_json(
                client: &::seam::__private::call::Client<Self>,
                method: u16,
                arguments: &[u8],
                options: ::seam::__private::call::CallOptions,
            ) -> ::core::option::Option<::seam::__private::call::JsonReply> {
                ::core::option::Option::Some(match method {
                    #(#indices => ::seam::__private::call::call_json::<#messages>(
                        client, arguments, options,
                    ),)*
                    _ => return ::core::option::Option::None,
                })
            }
        }

        #[automatically_derived]
        impl<A: #ident> ::seam::__private::call::Hosts<A> for #marker {
            fn erase(
                host: ::std::sync::Arc<::seam::__private::turn::Host<A>>,
            ) -> ::std::sync::Arc<Self::Host> {
                host
            }
        }
    }
}

/// The contract as a trait object: whatever actor is behind it.
fn host(contract: &Contract, names: &Names) -> TokenStream {
    let Contract { vis, ident: the_trait, methods, .. } = contract;
    let host = &names.host;
    let signatures: Vec<TokenStream> = methods
        .iter()
        .map(|method| {
            let (ident, message) = (&method.ident, message_ident(contract, method));
            let (answer, error) = (&method.answer.answer, method.answer.error());
            quote! {
                fn #ident(
                    &self,
                    start: ::seam::__private::turn::TurnStart<'_, #message>,
                ) -> ::seam::__private::turn::Begun<#answer, #error>
            }
        })
        .collect();
    let bodies = methods.iter().map(|method| turn(the_trait, method));
    quote! {
        #[doc(hidden)]
        #vis trait #host: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#signatures;)*
        }

        #[automatically_derived]
        impl<A: #the_trait> #host for ::seam::__private::turn::Host<A> {
            #(#signatures { #bodies })*
        }
    }
}

/// One turn: takes the actor, runs the method, lets the actor go, and leaves.
fn turn(the_trait: &Ident, method: &Method) -> TokenStream {
    let Method { ident, arguments, answer, exclusive, .. } = method;
    let actor = if *exclusive { quote!(seat.exclusive()) } else { quote!(seat.shared()) };
    let arguments = arguments.iter().map(|argument| &argument.ident);
    let outcome = match answer.error {
        Some(_) => quote!(outcome),
        None => quote!(::core::result::Result::Ok(outcome)),
    };
    // A method without arguments has nothing to take from its message.
    quote! {
        self.turn(start, |mut seat, message| async move {
            let _ = &message;
            let outcome = <A as #the_trait>::#ident(#actor #(, message.#arguments)*).await;
            seat.leave();
            #outcome
        })
    }
}

/// The client: a method per method, whose call is an owned future.
fn client(contract: &Contract, names: &Names) -> TokenStream {
    let Contract { vis, ident: the_trait, methods, .. } = contract;
    let Names { contract: marker, client, .. } = names;
    let about = format!("A client of [`{the_trait}`]: cheap to clone, for any task on any thread.");
    let calls = methods.iter().map(|method| {
        let Method { ident, name, attrs, arguments, .. } = method;
        let message = message_ident(contract, method);
        let names: Vec<&Ident> = arguments.iter().map(|argument| &argument.ident).collect();
        let types = arguments.iter().map(|argument| &argument.ty);
        let docs = attrs.iter().filter(|attr| attr.path().is_ident("doc"));
        let fallback = method.doc.is_empty().then(|| {
            let text = format!("Calls [`{the_trait}::{name}`].");
            quote!(#[doc = #text])
        });
        quote! {
            #fallback
            #(#docs)*
            #[allow(clippy::too_many_arguments)]
            #vis fn #ident(&self #(, #names: #types)*) -> ::seam::__private::call::Call<#message> {
                self.0.call(#message { #(#names),* })
            }
        }
    });
    let local = format!(
        "A client whose calls are turns on `fake`, which is anything that implements \
         [`{the_trait}`]: for tests.\n\n# Panics\nIf the system refuses a thread."
    );
    quote! {
        #[doc = #about]
        #[derive(Clone, Debug)]
        #vis struct #client(::seam::__private::call::Client<#marker>);

        #[automatically_derived]
        impl ::core::convert::From<::seam::__private::call::Client<#marker>> for #client {
            fn from(client: ::seam::__private::call::Client<#marker>) -> Self {
                Self(client)
            }
        }

        #[automatically_derived]
        impl ::seam::__private::call::ClientOf for #client {
            type Contract = #marker;
        }

        impl #client {
            #[doc = #local]
            #vis fn local(fake: impl #the_trait) -> Self {
                match ::seam::__private::call::Client::local(fake) {
                    ::core::result::Result::Ok(client) => Self(client),
                    ::core::result::Result::Err(error) => {
                        ::core::panic!("no local client: {error}")
                    }
                }
            }

            #(#calls)*
        }
    }
}
