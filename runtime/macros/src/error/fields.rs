//! The fields of an error's variant, which stand beside code and status in a problem.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, Type, Variant};

use crate::attrs::{docs, serde_names};
use crate::case::{self, Case};
use crate::diagnostic::Mistakes;

/// The members of every problem, which the edge answers with; `seam-core` has the same.
const RESERVED: [&str; 8] =
    ["type", "title", "status", "detail", "instance", "code", "outcome", "requestId"];

/// The fields of a variant, as a problem shows them.
pub(super) enum VariantFields {
    Named(Vec<NamedField>),
    /// Of one value: its fields, if it has any.
    Of(Box<Type>),
    None,
}

/// A field by its name in JSON.
pub(super) struct NamedField {
    name: String,
    doc: String,
    ty: Type,
}

impl VariantFields {
    /// `case` is that of the enum's fields.
    pub(super) fn read(variant: &Variant, case: Case, mistakes: &mut Mistakes) -> Self {
        let own = |attrs| serde_names(attrs, &mut Mistakes::default());
        let case = own(&variant.attrs).rename_all.unwrap_or(case);
        match &variant.fields {
            Fields::Named(fields) => {
                let named = fields.named.iter().filter_map(|field| {
                    let ident = case::text(field.ident.as_ref()?);
                    let name = own(&field.attrs).rename.unwrap_or_else(|| case.field(&ident));
                    if RESERVED.contains(&name.as_str()) {
                        let of = case::snake(&case::text(&variant.ident));
                        let text = format!(
                            "`{name}` stands in every problem, and is the runtime's to say: name \
                             the field otherwise, `{of}_{}` say",
                            case::snake(&name)
                        );
                        mistakes.at(&field.ident, text);
                    }
                    Some(NamedField { name, doc: docs(&field.attrs), ty: field.ty.clone() })
                });
                Self::Named(named.collect())
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                Self::Of(Box::new(fields.unnamed[0].ty.clone()))
            }
            _ => Self::None,
        }
    }

    /// An expression of them as data.
    pub(super) fn tokens(&self) -> TokenStream {
        let field = quote!(::seam::__private::contract::FieldDescriptor);
        match self {
            Self::Named(fields) => {
                let fields = fields
                    .iter()
                    .map(|NamedField { name, doc, ty }| quote!(#field::of::<#ty>(#name, #doc)));
                quote!(::std::vec![#(#fields),*])
            }
            Self::Of(ty) => quote!(#field::all_of::<#ty>()),
            Self::None => quote!(::std::vec::Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use seam_core::outcome::ProblemMember;

    use super::*;

    #[test]
    fn the_runtimes_members_are_those_of_core() {
        assert_eq!(RESERVED, ProblemMember::ALL.map(ProblemMember::as_str));
    }
}
