//! `#[call(…)]`.

use std::time::Duration;

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitInt, LitStr};

use super::Argument;
use super::routes::{self, Route};
use crate::attrs::text;
use crate::diagnostic::{Mistakes, unknown};

/// What `#[call(…)]` says of a method.
#[derive(Default)]
pub(super) struct Options {
    pub(super) idempotent: bool,
    pub(super) complete: bool,
    pub(super) public: bool,
    pub(super) deadline: Option<Duration>,
    pub(super) routes: Vec<Route>,
}

const KNOWN: [&str; 9] = [
    "idempotent",
    "complete",
    "deadline",
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
