//! Attributes that the user wrote beside ours: docs, derives and serde.

use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::case::Case;
use crate::diagnostic::{Mistakes, list};

/// The doc comment, a line per line, without its leading spaces.
pub(crate) fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|attr| attr.path().is_ident("doc")).filter_map(|attr| {
        let Meta::NameValue(doc) = &attr.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = bare(&doc.value) else { return None };
        let text = text.value();
        Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The first paragraph of a doc comment, as one line.
pub(crate) fn first_paragraph(doc: &str) -> String {
    let lines = doc.lines().map(str::trim).skip_while(|line| line.is_empty());
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An expression without what only holds it together, as an `$e:expr` of a `macro_rules!` comes.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => bare(&group.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        expr => expr,
    }
}

/// Refuses conditions on a part of something that is the same in every build.
pub(crate) fn no_conditions(attrs: &[Attribute], what: &str, mistakes: &mut Mistakes) {
    for attr in attrs.iter().filter(|attr| is_condition(attr)) {
        mistakes.at(attr, format!("{what} is the same in every build: leave out the condition"));
    }
}

/// Refuses a condition below our attribute, which has seen the item by then.
pub(crate) fn condition_above(attrs: &[Attribute], ours: &str, mistakes: &mut Mistakes) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
        let text = format!("write the condition above `#[seam::{ours}]`, for all that it makes");
        mistakes.at(attr, text);
    }
}

pub(crate) fn is_condition(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

/// Those of `wanted` that the user doesn't derive already.
pub(crate) fn missing_derives<'a>(attrs: &[Attribute], wanted: &[&'a str]) -> Vec<&'a str> {
    let derived: Vec<String> = attrs
        .iter()
        .filter(|attr| attr.path().is_ident("derive"))
        .filter_map(|attr| {
            attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok()
        })
        .flatten()
        .filter_map(|path| path.segments.last().map(|segment| segment.ident.to_string()))
        .collect();
    wanted.iter().copied().filter(|name| !derived.iter().any(|derived| derived == name)).collect()
}

/// What serde's attributes say of names.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Option<Case>,
    pub(crate) rename_all_fields: Option<Case>,
    pub(crate) aliases: Vec<String>,
    pub(crate) default: bool,
}

/// Serde's attributes that make a value's encoding depend on more than its type, and what to do.
const REFUSED: [(&str, &str); 16] = [
    (
        "skip_serializing_if",
        "an absent field shifts all that follow: `#[json(skip_if_none)]` leaves an empty `Option` out in JSON alone",
    ),
    ("untagged", "a reader can't tell which variant it has: leave the variants tagged"),
    (
        "tag",
        "the codec can't read ahead for a tag: leave the variants tagged as serde does by itself",
    ),
    (
        "content",
        "the codec can't read ahead for a tag: leave the variants tagged as serde does by itself",
    ),
    (
        "flatten",
        "the codec has no field names to tell the parts by: name the inner struct as a field",
    ),
    ("skip", "what isn't sent is no part of a message: take the field out"),
    ("skip_serializing", "what isn't sent is no part of a message: take the field out"),
    ("skip_deserializing", "what isn't read is no part of a message: take the field out"),
    (
        "with",
        "the layout can't show what it does: make a newtype with a serde of its own, and mark the field `#[message(foreign)]`",
    ),
    (
        "serialize_with",
        "the layout can't show what it does: make a newtype with a serde of its own, and mark the field `#[message(foreign)]`",
    ),
    (
        "deserialize_with",
        "the layout can't show what it does: make a newtype with a serde of its own, and mark the field `#[message(foreign)]`",
    ),
    ("from", "the layout can't show what it does: send the other type, and convert at the border"),
    (
        "try_from",
        "the layout can't show what it does: send the other type, and convert at the border",
    ),
    ("into", "the layout can't show what it does: send the other type, and convert at the border"),
    ("borrow", "a message owns what it holds: use `String` or `Vec<u8>`"),
    ("other", "it needs a tag that the codec doesn't have: leave it out"),
];

/// Reads `#[serde(…)]`, and refuses what breaks the codec.
pub(crate) fn serde_names(attrs: &[Attribute], mistakes: &mut Mistakes) -> Names {
    let mut names = Names::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let read = attr.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
                let text = format!("`{name}` can't be used in a message: {why}");
                mistakes.at(&meta.path, text);
            }
            match name.as_str() {
                "rename" => names.rename = Some(text(&meta)?.value()),
                "alias" => names.aliases.push(text(&meta)?.value()),
                "rename_all" => names.rename_all = Some(case(&meta)?),
                "rename_all_fields" => names.rename_all_fields = Some(case(&meta)?),
                "default" => {
                    names.default = true;
                    skip(&meta)?;
                }
                _ => skip(&meta)?,
            }
            Ok(())
        });
        mistakes.take(read);
    }
    names
}

/// The string after `=`.
pub(crate) fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    if meta.input.peek(syn::token::Paren) {
        let both = "give one name for both directions: both sides of a seam must read alike";
        skip(meta)?;
        return Err(meta.error(both));
    }
    meta.value()?.parse()
}

fn case(meta: &ParseNestedMeta<'_>) -> syn::Result<Case> {
    let name = text(meta)?;
    let known = || syn::Error::new(name.span(), format!("known are {}", list(&Case::NAMES)));
    Case::of(&name.value()).ok_or_else(known)
}

/// Passes over whatever an option is given.
fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let inside;
        syn::parenthesized!(inside in meta.input);
        inside.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}
