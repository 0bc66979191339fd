//! `#[seam::error]`: an error that a contract declares.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitInt, LitStr, Variant};

use crate::attrs::{docs, text};
use crate::case;
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
    let declared: Vec<Declared> =
        data.variants.iter_mut().map(|variant| declared(variant, &mut mistakes)).collect();
    check_unique(data.variants.iter(), &declared, &mut mistakes);
    let message = message::generate(&mut item, &mut mistakes);
    mistakes.finish()?;
    let error = implement(&item.ident, &declared);
    Ok(quote!(#message #error))
}

/// Reads `#[error(…)]`, and takes it off.
fn declared(variant: &mut Variant, mistakes: &mut Mistakes) -> Declared {
    let mut declared = Declared {
        ident: variant.ident.clone(),
        status: 0,
        code: case::snake(&case::text(&variant.ident)),
        unknown: false,
        inner: false,
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
    let display = display(variant, given.as_ref(), &declared);
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

/// The arm of a variant in `Display`.
fn display(
    variant: &Variant,
    given: Option<&LitStr>,
    declared: &Declared,
) -> syn::Result<TokenStream> {
    let ident = &variant.ident;
    let Some(given) = given else {
        if declared.inner {
            return Ok(quote!(Self::#ident(inner) => ::core::fmt::Display::fmt(inner, f)));
        }
        let doc = docs(&variant.attrs);
        let line = doc.lines().next().map(|line| line.trim().trim_end_matches('.'));
        let text = line.filter(|line| !line.is_empty()).unwrap_or(&declared.code);
        return Ok(quote!(Self::#ident { .. } => f.write_str(#text)));
    };
    let names: Vec<String> = variant
        .fields
        .iter()
        .enumerate()
        .map(|(place, field)| field.ident.as_ref().map_or_else(|| place.to_string(), case::text))
        .collect();
    let (format, used) = placeholders(given, &names)?;
    let bound = used.iter().map(|place| format_ident!("field{place}"));
    let pattern = used.iter().map(|place| {
        let bound = format_ident!("field{place}");
        let member: syn::Member = match variant.fields.iter().nth(*place) {
            Some(syn::Field { ident: Some(ident), .. }) => ident.clone().into(),
            _ => (*place).into(),
        };
        quote!(#member: #bound)
    });
    let format = LitStr::new(&format, given.span());
    Ok(
        quote!(Self::#ident { #(#pattern,)* .. } => ::core::write!(f, #format #(, #bound = #bound)*)),
    )
}

/// `no user {id}` → `no user {field0}`, and the places of the fields that it names.
fn placeholders(given: &LitStr, names: &[String]) -> syn::Result<(String, Vec<usize>)> {
    let text = given.value();
    let (mut format, mut used) = (String::new(), Vec::new());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        format.push_str(before);
        if let Some(escaped) = after.strip_prefix("{{") {
            format.push_str("{{");
            rest = escaped;
            continue;
        }
        let Some(close) = after.find('}') else {
            return Err(syn::Error::new(given.span(), "a `{` without its `}`: write `{{` for one"));
        };
        let inside = &after[1..close];
        let (name, how) = inside.split_at(inside.find(':').unwrap_or(inside.len()));
        let Some(place) = names.iter().position(|known| known == name) else {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let text = if known.is_empty() {
                format!("`{{{name}}}` names no field: the variant has none")
            } else {
                unknown("field", name, &known)
            };
            return Err(syn::Error::new(given.span(), text));
        };
        format.push_str(&format!("{{field{place}{how}}}"));
        if !used.contains(&place) {
            used.push(place);
        }
        rest = &after[close + 1..];
    }
    format.push_str(rest);
    Ok((format, used))
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

fn implement(ident: &Ident, declared: &[Declared]) -> TokenStream {
    let contract = quote!(::seam::__private::contract);
    let idents: Vec<&Ident> = declared.iter().map(|variant| &variant.ident).collect();
    let codes: Vec<&String> = declared.iter().map(|variant| &variant.code).collect();
    let statuses: Vec<u16> = declared.iter().map(|variant| variant.status).collect();
    let unknowns: Vec<bool> = declared.iter().map(|variant| variant.unknown).collect();
    let displays = declared.iter().map(|variant| &variant.display);
    let own = declared.iter().filter(|variant| !variant.inner);
    let listed = own.map(|Declared { code, status, .. }| {
        quote!(#contract::ErrorDescriptor { code: #code, status: #status })
    });
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
            fn variants() -> &'static [#contract::ErrorDescriptor] {
                &[#(#listed),*]
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
