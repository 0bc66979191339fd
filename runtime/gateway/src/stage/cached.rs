//! Answers that are kept: to the same question, of the same principal unless it is anyone's.
//!
//! Whoever asks has been let in before. The call for an answer that isn't kept is made once, however
//! many wait for it, and by none of them: it goes on when they leave.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use seam_core::call::JsonAnswer;
use seam_core::outcome::Unknown;
use seam_core::time::Moment;
use tokio::time::timeout;

use super::call::{admit, begin, context, marked, respond};
use super::{Here, Step, later, permit};
use crate::arguments::Found;
use crate::cache::{Boarded, Keep, Kept, Key, Landed};
use crate::http::header::{self, HeaderValue};
use crate::http::{Method, StatusCode};
use crate::methods::EdgeMethod;
use crate::problem::Problem;
use crate::response::Response;
use crate::routes::MethodRoute;
use crate::versions::bare;

/// What says on whose behalf a request is.
const CREDENTIALS: &str = "Authorization, Cookie, X-Api-Key";

/// For how long answers of a route are kept, and of which method; `None` if they aren't.
pub(super) fn time<'a>(here: &Here<'a>, route: &MethodRoute) -> Option<(&'a EdgeMethod, Duration)> {
    let method = here.serving.routes().method(route.client, route.index)?;
    let configured = &here.settings.web.cache;
    if configured.is_empty() && method.cache.is_none() {
        return None;
    }
    let reads = matches!(*here.request.method(), Method::GET | Method::HEAD);
    let time = configured.get(&method.name).copied().or(method.cache);
    time.filter(|time| reads && !time.is_zero()).map(|time| (method, time))
}

/// Answers a request for a route whose answers are kept.
pub(super) async fn answer(
    here: &Here<'_>,
    route: &Arc<MethodRoute>,
    found: &Found<'_>,
    (method, time): (&EdgeMethod, Duration),
) -> Step<Response> {
    admit(here, (route.client, route.index), &route.arguments, found).await?;
    let whose = Whose::of(here, method);
    let arguments = route.arguments.collect(found)?;
    let (key, now) = (whose.key(&route.answers, &arguments), here.worker.now());
    let cache = &here.worker.shared.cache;
    let call = || call(here, route, &whose, &arguments, time);
    let landed = match asked(here) {
        Asked::NotKept => call().await,
        // What is kept is older than what is asked for, and so may be a call that is under way.
        Asked::Anew => {
            let landed = call().await;
            if let Ok(kept) = &landed {
                cache.put(key, kept);
            }
            landed
        }
        Asked::Kept => {
            if let Some(kept) = cache.get(&key, now) {
                return Ok(kept.again(now));
            }
            let (flight, leads) = match cache.board(&key, now) {
                Boarded::Kept(kept) => return Ok(kept.again(now)),
                Boarded::Passenger(flight) => (flight, false),
                Boarded::Pilot(pilot, flight) => {
                    let (call, cache) = (call(), Arc::clone(cache));
                    tokio::spawn(async move {
                        let landed = call.await;
                        if let Ok(kept) = &landed {
                            cache.put(key, kept);
                        }
                        pilot.land(landed);
                    });
                    (flight, true)
                }
            };
            let landed = timeout(later::left(here), flight).await;
            let landed = landed.map_err(|_| Problem::of_unknown(&Unknown::DeadlineExceeded))?;
            match landed.map_err(|_| Problem::of_unknown(&Unknown::Abandoned))? {
                Ok(kept) if kept.keep == Keep::Never && !leads => {
                    self::call(here, route, &whose, &arguments, time).await
                }
                landed => landed,
            }
        }
    };
    let service = || here.serving.client(route.client).service().name();
    let kept = landed.map_err(|error| Problem::of_call(error, bare(service())))?;
    Ok(kept.response())
}

/// Whose answers are kept together.
enum Whose {
    /// Anybody's: the method is anyone's.
    Anyones,
    /// One principal's, by all that is known of them; or those of nobody.
    Of(Option<Arc<str>>),
}

impl Whose {
    fn of(here: &Here<'_>, method: &EdgeMethod) -> Self {
        match permit::rule(here, method).is_for_anyone() {
            true => Self::Anyones,
            false => Self::Of(here.known().map(|known| Arc::clone(&known.text))),
        }
    }

    /// What an answer is found by; `answers` is what its route says, see [`MethodRoute::answers`].
    fn key(&self, answers: &str, arguments: &[u8]) -> Key {
        let (kind, principal): (u8, &[u8]) = match self {
            Self::Anyones => (0, &[]),
            Self::Of(None) => (1, &[]),
            Self::Of(Some(principal)) => (2, principal.as_bytes()),
        };
        let length = |text: &[u8]| (text.len() as u64).to_be_bytes();
        let lengths = [length(answers.as_bytes()), length(principal)];
        let [first, second] = &lengths;
        let parts: [&[u8]; 6] = [&[kind], first, second, answers.as_bytes(), principal, arguments];
        Bytes::from(parts.concat())
    }

    /// The value of `Cache-Control`.
    fn control(&self, time: Duration) -> Option<HeaderValue> {
        let whose = match self {
            Self::Anyones => "public",
            Self::Of(_) => "private",
        };
        HeaderValue::try_from(format!("{whose}, max-age={}", time.as_secs())).ok()
    }
}

/// What a request says of answers that are kept.
enum Asked {
    Kept,
    /// `no-cache`: not of one that is kept.
    Anew,
    /// `no-store`: nor is the answer to be.
    NotKept,
}

fn asked(here: &Here<'_>) -> Asked {
    let mut asked = Asked::Kept;
    for value in here.request.headers().get_all(header::CACHE_CONTROL) {
        for directive in directives(value) {
            if directive.eq_ignore_ascii_case(b"no-store") {
                return Asked::NotKept;
            }
            if directive.eq_ignore_ascii_case(b"no-cache") {
                asked = Asked::Anew;
            }
        }
    }
    asked
}

fn directives(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// The call itself, on its way whoever waits for it.
fn call(
    here: &Here<'_>,
    route: &Arc<MethodRoute>,
    whose: &Whose,
    arguments: &[u8],
    time: Duration,
) -> impl Future<Output = Landed> + Send + use<> {
    let mut context = context(here);
    if let Whose::Anyones = whose {
        // Whoever asks first is no part of what others get.
        context.principal = None;
    }
    let context = Arc::new(context);
    let reply = begin(here, here.serving.client(route.client), route.index, arguments, &context);
    let (route, control, clock) =
        (Arc::clone(route), whose.control(time), here.settings.clock.clone());
    async move {
        let answer = reply.await?;
        let (degraded, now) = (context.is_degraded(), clock.now());
        Ok(Arc::new(kept(&route, answer, degraded, control, now, time)))
    }
}

/// An answer, and what may be done with it.
fn kept(
    route: &MethodRoute,
    answer: JsonAnswer,
    degraded: bool,
    control: Option<HeaderValue>,
    now: Moment,
    time: Duration,
) -> Kept {
    let mut response = marked(respond(route, answer), degraded);
    let (mut keep, mut time) = (Keep::Until, time);
    let owns = |name| response.value(&name).is_some();
    if owns(header::SET_COOKIE) || owns(header::VARY) {
        keep = Keep::Never;
    } else if degraded || response.status != StatusCode::OK {
        keep = Keep::Meanwhile;
    }
    match response.value(&header::CACHE_CONTROL) {
        None if keep == Keep::Until => {
            if let Some(control) = control {
                if control.as_bytes().starts_with(b"private") {
                    // One browser has several people.
                    response.varies(CREDENTIALS);
                }
                response.header(header::CACHE_CONTROL, control);
            }
        }
        None => {}
        Some(own) => {
            for directive in directives(own).map(<[u8]>::to_ascii_lowercase) {
                match &*directive {
                    b"no-store" | b"no-cache" | b"private" => keep = Keep::Never,
                    directive => {
                        let age = directive.strip_prefix(b"max-age=").and_then(seconds);
                        time = age.map_or(time, |age| time.min(age));
                    }
                }
            }
        }
    }
    Kept::new(response, keep, now, now.after(time))
}

fn seconds(text: &[u8]) -> Option<Duration> {
    std::str::from_utf8(text).ok()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use seam_core::call::JsonBody;
    use seam_core::codec::AnswerHead;
    use seam_core::contract::MethodDescriptor;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn what_is_kept_for_one_is_found_by_nobody_else() {
        let of = |principal: &str| Whose::Of(Some(principal.into()));
        let keys = [
            Whose::Anyones.key("user.get", b"{\"id\":1}"),
            Whose::Of(None).key("user.get", b"{\"id\":1}"),
            of("").key("user.get", b"{\"id\":1}"),
            of("1").key("user.get", b"{\"id\":1}"),
            of("2").key("user.get", b"{\"id\":1}"),
            of("1").key("user.get", b"{\"id\":2}"),
            of("1").key("user.list", b"{\"id\":1}"),
            // Where one ends and the other begins is a part of it.
            of("1{").key("user.get", b"\"id\":1}"),
            of("").key("user.get", b"1{\"id\":1}"),
            Whose::Anyones.key("user.get", b"1{\"id\":1}"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        assert_eq!(of("1").key("a.b", b"{}"), of("1").key("a.b", b"{}"));
    }

    #[test]
    fn what_is_said_once_is_not_kept() {
        let method = MethodDescriptor::plain("get", 0);
        let arguments = Arguments::of_object(&method);
        let (status, accept) = (StatusCode::OK, Vec::new());
        let route = MethodRoute {
            client: 0,
            index: 0,
            arguments,
            status,
            location: None,
            accept,
            answers: String::new(),
            path: "/".into(),
        };
        let of = |degraded, status, headers: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let headers = headers.iter().map(own).collect();
            let head = Some(Box::new(AnswerHead { status, headers }));
            let answer = JsonAnswer { body: JsonBody::Json(b"1".to_vec()), head };
            let control = Some(HeaderValue::from_static("public, max-age=9"));
            let (now, time) = (Moment::from_nanos(0), Duration::from_secs(9));
            let kept = kept(&route, answer, degraded, control, now, time);
            let control = kept.response().value(&header::CACHE_CONTROL).cloned();
            let control = control.map(|control| control.to_str().unwrap().to_owned());
            (kept.keep, control)
        };
        assert_eq!(of(false, None, &[]), (Keep::Until, Some("public, max-age=9".into())));
        assert_eq!(of(true, None, &[]), (Keep::Meanwhile, None));
        assert_eq!(of(false, Some(203), &[]), (Keep::Meanwhile, None));
        assert_eq!(of(false, None, &[("Set-Cookie", "a=b")]), (Keep::Never, None));
        assert_eq!(of(true, None, &[("Set-Cookie", "a=b")]).0, Keep::Never);
        let own = |value: &str| of(false, None, &[("Cache-Control", value)]);
        assert_eq!(own("max-age=3"), (Keep::Until, Some("max-age=3".into())));
        assert_eq!(own("public, No-Store").0, Keep::Never);
    }

    #[test]
    fn what_is_anyones_is_public() {
        let time = Duration::from_millis(2500);
        assert_eq!(Whose::Anyones.control(time).unwrap(), "public, max-age=2");
        assert_eq!(Whose::Of(None).control(time).unwrap(), "private, max-age=2");
    }
}
