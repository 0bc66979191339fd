//! `#[seam::config]`: what `[services.NAME.config]` is read into.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

use crate::attrs::missing_derives;
use crate::diagnostic::Mistakes;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    if !arguments.is_empty() {
        mistakes.at(arguments, "`#[seam::config]` takes no options: `#[serde(…)]` goes below it");
    }
    let item: DeriveInput = syn::parse2(item)?;
    if !matches!(item.data, Data::Struct(_)) {
        mistakes.at(&item.ident, "a service's config is a table of keys: make it a struct");
    }
    mistakes.finish()?;
    let wanted = missing_derives(&item.attrs, &["Clone", "Debug"]);
    let wanted = wanted.iter().map(|name| match *name {
        "Clone" => quote!(::core::clone::Clone),
        _ => quote!(::core::fmt::Debug),
    });
    Ok(quote! {
        #[derive(#(#wanted,)* ::seam::__private::serde::Deserialize)]
        #[serde(crate = "::seam::__private::serde", deny_unknown_fields)]
        #item
    })
}
