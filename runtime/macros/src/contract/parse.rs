//! From the trait's tokens to a [`Contract`], and what is no contract.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, ItemTrait, TraitItem};

use super::arguments::identity;
use super::{Contract, Method, methods};
use crate::attrs::{condition_above, docs};
use crate::case;
use crate::diagnostic::Mistakes;

/// The most methods of a contract; `seam-wire` says the same.
const MAX_METHODS: usize = 1_024;

pub(super) fn contract(arguments: TokenStream, item: ItemTrait) -> syn::Result<Contract> {
    let mut mistakes = Mistakes::default();
    let identity = identity(arguments, &item.ident, &mut mistakes);
    check_trait(&item, &mut mistakes);
    condition_above(&item.attrs, "contract", &mut mistakes);
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
    if let Some(extra) = methods.get(MAX_METHODS) {
        let text = format!(
            "a contract has {MAX_METHODS} methods at most, for other units are told all of them: move \
             this one and what follows to a contract of their own"
        );
        mistakes.at(&extra.ident, text);
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
        events: identity.events,
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
    let name = case::text(ident);
    if before.iter().any(|method| method.name == name) {
        let text = format!("`{ident}` is declared twice: a method has one name, give this another");
        mistakes.at(ident, text);
    } else if let Some(other) = before.iter().find(|m| case::folded(&m.name) == case::folded(&name))
    {
        let text = format!(
            "`{ident}` and `{}` are one name, which is read however it is spelled: rename one",
            other.name
        );
        mistakes.at(ident, text);
    }
    if name == "clone" {
        mistakes.at(ident, "the client has a `clone` of its own: choose another name");
    }
    if matches!(&*name, "into" | "try_into") {
        let text = format!(
            "`client.{name}(…)` is what the standard library gives every type, and not this method: \
             choose another name"
        );
        mistakes.at(ident, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a contract of methods of these names.
    fn mistakes(names: impl Iterator<Item = String>) -> String {
        let methods: String = names.map(|name| format!("async fn {name}(&self);")).collect();
        let item = syn::parse_str(&format!("trait Wide {{ {methods} }}")).unwrap();
        let arguments = quote!(name = "wide", version = "1.0");
        contract(arguments, item).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_method_that_could_not_be_called_is_refused() {
        for name in ["clone", "into", "try_into"] {
            let said = mistakes([name.to_owned()].into_iter());
            assert!(said.contains("choose another name"), "{name}: {said}");
        }
        assert_eq!(
            mistakes(["new", "local", "fake", "deadline"].map(str::to_owned).into_iter()),
            ""
        );
    }

    #[test]
    fn the_most_methods_are_as_many_as_the_wire_says() {
        assert_eq!(MAX_METHODS, seam_wire::limits::MAX_METHODS);
    }

    #[test]
    fn a_contract_has_as_many_methods_as_the_wire_carries_and_no_more() {
        assert_eq!(mistakes((0..1_024).map(|n| format!("m{n}"))), "");
        let said = mistakes((0..1_025).map(|n| format!("m{n}")));
        assert!(said.starts_with("a contract has 1024 methods at most"), "{said}");
    }

    #[test]
    fn a_methods_name_is_as_long_as_the_wire_carries_and_no_longer() {
        assert_eq!(mistakes(["m".repeat(128)].into_iter()), "");
        let said = mistakes(["m".repeat(129)].into_iter());
        assert!(said.starts_with("a method's name has 128 bytes at most"), "{said}");
    }
}
