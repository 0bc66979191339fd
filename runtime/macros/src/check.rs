//! `#[check(range = 1..=100)]` and `#[check(len = 1..=64)]`: what a field or an argument may be beyond
//! its type. It stands in the JSON Schema, and is looked at before a turn begins; the layout doesn't
//! know of it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, ExprRange, Lit, RangeLimits, Type, parse_quote};

use crate::diagnostic::{Mistakes, unknown};
use crate::encoding::is_named;

/// What is demanded of a value.
#[derive(Clone, Default)]
pub(crate) struct Checks {
    range: Option<Bounds>,
    len: Option<Bounds>,
}

/// What a value is between; both are allowed.
#[derive(Clone)]
struct Bounds {
    least: Option<Expr>,
    most: Option<Expr>,
}

impl Checks {
    /// Takes `#[check(…)]` off a field or an argument.
    pub(crate) fn take(attrs: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> Self {
        let mut checks = Self::default();
        for attr in attrs.extract_if(.., |attr| attr.path().is_ident("check")) {
            let read = attr.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let kind = match name.as_str() {
                    "range" => &mut checks.range,
                    "len" => &mut checks.len,
                    other => {
                        return Err(meta.error(unknown("constraint", other, &["range", "len"])));
                    }
                };
                if kind.is_some() {
                    return Err(meta.error(format!("`{name}` is there twice: name it once")));
                }
                *kind = Some(bounds(&meta)?);
                Ok(())
            });
            mistakes.take(read);
        }
        checks
    }

    pub(crate) fn are_there(&self) -> bool {
        self.range.is_some() || self.len.is_some()
    }

    /// What the schema is told.
    pub(crate) fn attribute(&self) -> Option<Attribute> {
        let told = |name: TokenStream, bounds: &Bounds| {
            let least = bounds.least.iter().map(|least| quote!(min = #least));
            let most = bounds.most.iter().map(|most| quote!(max = #most));
            let both = least.chain(most);
            quote!(#name(#(#both),*))
        };
        let range = self.range.iter().map(|bounds| told(quote!(range), bounds));
        let len = self.len.iter().map(|bounds| told(quote!(length), bounds));
        let all: Vec<_> = range.chain(len).collect();
        (!all.is_empty()).then(|| parse_quote!(#[schemars(#(#all),*)]))
    }

    /// Statements that look at a value of that type, behind a reference. An error passes `way`, which
    /// says where it is.
    pub(crate) fn statements(
        &self,
        ty: &Type,
        value: &TokenStream,
        way: &TokenStream,
    ) -> TokenStream {
        // What is said of the type is said at the type.
        let span = Span::mixed_site().located_at(ty.span());
        let range = self.range.as_ref().map(|Bounds { least, most }| {
            let (least, most) = (option(least.as_ref()), option(most.as_ref()));
            let function = quote_spanned!(span=> ::seam::__private::codec::check::range::<#ty>);
            quote!(#function(#value, #least, #most)#way?;)
        });
        let len = self.len.as_ref().map(|Bounds { least, most }| {
            let least = least.as_ref().map_or_else(|| quote!(0), ToTokens::to_token_stream);
            let most = most.as_ref().map_or_else(|| quote!(usize::MAX), ToTokens::to_token_stream);
            let function = quote_spanned!(span=> ::seam::__private::codec::check::len::<#ty>);
            quote!(#function(#value, #least, #most)#way?;)
        });
        quote!(#range #len)
    }
}

/// Whether nothing in a value of that type can be constrained.
pub(crate) fn is_bare(ty: &Type) -> bool {
    const BARE: [&str; 16] = [
        "bool", "char", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "f32", "f64",
    ];
    BARE.iter().any(|name| is_named(ty, name))
}

fn option(value: Option<&Expr>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The range after `=`.
fn bounds(meta: &ParseNestedMeta<'_>) -> syn::Result<Bounds> {
    let range: Expr = meta.value()?.parse()?;
    let Expr::Range(ExprRange { start, end, limits, .. }) = &range else {
        let text = "write a range: `1..=100`, `1..` or `..=100`";
        return Err(syn::Error::new_spanned(range, text));
    };
    if let (RangeLimits::HalfOpen(_), Some(_)) = (limits, end) {
        let text = "both ends of a constraint are allowed: write `..=`, and the last value that is";
        return Err(syn::Error::new_spanned(limits, text));
    }
    if start.is_none() && end.is_none() {
        return Err(syn::Error::new_spanned(range, "this allows everything: leave it out"));
    }
    if let (Some(least), Some(most)) =
        (start.as_deref().and_then(integer), end.as_deref().and_then(integer))
        && least > most
    {
        return Err(syn::Error::new_spanned(range, "nothing is in this range: turn it round"));
    }
    let (least, most) = (start.as_deref().cloned(), end.as_deref().cloned());
    Ok(Bounds { least, most })
}

fn integer(expr: &Expr) -> Option<i128> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => Some(-integer(&unary.expr)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a constraint.
    fn mistake(constraint: TokenStream) -> String {
        let mut mistakes = Mistakes::default();
        Checks::take(&mut vec![parse_quote!(#[check(#constraint)])], &mut mistakes);
        mistakes.finish().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_constraint_is_a_range_whose_ends_are_allowed() {
        for right in
            [quote!(range = 1..=100), quote!(len = 1..), quote!(range = -5..=5, len = ..=MOST)]
        {
            assert_eq!(mistake(right), "");
        }
        for (wrong, said) in [
            (quote!(lenn = 1..), "unknown constraint `lenn`: did you mean `len`?"),
            (quote!(range = 5), "write a range"),
            (quote!(range = 1..5), "both ends of a constraint are allowed"),
            (quote!(len = ..), "this allows everything"),
            (quote!(range = 5..=1), "nothing is in this range"),
            (quote!(len = 1.., len = 2..), "`len` is there twice"),
        ] {
            let told = mistake(wrong);
            assert!(told.contains(said), "{told}");
        }
    }

    #[test]
    fn the_schema_is_told() {
        let mut attrs = vec![parse_quote!(#[check(range = 1..=MOST, len = ..=64)])];
        let checks = Checks::take(&mut attrs, &mut Mistakes::default());
        let told = checks.attribute().to_token_stream().to_string();
        assert_eq!(
            told,
            quote!(#[schemars(range(min = 1, max = MOST), length(max = 64))]).to_string()
        );
        assert!(attrs.is_empty() && checks.are_there());
    }
}
