//! `accept = "image/png, image/jpeg"`: the media types of a body of bytes.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{LitStr, Type};

use super::Argument;
use super::routes::is_token;

/// The media types that a route's body may be of.
pub(super) struct Accept {
    /// In lower case, without parameters.
    pub(super) types: Vec<String>,
    text: LitStr,
    /// The name and the type of the argument that is the body.
    argument: String,
    body: Type,
}

/// `body` are the arguments that the route takes from its body.
pub(super) fn read(text: LitStr, verb: &str, body: &[&Argument]) -> syn::Result<Accept> {
    let wrong = |why: String| Err(syn::Error::new(text.span(), why));
    let &[argument] = body else {
        return wrong(match body.len() {
            0 if matches!(verb, "GET" | "DELETE") => format!(
                "`accept` is about a body, and a {verb} has none: leave it out, or take a POST, a PUT \
                 or a PATCH"
            ),
            0 => "`accept` is about a body, and no argument is left for this one: add one that is a \
                  `Blob`, or leave `accept` out"
                .to_owned(),
            _ => "`accept` is about a body that is a `Blob`, and several arguments are left for this \
                  one, which is JSON: take all but one from the path or from headers"
                .to_owned(),
        });
    };
    let mut types: Vec<String> = Vec::new();
    for written in text.value().split(',') {
        let kind = written.trim().to_ascii_lowercase();
        if let Some((plain, _)) = kind.split_once(';') {
            let plain = plain.trim();
            return wrong(format!("parameters of a media type don't count: write `{plain}`"));
        }
        if kind.contains('*') {
            return wrong(format!(
                "`{kind}` is many media types: name each, `image/png, image/jpeg`"
            ));
        }
        if !kind.split_once('/').is_some_and(|(of, sub)| is_token(of) && is_token(sub)) {
            return wrong(format!(
                "`{kind}` is no media type: `image/png`, or `image/png, image/jpeg`"
            ));
        }
        if types.contains(&kind) {
            return wrong(format!("`{kind}` is there twice"));
        }
        types.push(kind);
    }
    Ok(Accept { types, text, argument: argument.name.clone(), body: argument.ty.clone() })
}

impl Accept {
    /// Says that the body is no `Blob`, once the compiler knows what its type is.
    pub(super) fn check(&self) -> TokenStream {
        let (argument, body) = (&self.argument, &self.body);
        let text = format!(
            "`accept` is about a body that is a `Blob`, and this one is JSON: let `{argument}` be a \
             `Blob`, or leave `accept` out"
        );
        quote_spanned! {self.text.span()=>
            const _: () = ::core::assert!(
                <#body as ::seam::__private::contract::Message>::SHAPE.blob,
                #text
            );
        }
    }
}
