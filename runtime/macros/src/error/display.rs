//! An error's text, for people.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{LitStr, Variant};

use super::{Declared, Kind};
use crate::attrs::first_paragraph;
use crate::case;
use crate::diagnostic::unknown;

/// The arm of a variant in `Display`.
pub(super) fn display(
    variant: &Variant,
    given: Option<&LitStr>,
    declared: &Declared,
) -> syn::Result<TokenStream> {
    let ident = &variant.ident;
    let Some(given) = given else {
        if !matches!(declared.kind, Kind::Own) {
            return Ok(quote!(Self::#ident(held) => ::core::fmt::Display::fmt(held, f)));
        }
        let paragraph = first_paragraph(&declared.doc);
        let text = match paragraph.trim_end_matches('.') {
            "" => &declared.code,
            text => text,
        };
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
