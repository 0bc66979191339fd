//! `breaker open payment`: calls of it are refused, and nothing of them runs, until it is closed.

use std::time::Duration;

use seam_core::name::bare;
use serde_json::{Value as Json, json};

use super::{
    super::{Failure, status, whereabouts},
    Centre,
    lock::Lock,
    set::{Change, change_alone},
};
use crate::config::{AllowedCaller, Config, Source, nearest};

/// What stands for every caller.
const ALL: &str = "*";

/// What is to be done with a breaker.
#[derive(Clone, Debug)]
pub(in crate::command) struct Breaker {
    /// Whether it is to be open.
    pub(in crate::command) open: bool,
    /// The service that is called.
    pub(in crate::command) service: String,
    /// The only caller that is meant: a service, `edge` or `program`.
    pub(in crate::command) from: Option<String>,
    /// For how long it is open.
    pub(in crate::command) lasting: Option<Duration>,
}

/// How a breaker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) struct Breakers {
    service: String,
    /// The callers whose calls it refuses; `*` is all.
    before: Vec<String>,
    open: Vec<String>,
}

/// Opens a breaker, or closes it, in all that runs; the same that [`change`](super::change) does with a
/// key. One that is so already stays.
pub(in crate::command) async fn breaker(
    centre: &Centre,
    by: &str,
    asked: Breaker,
) -> Result<Breakers, Failure> {
    let _lock = Lock::take(&centre.data).await?;
    let accepted = whereabouts::accepted_in(&centre.data, |source| (centre.parse)(source).is_ok());
    let Some(source) = accepted.await else {
        let config = (centre.parse)(&centre.files.read()?)?;
        return Err(Failure::other(status::nothing_runs(&config)));
    };
    let config = (centre.parse)(&source)?;
    let by_files = (centre.parse)(&Source { set: Vec::new(), ..source.clone() })?;
    let service = asked.service.clone();
    let before = refused(&config, &service)?;
    if let Some(from) = &asked.from {
        known(&config, from)?;
    }
    let open = next(&before, &asked)?;
    let is_set = source.set.iter().any(|own| own.key == key(&service));
    let value = match open == refused(&by_files, &service)? {
        // What the files say is no matter of what is set.
        true if !is_set => None,
        true => Some(None),
        false => Some(Some(open.join(","))),
    };
    if let Some(value) = value.filter(|_| open != before || asked.lasting.is_some()) {
        let lasting = asked.lasting.filter(|_| value.is_some());
        let change = Change { key: key(&service), value, unit: None, lasting };
        change_alone(centre, by, change).await?;
    }
    Ok(Breakers { service, before, open })
}

fn key(service: &str) -> String {
    format!("services.{service}.breaker.refuse")
}

/// The callers that a breaker refuses by a config.
fn refused(config: &Config, service: &str) -> Result<Vec<String>, Failure> {
    let names = || config.services.iter().map(|own| bare(&own.name));
    let found = config.services.iter().find(|own| bare(&own.name) == service);
    let found = found.ok_or_else(|| {
        let fix = nearest(service, names());
        Failure::usage(format!("there is no service `{service}`\n  fix: {fix}"))
    })?;
    Ok(found.refuse.iter().map(|caller| caller.name().to_owned()).collect())
}

fn known(config: &Config, from: &str) -> Result<(), Failure> {
    let AllowedCaller::Service(name) = AllowedCaller::of(from) else { return Ok(()) };
    let names = || config.services.iter().map(|own| own.name.as_str());
    match names().any(|known| known == name) {
        true => Ok(()),
        false => {
            let fix = nearest(&name, names().chain(["edge", "program"]));
            Err(Failure::usage(format!("there is no caller `{name}`\n  fix: {fix}")))
        }
    }
}

/// The callers that it refuses then.
fn next(before: &[String], asked: &Breaker) -> Result<Vec<String>, Failure> {
    let Breaker { open, service, from, .. } = asked;
    let all = before.iter().any(|caller| caller == ALL);
    Ok(match (open, from) {
        (true, None) => vec![ALL.to_owned()],
        (false, None) => Vec::new(),
        (true, Some(_)) if all => before.to_vec(),
        (true, Some(from)) => {
            let others = before.iter().filter(|caller| *caller != from).cloned();
            others.chain([from.clone()]).collect()
        }
        (false, Some(from)) if all => {
            return Err(Failure::usage(format!(
                "the breaker of `{service}` is open for all, and not for `{from}` alone\n  \
                 fix: close it without --from"
            )));
        }
        (false, Some(from)) => before.iter().filter(|caller| *caller != from).cloned().collect(),
    })
}

impl Breakers {
    /// For scripts: `{"ok", "service", "old", "open"}`.
    pub(in crate::command) fn to_json(&self) -> Json {
        let Self { service, before, open } = self;
        json!({ "ok": true, "service": service, "old": before, "open": open })
    }

    /// For people.
    pub(in crate::command) fn line(&self) -> String {
        let Self { service, open, .. } = self;
        match &open[..] {
            [] => format!("{service}: its breaker is closed"),
            [all] if all == ALL => format!("{service}: its breaker is open for all callers"),
            some => format!("{service}: its breaker is open for {}", some.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_come_and_go() {
        let next = |before: &[&str], open, from: Option<&str>| {
            let before: Vec<String> = before.iter().map(|name| (*name).into()).collect();
            let (service, from) = ("payment".to_owned(), from.map(String::from));
            next(&before, &Breaker { open, service, from, lasting: None }).map_err(|f| f.text)
        };
        let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(next(&[], true, None), names(&["*"]));
        assert_eq!(next(&["edge"], true, Some("order")), names(&["edge", "order"]));
        assert_eq!(next(&["order"], true, Some("order")), names(&["order"]));
        assert_eq!(next(&["*"], true, Some("order")), names(&["*"]));
        assert_eq!(next(&["edge", "order"], false, Some("order")), names(&["edge"]));
        assert_eq!(next(&["edge", "order"], false, None), names(&[]));
        assert!(next(&["*"], false, Some("order")).unwrap_err().contains("open for all"));
    }
}
