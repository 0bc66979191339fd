//! `#[call(…)]`.

use std::time::Duration;

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprPath, LitInt, LitStr, Path};

use super::Argument;
use super::routes::{self, Route};
use crate::attrs::text;
use crate::diagnostic::{Mistakes, unknown};
use crate::encoding::is_named;
use crate::times;

/// What `#[call(…)]` says of a method.
#[derive(Default)]
pub(super) struct Options {
    pub(super) idempotent: bool,
    pub(super) complete: bool,
    pub(super) public: bool,
    pub(super) deadline: Option<Duration>,
    /// The function that answers where the service can't.
    pub(super) fallback: Option<Path>,
    /// The argument whose hash calls are routed by, as it was written.
    pub(super) route_by: Option<LitStr>,
    pub(super) routes: Vec<Route>,
}

const KNOWN: [&str; 11] = [
    "idempotent",
    "complete",
    "deadline",
    "fallback",
    "route_by",
    "public",
    "http",
    "status",
    "location",
    "header",
    "accept",
];

pub(super) fn read(
    attrs: &[Attribute],
    arguments: &[Argument],
    exclusive: Option<bool>,
    mistakes: &mut Mistakes,
) -> Options {
    let mut options = Options::default();
    for attr in attrs {
        let mut route = routes::Written::default();
        let read =
            attr.parse_nested_meta(|meta| option(&meta, &mut options, &mut route, exclusive));
        mistakes.take(read);
        options.routes.extend(route.finish(arguments, mistakes));
    }
    if let Some(name) = &options.route_by {
        mistakes.take(check_route_by(name, arguments));
    }
    options
}

fn option(
    meta: &ParseNestedMeta<'_>,
    options: &mut Options,
    route: &mut routes::Written,
    exclusive: Option<bool>,
) -> syn::Result<()> {
    match meta.path.get_ident().map(ToString::to_string).unwrap_or_default().as_str() {
        "idempotent" => options.idempotent = true,
        "public" => options.public = true,
        "complete" if exclusive == Some(true) => {
            return Err(meta.error(
                "`complete` is for `&self`: a turn with `&mut self` runs to its end anyway",
            ));
        }
        "complete" => options.complete = true,
        "deadline" => options.deadline = Some(duration(&text(meta)?)?),
        "fallback" => options.fallback = Some(function(meta)?),
        "route_by" => options.route_by = Some(text(meta)?),
        "http" => route.http = Some(text(meta)?),
        "status" => {
            let status: LitInt = meta.value()?.parse()?;
            if !(200..300).contains(&status.base10_parse::<u16>()?) {
                let text = "the status of an answer is from 200 to 299; errors have theirs in \
                            `#[error(status = …)]`";
                return Err(syn::Error::new(status.span(), text));
            }
            route.status = Some(status);
        }
        "location" => route.location = Some(text(meta)?),
        "accept" => route.accept = Some(text(meta)?),
        "header" => meta.parse_nested_meta(|header| {
            route.headers.push((header.path.require_ident()?.clone(), text(&header)?));
            Ok(())
        })?,
        other => return Err(meta.error(unknown("option", other, &KNOWN))),
    }
    Ok(())
}

/// A path to a function: `full_price`.
fn function(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    let value: Expr = meta.value()?.parse()?;
    match value {
        Expr::Path(ExprPath { attrs, qself: None, path }) if attrs.is_empty() => Ok(path),
        other => {
            let text = "a fallback is the name of a function that takes the arguments by reference \
                        and returns the answer: `fallback = full_price`";
            Err(syn::Error::new_spanned(other, text))
        }
    }
}

/// Whether there is such an argument, with a hash that callers agree on.
fn check_route_by(name: &LitStr, arguments: &[Argument]) -> syn::Result<()> {
    let error = |text: String| Err(syn::Error::new(name.span(), text));
    let value = name.value();
    let Some(argument) = routes::argument(&value, arguments) else {
        return error(routes::no_argument(&value, arguments));
    };
    if times::holds(&argument.ty) {
        return error(format!("`{value}` is a time: route by what names something, an id say"));
    }
    if ["HashMap", "HashSet"].iter().any(|kind| is_named(&argument.ty, kind)) {
        return error(format!(
            "`{value}` has another order in every process: route by a `BTreeMap`, a `BTreeSet` or an id"
        ));
    }
    Ok(())
}

/// `250ms`, `2s`, `1m`, `1h`.
fn duration(text: &LitStr) -> syn::Result<Duration> {
    let value = text.value();
    let (number, unit) = value.split_at(value.trim_end_matches(char::is_alphabetic).len());
    let millis = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let number = number.parse::<u32>().ok().filter(|number| *number > 0);
    match (number, millis) {
        (Some(number), Some(millis)) => Ok(Duration::from_millis(u64::from(number) * millis)),
        _ => Err(syn::Error::new(
            text.span(),
            "a time is a number above 0 and its unit: `250ms`, `2s`, `1m` or `1h`",
        )),
    }
}
