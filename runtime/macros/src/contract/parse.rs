//! From the trait's tokens to a [`Contract`], and what is no contract.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, ItemTrait, TraitItem};

use super::arguments::identity;
use super::{Contract, Method, methods};
use crate::attrs::docs;
use crate::diagnostic::Mistakes;

/// Methods that the generated client has beside the contract's.
const TAKEN: [&str; 2] = ["local", "clone"];

pub(super) fn contract(arguments: TokenStream, item: ItemTrait) -> syn::Result<Contract> {
    let mut mistakes = Mistakes::default();
    let identity = identity(arguments, &item.ident, &mut mistakes);
    check_trait(&item, &mut mistakes);
    let mut methods: Vec<Method> = Vec::new();
    for entry in item.items {
        match entry {
            TraitItem::Fn(function) => {
                check_name(&function.sig.ident, &methods, &mut mistakes);
                methods.extend(methods::method(function, &mut mistakes));
            }
            TraitItem::Const(other) => {
                mistakes
                    .at(other, "a contract has methods only: make it a constant beside the trait");
            }
            TraitItem::Type(other) => {
                mistakes.at(other, "a contract has methods only: name the type in each of them");
            }
            other => mistakes.at(other, "a contract has methods only"),
        }
    }
    mistakes.finish()?;
    let bounds = item.supertraits;
    let more = (!bounds.is_empty()).then(|| quote!(+ #bounds));
    Ok(Contract {
        vis: item.vis,
        doc: docs(&item.attrs),
        ident: item.ident,
        attrs: item.attrs,
        supertraits: quote!(::core::marker::Send + ::core::marker::Sync + 'static #more),
        name: identity.name,
        version: identity.version,
        methods,
    })
}

fn check_trait(item: &ItemTrait, mistakes: &mut Mistakes) {
    if !item.generics.params.is_empty() {
        let text = "a contract can't be generic, for a caller elsewhere couldn't say with what: \
                    name the types in the methods";
        mistakes.at(&item.generics, text);
    } else if let Some(clause) = &item.generics.where_clause {
        mistakes.at(clause, "a contract can't be generic: leave out the `where`");
    }
    if let Some(token) = &item.unsafety {
        mistakes.at(token, "a contract can't be unsafe: nobody elsewhere could keep its promises");
    }
    if !item.items.iter().any(|item| matches!(item, TraitItem::Fn(_))) {
        let text = format!("`{}` has no method: a contract is what others may ask for", item.ident);
        mistakes.at(&item.ident, text);
    }
}

fn check_name(ident: &Ident, before: &[Method], mistakes: &mut Mistakes) {
    if before.iter().any(|method| method.ident == *ident) {
        let text = format!("`{ident}` is declared twice: a method has one name, give this another");
        mistakes.at(ident, text);
    }
    if TAKEN.iter().any(|taken| ident == taken) {
        mistakes.at(ident, format!("the client has a `{ident}` of its own: choose another name"));
    }
}
