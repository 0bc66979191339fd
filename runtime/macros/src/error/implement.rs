//! What an error's variants make: `ServiceError` and `Display`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Type};

use super::{Declared, Kind};

pub(super) fn implement(ident: &Ident, declared: &[Declared]) -> TokenStream {
    let contract = quote!(::seam::__private::contract);
    let displays = declared.iter().map(|variant| &variant.display);
    let codes = Codes::of(declared);
    let (own, passed_on) = (&codes.own, codes.passed_on.iter().map(|(_, ty)| ty));
    let variants = declared.iter().filter_map(listed);
    let code = arms(
        declared,
        |v| {
            let code = &v.code;
            quote!(#code)
        },
        &quote!(code),
    );
    let status = arms(
        declared,
        |v| {
            let status = v.status;
            quote!(#status)
        },
        &quote!(status),
    );
    let unknown = arms(
        declared,
        |v| {
            let unknown = v.unknown;
            quote!(#unknown)
        },
        &quote!(leaves_unknown),
    );
    let (into_inner, fields) = (into_inner(declared), fields(declared));
    let distinct = codes.distinct(declared);
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
            const CODES: #contract::Codes = #contract::Codes {
                of: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)),
                own: &[#(#own),*],
                passed_on: &[#(<#passed_on as #contract::ServiceError>::CODES),*],
            };

            fn variants() -> ::std::vec::Vec<#contract::ErrorDescriptor> {
                let mut variants = ::std::vec::Vec::new();
                #(#variants)*
                #contract::once_each(variants)
            }

            fn code(&self) -> &'static str {
                match self { #code }
            }

            fn status(&self) -> u16 {
                match self { #status }
            }

            fn leaves_unknown(&self) -> bool {
                match self { #unknown }
            }

            #into_inner
            #fields
        }

        #distinct
    }
}

/// Arms that tell what a variant declares, or ask the error that it passes on.
fn arms(
    declared: &[Declared],
    own: impl Fn(&Declared) -> TokenStream,
    asked: &TokenStream,
) -> TokenStream {
    let arms = declared.iter().map(|variant| {
        let (ident, own) = (&variant.ident, own(variant));
        match variant.kind.passes_on() {
            Some(_) => quote! {
                Self::#ident(error) =>
                    ::seam::__private::contract::ServiceError::#asked(error),
            },
            None => quote!(Self::#ident { .. } => #own,),
        }
    });
    arms.collect()
}

/// A statement that lists a variant; none for the one that passes failed calls on, which nobody gets.
fn listed(declared: &Declared) -> Option<TokenStream> {
    let contract = quote!(::seam::__private::contract);
    let Declared { code, status, unknown, doc, fields, .. } = declared;
    match &declared.kind {
        Kind::Inner => None,
        Kind::From(ty) | Kind::Store(ty) => Some(quote! {
            ::core::iter::Extend::extend(
                &mut variants,
                <#ty as #contract::ServiceError>::variants(),
            );
        }),
        Kind::Own => {
            let fields = fields.tokens();
            Some(quote! {
                ::std::vec::Vec::push(&mut variants, #contract::ErrorDescriptor {
                    code: <::std::string::String as ::core::convert::From<_>>::from(#code),
                    status: #status,
                    unknown: #unknown,
                    doc: <::std::string::String as ::core::convert::From<_>>::from(#doc),
                    fields: #fields,
                });
            })
        }
    }
}

/// The inner failure of the variant that holds one, and of errors that are passed on.
fn into_inner(declared: &[Declared]) -> Option<TokenStream> {
    let result = quote!(::core::result::Result);
    let arms: Vec<_> = declared
        .iter()
        .filter_map(|variant| {
            let ident = &variant.ident;
            match &variant.kind {
                Kind::Inner => Some(quote!(Self::#ident(inner) => #result::Ok(inner),)),
                Kind::From(_) => Some(quote! {
                    Self::#ident(error) => #result::map_err(
                        ::seam::__private::contract::ServiceError::into_inner(error),
                        Self::#ident,
                    ),
                }),
                Kind::Own | Kind::Store(_) => None,
            }
        })
        .collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn into_inner(self) -> #result<::seam::__private::outcome::InnerError, Self> {
                match self {
                    #(#arms)*
                    #[allow(unreachable_patterns)]
                    own => #result::Err(own),
                }
            }
        }
    })
}

/// An error that is passed on has its own fields, and not itself as one.
fn fields(declared: &[Declared]) -> Option<TokenStream> {
    let arms: Vec<_> = declared
        .iter()
        .filter(|variant| variant.kind.passes_on().is_some())
        .map(|Declared { ident, .. }| {
            quote! {
                Self::#ident(error) => ::seam::__private::contract::ServiceError::fields(error),
            }
        })
        .collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn fields(&self) -> ::seam::__private::contract::ErrorFields {
                match self {
                    #(#arms)*
                    #[allow(unreachable_patterns)]
                    own => ::seam::__private::contract::fields_of(own),
                }
            }
        }
    })
}

/// The codes that callers may see.
struct Codes<'a> {
    own: Vec<&'a str>,
    passed_on: Vec<(&'a Ident, &'a Type)>,
}

impl<'a> Codes<'a> {
    fn of(declared: &'a [Declared]) -> Self {
        let own = declared.iter().filter(|v| matches!(v.kind, Kind::Own)).map(|v| &*v.code);
        let passed_on = declared.iter().filter_map(|v| Some((&v.ident, v.kind.passes_on()?)));
        Self { own: own.collect(), passed_on: passed_on.collect() }
    }

    /// Says which codes of errors that are passed on are there already.
    fn distinct(&self, declared: &[Declared]) -> TokenStream {
        let contract = quote!(::seam::__private::contract);
        let mut checks = TokenStream::new();
        for (place, (ident, ty)) in self.passed_on.iter().enumerate() {
            let name = quote!(#ty).to_string().replace(' ', "");
            let codes = quote!(<#ty as #contract::ServiceError>::CODES);
            for own in declared.iter().filter(|v| matches!(v.kind, Kind::Own)) {
                let code = &own.code;
                let text = format!(
                    "`{name}` has the code `{code}` too, and callers couldn't tell them apart: give \
                     this variant another with `#[error(code = \"…\")]`, or leave it to `{name}`"
                );
                checks.extend(quote_spanned! {own.ident.span()=>
                    const _: () = ::core::assert!(!#codes.has(#code), #text);
                });
            }
            for (_, before) in &self.passed_on[..place] {
                let other = quote!(#before).to_string().replace(' ', "");
                let text = format!(
                    "`{name}` and `{other}` have a code in common, and callers couldn't tell them \
                     apart: turn one of them into an error of your own"
                );
                checks.extend(quote_spanned! {ident.span()=>
                    const _: () = ::core::assert!(
                        !#codes.meets(&<#before as #contract::ServiceError>::CODES),
                        #text
                    );
                });
            }
        }
        checks
    }
}
