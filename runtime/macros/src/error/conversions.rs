//! What a `?` turns into the error: failed calls, a callee's errors, and the store's.
//!
//! Where a variant for them is missing, the conversion is there all the same, under a condition that
//! never holds and says what to add.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::{Declared, Kind};

pub(super) fn conversions(ident: &Ident, declared: &[Declared], own: bool) -> TokenStream {
    let passed_on = declared.iter().filter_map(|variant| match &variant.kind {
        Kind::From(ty) | Kind::Store(ty) => Some((&variant.ident, ty)),
        Kind::Own | Kind::Inner => None,
    });
    let from_passed_on = passed_on.map(|(variant, ty)| {
        quote! {
            #[automatically_derived]
            impl ::core::convert::From<#ty> for #ident {
                fn from(error: #ty) -> Self {
                    Self::#variant(error)
                }
            }
        }
    });
    let (call, store) = (from_call(ident, declared, own), from_store(ident, declared, own));
    quote!(#(#from_passed_on)* #call #store)
}

/// From a failed call: a service error that has a variant goes there, all else to the inner one.
fn from_call(ident: &Ident, declared: &[Declared], own: bool) -> Option<TokenStream> {
    let inner = declared.iter().find(|variant| matches!(variant.kind, Kind::Inner));
    if inner.is_none() && own {
        return None;
    }
    let needed = quote!(for<'__a> #ident: ::seam::__private::contract::PassesCalls<'__a>);
    let clause = inner.is_none().then(|| quote!(where #needed));
    let body = match inner {
        None => quote!(::core::unreachable!("{error}")),
        Some(Declared { ident: inner, .. }) => {
            let takes = declared.iter().filter_map(|variant| {
                let Kind::From(ty) = &variant.kind else { return None };
                let variant = &variant.ident;
                Some(quote! {
                    let error = match ::seam::__private::contract::service_error_of::<#ty, __E>(error) {
                        ::core::result::Result::Ok(error) => return Self::#variant(error),
                        ::core::result::Result::Err(other) => other,
                    };
                })
            });
            quote! {
                #(#takes)*
                Self::#inner(::core::convert::From::from(error))
            }
        }
    };
    Some(quote! {
        #[automatically_derived]
        impl<__E: ::seam::__private::contract::ServiceError>
            ::core::convert::From<::seam::__private::outcome::CallError<__E>> for #ident #clause
        {
            fn from(error: ::seam::__private::outcome::CallError<__E>) -> Self {
                #body
            }
        }
    })
}

/// From the store's error, and from that of a transaction, whose closure may have failed with
/// whatever a `?` takes.
fn from_store(ident: &Ident, declared: &[Declared], own: bool) -> Option<TokenStream> {
    let store = quote!(::seam::__private::store);
    let variant = declared.iter().find(|variant| matches!(variant.kind, Kind::Store(_)));
    if variant.is_none() && own {
        return None;
    }
    let needed = quote!(for<'__a> #ident: ::seam::__private::contract::TakesStoreErrors<'__a>);
    let clause = variant.is_none().then(|| quote!(where #needed));
    let body = match variant {
        None => quote!(::core::unreachable!("{error}")),
        Some(Declared { ident: variant, .. }) => {
            quote!(Self::#variant(::core::convert::From::from(error)))
        }
    };
    // The condition that never holds comes alone: it alone is told.
    let aborted = match variant {
        None => clause.clone(),
        Some(_) => Some(quote!(where #ident: ::core::convert::From<__E>)),
    };
    let body_aborted = match variant {
        None => quote! {
            let _ = error;
            ::core::unreachable!("a conversion that is never there")
        },
        Some(_) => quote! {
            match error {
                #store::TransactionError::Aborted(error) => ::core::convert::From::from(error),
                #store::TransactionError::Store(error) => ::core::convert::From::from(error),
            }
        },
    };
    Some(quote! {
        #[automatically_derived]
        impl ::core::convert::From<#store::StoreError> for #ident #clause {
            fn from(error: #store::StoreError) -> Self {
                #body
            }
        }

        #[automatically_derived]
        impl<__E> ::core::convert::From<#store::TransactionError<__E>> for #ident #aborted {
            fn from(error: #store::TransactionError<__E>) -> Self {
                #body_aborted
            }
        }
    })
}
