//! What `#[call(…)]` says of a method's clients at the edge: `allow`, `rate`, `cache` and `session`.

use syn::LitStr;

use super::Argument;
use super::options::{Options, Session};
use super::routes;
use crate::diagnostic::Mistakes;

/// A rule such as `self:user_id or role:support`, its arguments in their JSON names.
pub(super) fn rule(text: &LitStr, arguments: &[Argument]) -> syn::Result<String> {
    let value = text.value();
    let parts = value.split(" or ").map(|part| {
        let part = part.trim();
        match part.split_once(':').unwrap_or((part, "")) {
            ("anyone" | "signed_in", "") => Ok(part.to_owned()),
            ("role", name) if !name.is_empty() && !name.contains(char::is_whitespace) => {
                Ok(part.to_owned())
            }
            ("self", name) => match routes::argument(name, arguments) {
                Some(argument) => Ok(format!("self:{}", argument.json)),
                None => Err(syn::Error::new(text.span(), routes::no_argument(name, arguments))),
            },
            _ => {
                let why = format!(
                    "`{part}` lets nobody in: use `anyone`, `signed_in`, `role:NAME` or \
                     `self:ARGUMENT`, joined by ` or `"
                );
                Err(syn::Error::new(text.span(), why))
            }
        }
    });
    Ok(parts.collect::<syn::Result<Vec<_>>>()?.join(" or "))
}

/// A rate such as `5/60s`, in the words of `[edge] rate`, where there has to be one.
pub(super) fn rate(text: &LitStr) -> syn::Result<String> {
    let value = text.value();
    let is_some = |number: &str| {
        number.trim().parse::<u32>().is_ok_and(|number| (1..=1_000_000_000).contains(&number))
    };
    let is_rate = match value.split_once('/') {
        Some((count, time)) => {
            let time = time.trim();
            let (number, unit) = time.split_at(time.trim_end_matches(char::is_alphabetic).len());
            let millis = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" | "min" => 60_000,
                "h" => 3_600_000,
                _ => 0,
            };
            let millis =
                number.trim().parse::<u32>().map_or(0, |number| u64::from(number) * millis);
            // A day is what counts are kept for.
            is_some(count) && (1..=86_400_000).contains(&millis)
        }
        None => is_some(&value),
    };
    match is_rate {
        true => Ok(value),
        false => Err(syn::Error::new(
            text.span(),
            "a rate is so many in a time of up to 24 hours: `5/60s`, or `5` for so many a second",
        )),
    }
}

/// What a method does to its client's session.
pub(super) fn session(text: &LitStr) -> syn::Result<Session> {
    match text.value().as_str() {
        "start" => Ok(Session::Start),
        "end" => Ok(Session::End),
        _ => Err(syn::Error::new(
            text.span(),
            "a method begins a session or ends it: `session = \"start\"` or `session = \"end\"`",
        )),
    }
}

/// Refuses what is said of clients where there are none.
pub(super) fn check(options: &Options, mistakes: &mut Mistakes) {
    let given = |name: &str| options.given.iter().find(|option| *option == name);
    if !options.public && options.routes.is_empty() {
        for name in ["allow", "rate", "cache", "session"] {
            if let Some(option) = given(name) {
                let text = format!(
                    "`{name}` is about clients at the edge, and this method has none: give it a route \
                     by `http`, make it `public`, or leave this out"
                );
                mistakes.at(option, text);
            }
        }
    } else if let Some(option) = given("cache")
        && !options.routes.iter().any(|route| route.verb == "GET")
    {
        mistakes.at(option, "only answers to GET are kept: give the method such a route by `http`");
    }
}
