//! Times of the crate `time`, which has no JSON Schema: fields that hold them are written by a module
//! of ours.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit::{self, Visit};
use syn::{Attribute, Type, parse_quote};

use crate::encoding::is_named_of;

/// Whether a type is written with `OffsetDateTime` in it.
pub(crate) fn holds(ty: &Type) -> bool {
    let mut search = Search(false);
    search.visit_type(ty);
    search.0
}

struct Search(bool);

impl<'ast> Visit<'ast> for Search {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0 |= path.segments.last().is_some_and(|last| last.ident == "OffsetDateTime");
        visit::visit_path(self, path);
    }
}

/// How serde and schemars see such a field; an `Option` may be missing.
pub(crate) fn attributes(ty: &Type, has_default: bool) -> Vec<Attribute> {
    let schema = schema(ty).to_string();
    let default = (is_named_of(ty, "Option") && !has_default).then(|| quote!(default,));
    vec![
        parse_quote!(#[serde(
            #default
            serialize_with = "::seam::__private::codec::times::serialize",
            deserialize_with = "::seam::__private::codec::times::deserialize",
        )]),
        parse_quote!(#[schemars(with = #schema)]),
    ]
}

/// The type that has the schema.
pub(crate) fn schema(ty: &Type) -> TokenStream {
    quote!(::seam::__private::codec::times::Schema<#ty>)
}
