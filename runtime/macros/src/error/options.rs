//! `#[error(…)]` on a variant.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Attribute, Fields, LitInt, LitStr, Path, Type, Variant};

use super::{Declared, Kind};
use crate::attrs::text;
use crate::diagnostic::{Mistakes, unknown};
use crate::encoding::is_named;

const KNOWN: [&str; 7] = ["status", "code", "text", "unknown", "inner", "from", "store"];

/// What is only understood once all of a variant's options are read.
#[derive(Default)]
pub(super) struct Given {
    pub(super) text: Option<LitStr>,
    inner: Option<Path>,
    from: Option<Path>,
    store: Option<Path>,
    /// Status, code and the like: an error that is passed on has its own.
    own: Vec<Path>,
}

/// Whether `#[seam::error(own_from)]` leaves out the conversions that say what is missing.
pub(super) fn own_conversions(arguments: TokenStream, mistakes: &mut Mistakes) -> bool {
    let mut own = false;
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("own_from") {
            own = true;
            return Ok(());
        }
        Err(meta.error("`#[seam::error]` takes `own_from` at most: `#[error(…)]` goes on variants"))
    });
    mistakes.take(parser.parse2(arguments));
    own
}

pub(super) fn read(
    attr: &Attribute,
    declared: &mut Declared,
    given: &mut Given,
) -> syn::Result<()> {
    attr.parse_nested_meta(|meta| {
        let path = meta.path.clone();
        match path.get_ident().map(ToString::to_string).unwrap_or_default().as_str() {
            "status" => declared.status = status(&meta)?,
            "code" => declared.code = code(&meta)?,
            "text" => given.text = Some(text(&meta)?),
            "unknown" => declared.unknown = true,
            "inner" => given.inner = Some(path.clone()),
            "from" => given.from = Some(path.clone()),
            "store" => given.store = Some(path.clone()),
            other => return Err(meta.error(unknown("option", other, &KNOWN))),
        }
        if !["inner", "from", "store"].iter().any(|kind| path.is_ident(kind)) {
            given.own.push(path);
        }
        Ok(())
    })
}

fn status(meta: &ParseNestedMeta<'_>) -> syn::Result<u16> {
    let literal: LitInt = meta.value()?.parse()?;
    let status = literal.base10_parse()?;
    if (400..600).contains(&status) {
        Ok(status)
    } else {
        Err(syn::Error::new(literal.span(), "an error's status is from 400 to 599"))
    }
}

fn code(meta: &ParseNestedMeta<'_>) -> syn::Result<String> {
    let literal = text(meta)?;
    let code = literal.value();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if code.is_empty() || !code.chars().all(fits) {
        let text = "a code is in snake case: `user_not_found`";
        return Err(syn::Error::new(literal.span(), text));
    }
    Ok(code)
}

impl Given {
    /// What the variant is for.
    pub(super) fn kind(&self, variant: &Variant, mistakes: &mut Mistakes) -> Kind {
        let kinds = [("inner", &self.inner), ("from", &self.from), ("store", &self.store)];
        let mut given = kinds.iter().filter_map(|(name, path)| Some((*name, path.as_ref()?)));
        let Some((name, first)) = given.next() else { return Kind::Own };
        if let Some((other, second)) = given.next() {
            mistakes.at(second, format!("a variant is `{name}` or `{other}`: make two of them"));
        }
        if name != "inner" {
            for own in &self.own {
                let text = "what is passed on has its own code, status and text: leave this out";
                mistakes.at(own, text);
            }
        }
        let Some(ty) = sole(variant) else {
            let ident = &variant.ident;
            mistakes.at(
                ident,
                match name {
                    "inner" => format!("write `{ident}(InnerError)`: it holds the failed call"),
                    "store" => {
                        format!("write `{ident}(StoreFailure)`: it holds what the store said")
                    }
                    _ => {
                        format!("write `{ident}(TheirError)`: it holds the error that is passed on")
                    }
                },
            );
            return Kind::Own;
        };
        match name {
            "inner" => Kind::Inner,
            "store" if is_named(ty, "StoreError") => {
                let text = "the store's error doesn't cross a seam as it is: write `StoreFailure`, \
                            which holds what callers may know of it";
                mistakes.at(ty, text);
                Kind::Own
            }
            "store" => Kind::Store(Box::new(ty.clone())),
            _ => {
                if is_named(ty, "InnerError") {
                    mistakes.at(first, "a failed call is passed on by `inner`");
                }
                Kind::From(Box::new(ty.clone()))
            }
        }
    }
}

/// The type of the one value that a variant holds.
fn sole(variant: &Variant) -> Option<&Type> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Some(&fields.unnamed[0].ty),
        _ => None,
    }
}
