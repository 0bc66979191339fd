//! `#[seam::error]`: an error that a contract declares.

mod conversions;
mod display;
mod fields;
mod implement;
mod options;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Ident, Type, Variant};

use self::fields::VariantFields;
use self::options::Given;
use crate::attrs::{condition_above, docs, serde_names};
use crate::case::{self, Case};
use crate::diagnostic::Mistakes;
use crate::message;

/// Unprocessable content: the request was understood, and the service said no.
const DEFAULT_STATUS: u16 = 422;

/// What `#[error(…)]` says of a variant.
struct Declared {
    ident: Ident,
    status: u16,
    code: String,
    unknown: bool,
    kind: Kind,
    doc: String,
    fields: VariantFields,
    /// The pattern and the expression of its arm in `Display`.
    display: TokenStream,
}

/// What a variant is for.
enum Kind {
    /// An error of the service's own.
    Own,
    /// `inner`: a failed call of the handler.
    Inner,
    /// `from`: an error of a callee, passed on as it is.
    From(Box<Type>),
    /// `store`: an error of the service's store.
    Store(Box<Type>),
}

impl Kind {
    /// The type of the error that is passed on with its own code, status and fields.
    fn passes_on(&self) -> Option<&Type> {
        match self {
            Self::From(ty) | Self::Store(ty) => Some(ty),
            Self::Own | Self::Inner => None,
        }
    }
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let own = options::own_conversions(arguments, &mut mistakes);
    let mut item: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &mut item.data else {
        mistakes.at(&item.ident, "a contract's error is an enum: callers match on its variants");
        mistakes.finish()?;
        return Ok(TokenStream::new());
    };
    condition_above(&item.attrs, "error", &mut mistakes);
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
    let conversions = conversions::conversions(&item.ident, &declared, own);
    Ok(quote!(#message #error #conversions))
}

/// Reads `#[error(…)]`, and takes it off.
fn declared(variant: &mut Variant, case: Case, mistakes: &mut Mistakes) -> Declared {
    let mut declared = Declared {
        ident: variant.ident.clone(),
        status: 0,
        code: case::snake(&case::text(&variant.ident)),
        unknown: false,
        kind: Kind::Own,
        doc: docs(&variant.attrs),
        fields: VariantFields::read(variant, case, mistakes),
        display: TokenStream::new(),
    };
    let mut given = Given::default();
    for attr in variant.attrs.extract_if(.., |attr| attr.path().is_ident("error")) {
        let read = options::read(&attr, &mut declared, &mut given);
        mistakes.take(read);
    }
    declared.kind = given.kind(variant, mistakes);
    if declared.status == 0 {
        declared.status = if matches!(declared.kind, Kind::Own) { DEFAULT_STATUS } else { 503 };
    }
    let display = display::display(variant, given.text.as_ref(), &declared);
    declared.display = mistakes.take(display).unwrap_or_default();
    declared
}

/// Two variants of one code couldn't be told apart outside; of two inner ones, `?` takes neither.
fn check_unique<'a>(
    variants: impl Iterator<Item = &'a Variant>,
    declared: &[Declared],
    mistakes: &mut Mistakes,
) {
    for (place, variant) in variants.enumerate() {
        let (one, before) = (&declared[place], &declared[..place]);
        let same = |other: &Declared| other.code == one.code && other.kind.passes_on().is_none();
        if one.kind.passes_on().is_none() && before.iter().any(same) {
            let text = format!("another variant has the code `{}` already", one.code);
            mistakes.at(&variant.ident, text);
        }
        let twice = before.iter().find_map(|other| match (&one.kind, &other.kind) {
            (Kind::Inner, Kind::Inner) => Some("one variant is `inner` already"),
            (Kind::Store(_), Kind::Store(_)) => Some("one variant is `store` already"),
            (Kind::From(one), Kind::From(other)) if one == other => {
                Some("one variant takes this error already")
            }
            _ => None,
        });
        if let Some(twice) = twice {
            mistakes.at(&variant.ident, format!("{twice}: `?` can take only one"));
        }
    }
}
