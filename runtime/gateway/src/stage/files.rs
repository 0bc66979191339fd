//! Files of the folders that are shown: the last thing that a path may mean.

use std::time::SystemTime;

use tokio::task::spawn_blocking;

use super::encode::may_be_coded;
use super::route::allow;
use super::{Here, Step, fresh};
use crate::files::{File, Found, Part, Wanted, open, part};
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::http::{Method, StatusCode};
use crate::problem::Problem;
use crate::response::Response;

const VERBS: &str = "GET, HEAD, OPTIONS";
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");
/// Anybody may keep it, and asks whether it still holds.
const ASK: HeaderValue = HeaderValue::from_static("public, no-cache");

/// Answers with a file; `otherwise` if there is none, or if a contract has the path.
pub(super) async fn answer(here: &Here<'_>, otherwise: Problem) -> Step<Response> {
    let (folders, path) = (&here.settings.web.files, here.request.path());
    if folders.is_empty() || otherwise.status != StatusCode::NOT_FOUND {
        return Err(otherwise.into());
    }
    let Some(wanted) = Wanted::of(folders, path) else { return Err(otherwise.into()) };
    let found = spawn_blocking(move || open(&wanted)).await;
    let found = found.map_err(std::io::Error::other).and_then(|found| found);
    let found = found.map_err(|error| {
        Problem::unavailable("the file can't be read now").because(error.to_string())
    })?;
    let verb = here.request.method();
    match found {
        Found::Nothing => Err(otherwise.into()),
        _ if *verb == Method::OPTIONS => Ok(allow(VERBS)),
        _ if !matches!(*verb, Method::GET | Method::HEAD) => {
            Err(Problem::method_not_allowed(VERBS).into())
        }
        Found::Folder => Ok(moved(here)),
        Found::File(file) => Ok(shown(here, file)?),
    }
}

/// Sends who left out the slash of a folder to its page, from which names are then relative to it.
fn moved(here: &Here<'_>) -> Response {
    let mut response = Response::empty(StatusCode::PERMANENT_REDIRECT);
    let mut place = format!("{}/", here.request.path());
    if !here.request.query().is_empty() {
        place.push('?');
        place.push_str(here.request.query());
    }
    if let Ok(place) = HeaderValue::try_from(place) {
        response.header(header::LOCATION, place);
    }
    response
}

/// A file, or the part of it that is asked for.
fn shown(here: &Here<'_>, file: File) -> Result<Response, Problem> {
    let (length, tag, modified) = (file.length, file.tag, date(file.modified));
    let mut response = Response::empty(StatusCode::OK);
    let mut says = |name: HeaderName, value: HeaderValue| response.header(name, value);
    says(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    says(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    says(header::CACHE_CONTROL, ASK);
    says(header::ACCEPT_RANGES, BYTES);
    if let Some(modified) = modified.clone() {
        says(header::LAST_MODIFIED, modified);
    }
    let plain = tag.value(None);
    match asked(here, length, plain.as_ref(), modified.as_ref()) {
        // Whether the client has it already is asked first, and there is no part of that.
        Part::Bytes(_) | Part::Beyond if fresh::knows(here, plain.as_ref(), modified.as_ref()) => {
            response.headers.extend(plain.map(|tag| (header::ETAG, tag)));
            fresh::unchanged(&mut response);
        }
        Part::Beyond => return Err(Problem::beyond(length)),
        Part::Bytes(part) => {
            let within = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            response.content = file.content(part);
            if may_be_coded(&response) {
                response.varies("Accept-Encoding");
            }
            response.status = StatusCode::PARTIAL_CONTENT;
            response.headers.extend(plain.map(|tag| (header::ETAG, tag)));
            if let Ok(within) = HeaderValue::try_from(within) {
                response.header(header::CONTENT_RANGE, within);
            }
        }
        Part::Whole => {
            response.tag = Some(tag);
            response.content = file.content(0..length);
        }
    }
    Ok(response)
}

/// The part that is asked for: of GET alone, and if the client has the other parts of this file and
/// of no other, where it says so.
fn asked(
    here: &Here<'_>,
    length: u64,
    tag: Option<&HeaderValue>,
    modified: Option<&HeaderValue>,
) -> Part {
    let range = here.request.header(&header::RANGE);
    let Some(range) = range.filter(|_| *here.request.method() == Method::GET) else {
        return Part::Whole;
    };
    let goes_on = here
        .request
        .header(&header::IF_RANGE)
        .is_none_or(|known| [tag, modified].into_iter().flatten().any(|current| current == known));
    if goes_on { part(range.as_bytes(), length) } else { Part::Whole }
}

fn date(time: SystemTime) -> Option<HeaderValue> {
    // It can't say what was before 1970, or comes after 9999.
    let year_9999 = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(253_402_300_799);
    let sayable = time >= SystemTime::UNIX_EPOCH && time <= year_9999;
    sayable.then(|| HeaderValue::try_from(httpdate::fmt_http_date(time)).ok()).flatten()
}
