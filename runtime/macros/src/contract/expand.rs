//! From a [`Contract`] to Rust: the trait, the marker type, the host, the client, the messages.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{Contract, Method, events};
use crate::case;

/// The names of what a contract generates.
struct Names {
    contract: Ident,
    host: Ident,
    client: Ident,
    fake: Ident,
}

pub(super) fn contract(contract: &Contract) -> TokenStream {
    let name = &contract.ident;
    let names = Names {
        contract: format_ident!("{name}Contract"),
        host: format_ident!("__Host"),
        client: format_ident!("{name}Client"),
        fake: format_ident!("__Fake"),
    };
    let the_trait = the_trait(contract);
    let [marker_type, client_type] = types(contract, &names);
    let parts = [
        marker(contract, &names),
        host(contract, &names),
        client(contract, &names),
        fake(contract, &names),
    ];
    let messages = contract.methods.iter().enumerate().map(|(index, method)| {
        super::message::message(contract, method, index, &names.contract, &names.host)
    });
    // What nobody has to name is where nobody else's names are: two contracts may stand in one
    // module. The messages first: what is wrong with an argument's type is told there best.
    quote! {
        #the_trait
        #marker_type
        #client_type
        #[allow(non_local_definitions)]
        const _: () = {
            #(#messages)*
            #(#parts)*
        };
    }
}

/// The name of a method's message.
pub(super) fn message_ident(method: &Method) -> Ident {
    let name = case::pascal(&method.name);
    Ident::new(&format!("__{name}Message"), method.ident.span())
}

/// The two types that users name.
fn types(contract: &Contract, names: &Names) -> [TokenStream; 2] {
    let Contract { vis, ident, name, version, .. } = contract;
    let Names { contract: marker, client, .. } = names;
    let about_marker = format!("The contract of [`{ident}`], `{name}` {version}.");
    let about_client =
        format!("A client of [`{ident}`]: cheap to clone, for any task on any thread.");
    let marker_type = quote! {
        #[doc = #about_marker]
        #[derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug,
        )]
        #vis struct #marker;
    };
    let client_type = quote! {
        #[doc = #about_client]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #client(::seam::__private::call::Client<#marker>);
    };
    [marker_type, client_type]
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
    let Contract { ident, doc, name, version, events, methods, .. } = contract;
    let Names { contract: marker, host, client, .. } = names;
    let messages: Vec<Ident> = methods.iter().map(message_ident).collect();
    let indices: Vec<u16> = (0..messages.len()).map(|index| index as u16).collect();
    let deliver = events::deliver(methods);
    let published = events::published(contract, marker);
    quote! {
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
                ::std::sync::OnceLock::get_or_init(&DESCRIPTOR, || {
                    ::seam::__private::contract::ContractDescriptor::of::<Self>(
                        #doc,
                        ::std::vec![
                            #(::seam::__private::contract::MethodDescriptor::of::<#messages>()),*
                        ],
                        ::std::vec![
                            #(::seam::__private::contract::EventDescriptor::of::<#events>()),*
                        ],
                    )
                })
            }
        }

        #[automatically_derived]
        impl ::seam::__private::call::Dispatch for #marker {
            fn serve(
                host: &Self::Host,
                entrance: &::seam::__private::call::Entrance,
                inbound: &mut ::seam::__private::remote::Inbound<'_>,
                out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::option::Option<::seam::__private::remote::Served> {
                ::core::option::Option::Some(match inbound.method {
                    #(#indices => ::seam::__private::call::serve::<#messages>(
                        host, entrance, inbound, out,
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

            fn kept_json(
                method: u16,
                arguments: &[u8],
            ) -> ::core::option::Option<
                ::core::result::Result<
                    ::std::vec::Vec<u8>,
                    ::seam::__private::outcome::NotExecuted,
                >,
            > {
                ::core::option::Option::Some(match method {
                    #(#indices => ::seam::__private::call::kept_json::<#messages>(arguments),)*
                    _ => return ::core::option::Option::None,
                })
            }

            fn transcode(
                method: u16,
                part: ::seam::__private::call::Part,
                form: ::seam::__private::remote::Form,
                bytes: &[u8],
            ) -> ::core::option::Option<
                ::core::result::Result<::std::vec::Vec<u8>, ::std::string::String>,
            > {
                ::core::option::Option::Some(match method {
                    #(#indices => {
                        ::seam::__private::call::transcode::<#messages>(part, form, bytes)
                    })*
                    _ => return ::core::option::Option::None,
                })
            }

            #deliver
        }

        #published

        #[automatically_derived]
        impl<__A: #ident> ::seam::__private::call::Hosts<__A> for #marker {
            fn erase(
                host: ::std::sync::Arc<::seam::__private::turn::Host<__A>>,
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
            let (ident, message) = (&method.ident, message_ident(method));
            quote! {
                fn #ident(
                    &self,
                    start: ::seam::__private::turn::TurnStart<'_, #message>,
                ) -> ::seam::__private::turn::Begun<#message>
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
        impl<__A: #the_trait> #host for ::seam::__private::turn::Host<__A> {
            #(#signatures { #bodies })*
        }
    }
}

/// One turn: takes the actor, runs the method, lets the actor go, and leaves.
fn turn(the_trait: &Ident, method: &Method) -> TokenStream {
    let Method { ident, arguments, answer, exclusive, .. } = method;
    let actor = match exclusive {
        true => quote!(exclusive(&mut seat)),
        false => quote!(shared(&seat)),
    };
    let arguments = arguments.iter().map(|argument| &argument.ident);
    let outcome = match answer.error {
        Some(_) => quote!(outcome),
        None => quote!(::core::result::Result::Ok(outcome)),
    };
    // A method without arguments has nothing to take from its message. Functions are called by their
    // paths: a user's trait may have methods of these names for everything.
    quote! {
        ::seam::__private::turn::Host::turn(self, start, |mut seat, message| async move {
            let _ = &message;
            let outcome = <__A as #the_trait>::#ident(
                ::seam::__private::turn::Seat::#actor
                #(, message.#arguments)*
            ).await;
            ::seam::__private::turn::Seat::leave(&mut seat);
            #outcome
        })
    }
}

/// The client: a method per method, whose call is an owned future.
fn client(contract: &Contract, names: &Names) -> TokenStream {
    let Contract { vis, ident: the_trait, methods, .. } = contract;
    let Names { contract: marker, client, .. } = names;
    let calls = methods.iter().map(|method| {
        let Method { ident, name, attrs, arguments, .. } = method;
        let message = message_ident(method);
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
                ::seam::__private::call::Client::call(&self.0, #message { #(#names),* })
            }
        }
    });
    let constructors = constructors(contract, names);
    quote! {
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
            #constructors
            #(#calls)*
        }
    }
}

/// `local` and `fake`, where no method has that name: then `seam::call::Client` has them.
fn constructors(contract: &Contract, names: &Names) -> TokenStream {
    let Contract { vis, ident: the_trait, methods, .. } = contract;
    let free = |name: &str| methods.iter().all(|method| method.name != name);
    let local = free("local").then(|| {
        let about = format!(
            "A client whose calls are turns on `fake`, which is anything that implements \
             [`{the_trait}`]: for tests.\n\n# Panics\nIf the system refuses a thread."
        );
        quote! {
            #[doc = #about]
            #vis fn local(fake: impl #the_trait) -> Self {
                match ::seam::__private::call::Client::local(fake) {
                    ::core::result::Result::Ok(client) => Self(client),
                    ::core::result::Result::Err(error) => {
                        ::core::panic!("no local client: {error}")
                    }
                }
            }
        }
    });
    let fake = free("fake").then(|| {
        let fake = &names.fake;
        let about = format!(
            "A fake of [`{the_trait}`] for tests, made of a function per method that the test needs: \
             `.on_{}(async |…| …)`. Clients come from its `client()`. Keep it to the end of the test, \
             which then fails if a method was asked for that the fake wasn't given.\n\n\
             # Panics\nIf the system refuses a thread.",
            methods.first().map_or("method", |method| &method.name)
        );
        quote! {
            #[doc = #about]
            #vis fn fake() -> #fake {
                #fake(::seam::__private::call::Fake::new())
            }
        }
    });
    quote!(#local #fake)
}

/// The fake: a function per method.
fn fake(contract: &Contract, names: &Names) -> TokenStream {
    let Contract { vis, ident: the_trait, methods, .. } = contract;
    let Names { contract: marker, client, fake, .. } = names;
    let about = format!("A fake of [`{the_trait}`], made of a function per method.");
    let functions = methods.iter().map(|method| {
        let on = Ident::new(&format!("on_{}", method.name), method.ident.span());
        let message = message_ident(method);
        let types = method.arguments.iter().map(|argument| &argument.ty);
        let arguments = method.arguments.iter().map(|argument| &argument.ident);
        let (answer, error) = (&method.answer.answer, method.answer.error());
        let about = format!(
            "Answers calls of [`{the_trait}::{}`] with what `function` returns: an answer, or any \
             `CallError`.",
            method.name
        );
        quote! {
            #[doc = #about]
            #[must_use]
            #vis fn #on(
                self,
                function: impl ::core::ops::AsyncFn(#(#types),*) -> ::core::result::Result<
                    #answer,
                    ::seam::__private::outcome::CallError<#error>,
                > + ::core::marker::Send + ::core::marker::Sync + 'static,
            ) -> Self {
                Self(::seam::__private::call::Fake::on::<#message, _>(self.0, move |message, call| {
                    let _ = &message;
                    ::seam::__private::call::FakeCall::run(
                        call,
                        function(#(message.#arguments),*),
                    )
                }))
            }
        }
    });
    quote! {
        #[doc = #about]
        #[derive(::core::fmt::Debug)]
        #vis struct #fake(::seam::__private::call::Fake<#marker>);

        impl #fake {
            #(#functions)*

            /// A client whose calls the fake answers.
            #vis fn client(&self) -> #client {
                #client(::seam::__private::call::Fake::client(&self.0))
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#fake> for #client {
            fn from(fake: #fake) -> Self {
                #fake::client(&fake)
            }
        }
    }
}
