//! `#[call(…)]`.

use std::time::Duration;

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprPath, Ident, LitInt, LitStr, Path, Token, token};

use super::Argument;
use super::access;
use super::routes::{self, Route};
use super::triggers::Trigger;
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
    pub(super) saga: bool,
    pub(super) deadline: Option<Duration>,
    /// From when on its calls are slow.
    pub(super) slow: Option<Duration>,
    /// The function that answers where the service can't.
    pub(super) fallback: Option<Path>,
    /// The argument whose hash calls are routed by, as it was written.
    pub(super) route_by: Option<LitStr>,
    /// Who may ask for it at the edge, its arguments in their JSON names.
    pub(super) allow: Option<String>,
    /// How often it may be asked for at the edge.
    pub(super) rate: Option<String>,
    /// How long the edge may keep its answers.
    pub(super) cache: Option<Duration>,
    /// What it does to its client's session.
    pub(super) session: Option<Session>,
    pub(super) routes: Vec<Route>,
    /// What begins its turns beside calls.
    pub(super) trigger: Option<Trigger>,
    /// All options, as they were written.
    pub(super) given: Vec<Ident>,
}

/// What a method does to its client's session at the edge.
#[derive(Clone, Copy)]
pub(super) enum Session {
    Start,
    End,
}

impl Options {
    /// Whether events begin the method.
    pub(super) fn is_subscription(&self) -> bool {
        matches!(self.trigger, Some(Trigger::On))
    }
}

const KNOWN: [&str; 20] = [
    "idempotent",
    "complete",
    "deadline",
    "slow",
    "fallback",
    "route_by",
    "public",
    "allow",
    "rate",
    "cache",
    "session",
    "http",
    "status",
    "location",
    "header",
    "accept",
    "on",
    "every",
    "cron",
    "saga",
];

pub(super) fn read(
    attrs: &[Attribute],
    arguments: &[Argument],
    exclusive: Option<bool>,
    mistakes: &mut Mistakes,
) -> Options {
    let mut options = Options::default();
    let mut written = Vec::new();
    for attr in attrs {
        let mut route = routes::Written::default();
        let read = attr.parse_nested_meta(|meta| {
            option(&meta, &mut options, &mut route, (exclusive, arguments))
        });
        mistakes.take(read);
        written.push(route);
    }
    if options.is_subscription() {
        // What there is of routes and of arguments to route by is refused as such.
        return options;
    }
    options.routes = written.into_iter().filter_map(|w| w.finish(arguments, mistakes)).collect();
    access::check(&options, mistakes);
    if let Some(name) = &options.route_by {
        mistakes.take(check_route_by(name, arguments));
    }
    options
}

fn option(
    meta: &ParseNestedMeta<'_>,
    options: &mut Options,
    route: &mut routes::Written,
    (exclusive, arguments): (Option<bool>, &[Argument]),
) -> syn::Result<()> {
    options.given.extend(meta.path.get_ident().cloned());
    match meta.path.get_ident().map(ToString::to_string).unwrap_or_default().as_str() {
        "on" | "every" | "cron" if options.trigger.is_some() => {
            return Err(meta
                .error("a method has one of `on`, `every` and `cron`, once: make it two methods"));
        }
        "on" if meta.input.peek(Token![=]) || meta.input.peek(token::Paren) => {
            return Err(meta.error(
                "`on` takes the event from the type of the argument: leave out what follows it",
            ));
        }
        "on" => options.trigger = Some(Trigger::On),
        "every" => {
            options.trigger = Some(Trigger::Every(duration(&text(meta)?, &INTERVALS)?));
        }
        "cron" => options.trigger = Some(Trigger::Cron(text(meta)?)),
        "idempotent" => options.idempotent = true,
        "public" => options.public = true,
        "complete" if exclusive == Some(true) => {
            return Err(meta.error(
                "`complete` is for `&self`: a turn with `&mut self` runs to its end anyway",
            ));
        }
        "complete" => options.complete = true,
        "saga" if exclusive == Some(true) => {
            return Err(meta.error(
                "a saga waits for others again and again: take `&self`, and write by its steps",
            ));
        }
        // It runs again after a crash, and to its end.
        "saga" => {
            (options.saga, options.idempotent, options.complete) = (true, true, true);
        }
        "deadline" => options.deadline = Some(duration(&text(meta)?, &DEADLINES)?),
        "slow" => options.slow = Some(duration(&text(meta)?, &DEADLINES)?),
        "fallback" => options.fallback = Some(function(meta)?),
        "route_by" => options.route_by = Some(text(meta)?),
        "allow" => options.allow = Some(access::rule(&text(meta)?, arguments)?),
        "rate" => options.rate = Some(access::rate(&text(meta)?)?),
        "cache" => options.cache = Some(duration(&text(meta)?, &DEADLINES)?),
        "session" => options.session = Some(access::session(&text(meta)?)?),
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

/// The times that an option takes.
struct Times {
    /// Units and their milliseconds.
    units: &'static [(&'static str, u64)],
    examples: &'static str,
}

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

const DEADLINES: Times = Times {
    units: &[("ms", 1), ("s", SECOND), ("m", 60 * SECOND), ("h", HOUR)],
    examples: "`250ms`, `2s`, `1m` or `1h`",
};

const INTERVALS: Times = Times {
    units: &[("s", SECOND), ("m", 60 * SECOND), ("h", HOUR), ("d", 24 * HOUR)],
    examples: "`30s`, `5m`, `1h` or `1d`",
};

fn duration(text: &LitStr, times: &Times) -> syn::Result<Duration> {
    let value = text.value();
    let (number, unit) = value.split_at(value.trim_end_matches(char::is_alphabetic).len());
    let millis = times.units.iter().find(|(name, _)| *name == unit).map(|(_, millis)| millis);
    let number = number.parse::<u32>().ok().filter(|number| *number > 0);
    match (number, millis) {
        (Some(number), Some(millis)) => Ok(Duration::from_millis(u64::from(number) * millis)),
        _ => {
            let why = format!("a time is a number above 0 and its unit: {}", times.examples);
            Err(syn::Error::new(text.span(), why))
        }
    }
}
