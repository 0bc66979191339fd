//! What an error's variants make: `ServiceError`, `Display`, and what a `?` takes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::Declared;

pub(super) fn implement(ident: &Ident, declared: &[Declared]) -> TokenStream {
    let contract = quote!(::seam::__private::contract);
    let idents: Vec<&Ident> = declared.iter().map(|variant| &variant.ident).collect();
    let codes: Vec<&String> = declared.iter().map(|variant| &variant.code).collect();
    let statuses: Vec<u16> = declared.iter().map(|variant| variant.status).collect();
    let unknowns: Vec<bool> = declared.iter().map(|variant| variant.unknown).collect();
    let displays = declared.iter().map(|variant| &variant.display);
    let own = declared.iter().filter(|variant| !variant.inner);
    let listed = own.map(described);
    let inner = declared.iter().find(|variant| variant.inner).map(|variant| &variant.ident);
    let into_inner = inner.map(|inner| {
        quote! {
            fn into_inner(
                self,
            ) -> ::core::result::Result<::seam::__private::outcome::InnerError, Self> {
                match self {
                    Self::#inner(inner) => ::core::result::Result::Ok(inner),
                    #[allow(unreachable_patterns)]
                    own => ::core::result::Result::Err(own),
                }
            }
        }
    });
    let from_call = inner.map(|inner| {
        quote! {
            #[automatically_derived]
            impl<E: #contract::ServiceError>
                ::core::convert::From<::seam::__private::outcome::CallError<E>> for #ident
            {
                fn from(error: ::seam::__private::outcome::CallError<E>) -> Self {
                    Self::#inner(::core::convert::From::from(error))
                }
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#displays,)* }
            }
        }

        #[automatically_derived]
        impl ::core::error::Error for #ident {}

        #[automatically_derived]
        impl #contract::ServiceError for #ident {
            fn variants() -> ::std::vec::Vec<#contract::ErrorDescriptor> {
                ::std::vec![#(#listed),*]
            }

            fn code(&self) -> &'static str {
                match self { #(Self::#idents { .. } => #codes,)* }
            }

            fn status(&self) -> u16 {
                match self { #(Self::#idents { .. } => #statuses,)* }
            }

            fn leaves_unknown(&self) -> bool {
                match self { #(Self::#idents { .. } => #unknowns,)* }
            }

            #into_inner
        }

        #from_call
    }
}

/// A variant as data.
fn described(declared: &Declared) -> TokenStream {
    let contract = quote!(::seam::__private::contract);
    let Declared { code, status, unknown, doc, fields, .. } = declared;
    let fields = fields.tokens();
    quote! {
        #contract::ErrorDescriptor {
            code: ::std::string::String::from(#code),
            status: #status,
            unknown: #unknown,
            doc: ::std::string::String::from(#doc),
            fields: #fields,
        }
    }
}
