//! A method's message: its arguments, and what the contract says of it.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Member};

use super::accept::Accept;
use super::expand::message_ident;
use super::options::Session;
use super::{Argument, Contract, Method, events, routes, triggers};
use crate::case;
use crate::encoding::{Marks, Part, Parts, all_are, at_once, is_named_of, messages};
use crate::message::implement;
use crate::times;

pub(super) fn message(
    contract: &Contract,
    method: &Method,
    index: usize,
    marker: &Ident,
    host: &Ident,
) -> TokenStream {
    let (vis, the_trait) = (&contract.vis, &contract.ident);
    let Method { ident: call, name, arguments, answer, options, .. } = method;
    let message = message_ident(method);
    let title = format!("{the_trait}{}Message", case::pascal(name));
    let about = format!("The arguments of [`{the_trait}::{name}`].");
    let fields = arguments.iter().map(|argument| field(contract, argument));
    let parts = arguments.iter().map(|Argument { ident, json, ty, checks, .. }| Part {
        member: Member::Named(ident.clone()),
        name: json.clone(),
        ty: ty.clone(),
        foreign: times::holds(ty),
        times: times::holds(ty),
        checks: checks.clone(),
    });
    let parts = Parts::named(parts.collect());
    let shape = parts.shape();
    let types = arguments.iter().map(|argument| &argument.ty);
    let clause = match method.event() {
        Some(event) => all_are(
            [&event.ty].into_iter(),
            |span| quote_spanned!(span=> ::seam::__private::event::Event),
        ),
        None => messages(types.filter(|ty| !times::holds(ty))),
    };
    let generics = Generics { where_clause: clause.clone(), ..Generics::default() };
    let shape = quote!(#shape.inside(0));
    let implement = implement(&message, &generics, &shape, &parts.layout(), &parts.code());
    let error = answer
        .error
        .as_ref()
        .map_or_else(|| quote!(::seam::__private::contract::Never), |error| quote!(#error));
    let answer = &answer.answer;
    let look = quote_spanned! {answer.span()=>
        const _: ::seam::__private::contract::Shape =
            <#answer as ::seam::__private::contract::Message>::SHAPE;
    };
    let spec = spec(method, index);
    let json = writable(method);
    let accepts = options.routes.iter().filter_map(|route| route.accept.as_ref());
    let accepts = accepts.map(Accept::check);
    let fallback = fallback(method);
    let route_key = route_key(method);
    let texts = texts(method);
    let subscription = events::subscription(method, &message, clause.as_ref());
    let cron = triggers::check_cron(method);
    quote! {
        #[doc = #about]
        #[derive(
            ::seam::__private::serde::Serialize,
            ::seam::__private::serde::Deserialize,
            ::seam::__private::schemars::JsonSchema,
        )]
        #[serde(crate = "::seam::__private::serde", deny_unknown_fields)]
        #[schemars(crate = "::seam::__private::schemars", rename = #title)]
        #vis struct #message #clause {
            #(#fields,)*
        }

        // Arguments may be anybody's secrets.
        #[automatically_derived]
        impl ::core::fmt::Debug for #message #clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::DebugStruct::finish_non_exhaustive(&mut f.debug_struct(#title))
            }
        }

        #implement
        #look
        #json
        #(#accepts)*
        #cron

        #[automatically_derived]
        impl ::seam::__private::contract::Method for #message #clause {
            type Contract = #marker;
            type Answer = #answer;
            type Error = #error;
            const SPEC: &'static ::seam::__private::contract::MethodSpec = &#spec;
            #fallback
            #route_key
            #texts
        }

        #[automatically_derived]
        impl ::seam::__private::call::Callable for #message #clause {
            fn begin(
                start: ::seam::__private::turn::TurnStart<'_, Self>,
                host: &dyn #host,
            ) -> ::seam::__private::turn::Begun<Self> {
                <dyn #host as #host>::#call(host, start)
            }
        }

        #subscription
    }
}

/// What answers where the service can't. What is wrong with the function is told at its name, and an
/// argument that can't be copied at its type.
fn fallback(method: &Method) -> Option<TokenStream> {
    let function = method.options.fallback.as_ref()?;
    let span = function.span();
    let names = method.arguments.iter().map(|Argument { ident, .. }| {
        let mut name = ident.clone();
        name.set_span(span);
        name
    });
    let answer = quote_spanned!(span=> let answer: Self::Answer = #function(#(&self.#names),*););
    let kept = method.arguments.iter().map(|Argument { ident, ty, .. }| {
        let copy = quote_spanned!(ty.span()=> <#ty as ::core::clone::Clone>::clone);
        quote!(#ident: #copy(&self.#ident))
    });
    Some(quote! {
        const FALLBACK: bool = true;

        fn fallback(&self) -> ::core::option::Option<Self::Answer> {
            #answer
            ::core::option::Option::Some(answer)
        }

        fn kept(&self) -> ::core::option::Option<Self> {
            ::core::option::Option::Some(Self { #(#kept),* })
        }
    })
}

/// The argument that calls are routed by.
fn routed_by(method: &Method) -> Option<&Argument> {
    let name = method.options.route_by.as_ref()?;
    routes::argument(&name.value(), &method.arguments)
}

fn route_key(method: &Method) -> Option<TokenStream> {
    let argument = &routed_by(method)?.ident;
    Some(quote! {
        #[inline]
        fn route_key(&self) -> ::core::option::Option<u64> {
            ::seam::__private::codec::route_key(&self.#argument)
        }
    })
}

/// The texts of arguments, for rules of who may ask at the edge.
fn texts(method: &Method) -> Option<TokenStream> {
    let Method { options, arguments, .. } = method;
    if !options.public && options.routes.is_empty() {
        return None;
    }
    let told = arguments.iter().filter(|argument| !times::holds(&argument.ty));
    let told = told.map(|Argument { ident, json, .. }| {
        quote!(#json => ::seam::__private::contract::argument_text(&self.#ident))
    });
    Some(quote! {
        fn argument(&self, name: &str) -> ::core::option::Option<::std::string::String> {
            match name {
                #(#told,)*
                _ => ::core::option::Option::None,
            }
        }
    })
}

/// Says which types of a method that may be called in JSON can't be written there.
fn writable(method: &Method) -> TokenStream {
    let Method { arguments, answer, options, .. } = method;
    if !options.public && options.routes.is_empty() {
        return TokenStream::new();
    }
    let answered = &answer.answer;
    let error = answer.error.as_ref().map(|error| quote!(#error));
    let types = arguments.iter().filter(|argument| !times::holds(&argument.ty));
    let types = types.map(|argument| argument.ty.to_token_stream());
    let text = "a map in here has keys that JSON can't write, and this method may be called in JSON: \
                let them be texts, numbers or variants without fields, or send a list of pairs";
    let checks = types.chain([quote!(#answered)]).chain(error).map(|ty| {
        quote_spanned! {ty.span()=>
            const _: () = ::core::assert!(
                <#ty as ::seam::__private::contract::Message>::SHAPE.json,
                #text
            );
        }
    });
    checks.collect()
}

/// An argument as a field: camelCase in JSON, where its Rust name is understood too.
fn field(contract: &Contract, argument: &Argument) -> TokenStream {
    let vis = &contract.vis;
    let Argument { ident, name, json, ty, doc, checks, secret } = argument;
    let about = if doc.is_empty() { format!("The argument `{name}`.") } else { doc.clone() };
    let alias = (name != json).then(|| quote!(, alias = #name));
    let at_once = at_once(ty);
    let constrained = checks.attribute();
    let secret = secret.then(Marks::secret);
    let times = times::holds(ty).then(|| times::attributes(ty, false)).into_iter().flatten();
    let left_out = is_named_of(ty, "Patch").then(|| quote!(, default));
    quote! {
        #[doc = #about]
        #[serde(rename = #json #alias #left_out)]
        #at_once
        #constrained
        #secret
        #(#times)*
        #vis #ident: #ty
    }
}

fn spec(method: &Method, index: usize) -> TokenStream {
    let Method { name, doc, options, arguments, .. } = method;
    let index = index as u16;
    let turn = match (method.exclusive, options.complete) {
        (true, _) => format_ident!("Exclusive"),
        (false, false) => format_ident!("Shared"),
        (false, true) => format_ident!("Complete"),
    };
    let (idempotent, public, saga) = (options.idempotent, options.public, options.saga);
    let deadline = option(options.deadline.map(duration));
    let slow = option(options.slow.map(duration));
    let route_by = option(routed_by(method).map(|Argument { json, .. }| quote!(#json)));
    let allow = option(options.allow.as_ref().map(|rule| quote!(#rule)));
    let rate = option(options.rate.as_ref().map(|rate| quote!(#rate)));
    let cache = option(options.cache.map(duration));
    let session = option(options.session.map(|step| {
        let step = match step {
            Session::Start => format_ident!("Start"),
            Session::End => format_ident!("End"),
        };
        quote!(::seam::__private::contract::SessionStep::#step)
    }));
    let routes = options.routes.iter().map(|route| {
        let (verb, path, status) = (&route.verb, &route.path, route.status);
        let location = option(route.location.as_ref().map(|location| quote!(#location)));
        let headers = route.headers.iter().map(|(argument, header)| quote!((#argument, #header)));
        let accept = route.accept.iter().flat_map(|accept| &accept.types);
        quote! {
            ::seam::__private::contract::RouteSpec {
                verb: #verb,
                path: #path,
                status: #status,
                location: #location,
                headers: &[#(#headers),*],
                accept: &[#(#accept),*],
            }
        }
    });
    let on = option(triggers::subscription(method));
    let schedule = option(triggers::schedule(method));
    let arguments = arguments.iter().map(|Argument { json, doc, .. }| {
        quote!(::seam::__private::contract::ArgumentSpec { name: #json, doc: #doc })
    });
    quote! {
        ::seam::__private::contract::MethodSpec {
            name: #name,
            index: #index,
            doc: #doc,
            turn: ::seam::__private::contract::TurnKind::#turn,
            idempotent: #idempotent,
            deadline: #deadline,
            slow: #slow,
            public: #public,
            route_by: #route_by,
            allow: #allow,
            rate: #rate,
            cache: #cache,
            session: #session,
            http: &[#(#routes),*],
            arguments: &[#(#arguments),*],
            saga: #saga,
            on: #on,
            schedule: #schedule,
        }
    }
}

fn duration(time: Duration) -> TokenStream {
    let millis = time.as_millis() as u64;
    quote!(::core::time::Duration::from_millis(#millis))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
