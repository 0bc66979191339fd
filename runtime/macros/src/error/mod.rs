//! `#[seam::error]`: an error that a contract declares.

mod display;
mod fields;
mod implement;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitInt, LitStr, Variant};

use self::fields::VariantFields;
use crate::attrs::{docs, serde_names, text};
use crate::case::{self, Case};
use crate::diagnostic::{Mistakes, unknown};
use crate::message;

/// Unprocessable content: the request was understood, and the service said no.
const DEFAULT_STATUS: u16 = 422;

/// What `#[error(…)]` says of a variant.
struct Declared {
    ident: Ident,
    status: u16,
    code: String,
    unknown: bool,
    inner: bool,
    doc: String,
    fields: VariantFields,
    /// The pattern and the expression of its arm in `Display`.
    display: TokenStream,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    if !arguments.is_empty() {
        mistakes.at(arguments, "`#[seam::error]` takes no options: `#[error(…)]` goes on variants");
    }
    let mut item: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &mut item.data else {
        mistakes.at(&item.ident, "a contract's error is an enum: callers match on its variants");
        mistakes.finish()?;
        return Ok(TokenStream::new());
    };
    if !item.generics.params.is_empty() {
        mistakes.at(&item.generics, "a contract's error can't be generic: name the types");
    }
    // What is wrong with serde's attributes is told where the message is made.
    let names = serde_names(&item.attrs, &mut Mistakes::default());
    let case = names.rename_all_fields.unwrap_or(Case::Camel);
    let declared: Vec<Declared> =
        data.variants.iter_mut().map(|variant| declared(variant, case, &mut mistakes)).collect();
    check_unique(data.variants.iter(), &declared, &mut mistakes);
    let message = message::generate(&mut item, &mut mistakes);
    mistakes.finish()?;
    let error = implement::implement(&item.ident, &declared);
    Ok(quote!(#message #error))
}

/// Reads `#[error(…)]`, and takes it off.
fn declared(variant: &mut Variant, case: Case, mistakes: &mut Mistakes) -> Declared {
    let mut declared = Declared {
        ident: variant.ident.clone(),
        status: 0,
        code: case::snake(&case::text(&variant.ident)),
        unknown: false,
        inner: false,
        doc: docs(&variant.attrs),
        fields: VariantFields::read(variant, case),
        display: TokenStream::new(),
    };
    let mut given = None;
    for attr in variant.attrs.extract_if(.., |attr| attr.path().is_ident("error")) {
        let read = options(&attr, &mut declared, &mut given);
        mistakes.take(read);
    }
    if declared.status == 0 {
        declared.status = if declared.inner { 503 } else { DEFAULT_STATUS };
    }
    let one = matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
    if declared.inner && !one {
        let text = format!("write `{}(InnerError)`: it holds the failed call", variant.ident);
        mistakes.at(&variant.ident, text);
    }
    let display = display::display(variant, given.as_ref(), &declared);
    declared.display = mistakes.take(display).unwrap_or_default();
    declared
}

fn options(
    attr: &Attribute,
    declared: &mut Declared,
    given: &mut Option<LitStr>,
) -> syn::Result<()> {
    attr.parse_nested_meta(|meta| {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "status" => {
                let status: LitInt = meta.value()?.parse()?;
                declared.status = status.base10_parse()?;
                if !(400..600).contains(&declared.status) {
                    let text = "an error's status is from 400 to 599";
                    return Err(syn::Error::new(status.span(), text));
                }
            }
            "code" => {
                let code = text(&meta)?;
                declared.code = code.value();
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                if declared.code.is_empty() || !declared.code.chars().all(fits) {
                    let text = "a code is in snake case: `user_not_found`";
                    return Err(syn::Error::new(code.span(), text));
                }
            }
            "text" => *given = Some(text(&meta)?),
            "unknown" => declared.unknown = true,
            "inner" => declared.inner = true,
            other => {
                let known = ["status", "code", "text", "unknown", "inner"];
                return Err(meta.error(unknown("option", other, &known)));
            }
        }
        Ok(())
    })
}

/// Two variants of one code couldn't be told apart outside; of two inner ones, `?` takes neither.
fn check_unique<'a>(
    variants: impl Iterator<Item = &'a Variant>,
    declared: &[Declared],
    mistakes: &mut Mistakes,
) {
    for (place, variant) in variants.enumerate() {
        let (one, before) = (&declared[place], &declared[..place]);
        if before.iter().any(|other| other.code == one.code) {
            let text = format!("another variant has the code `{}` already", one.code);
            mistakes.at(&variant.ident, text);
        }
        if one.inner && before.iter().any(|other| other.inner) {
            mistakes.at(&variant.ident, "one variant is `inner` already: `?` can take only one");
        }
    }
}
