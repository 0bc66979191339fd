//! Which major of a service a request is for: by its path, by a header, or by what config says of who
//! says nothing.

use xxhash_rust::xxh3::xxh3_64;

use super::{Here, limit};
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::problem::Problem;
use crate::response::Response;

/// Says which major is asked for, and which has answered.
const VERSION: HeaderName = HeaderName::from_static("x-seam-version");
/// What clients show of themselves.
const SHOWN: [HeaderName; 3] =
    [header::AUTHORIZATION, HeaderName::from_static("x-api-key"), header::COOKIE];

/// The major that a request's header asks for.
pub(super) fn of_header(here: &Here<'_>) -> Result<Option<u16>, Problem> {
    let Some(value) = here.request.header(&VERSION) else { return Ok(None) };
    let major = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let no_major = || Problem::bad_request(format!("the header `{VERSION}` is no major version"));
    major.map(Some).ok_or_else(no_major)
}

/// The major that a request is for, of a service that has been found.
pub(super) fn choose(here: &Here<'_>, service: &str, asked: Option<u16>) -> Result<u16, Problem> {
    let known = here.serving.routes().majors(service);
    let unsaid = || here.settings.versions.unsaid(service, known, || client(here, service));
    let major = asked.or_else(unsaid);
    major.ok_or_else(|| Problem::not_found("there is no such service"))
}

/// The request is for that one, which its answer says.
pub(super) fn found(here: &Here<'_>, major: u16) {
    here.version.set(Some(major));
}

/// Says in an answer which major it is of, if it is of one.
pub(super) fn tell(here: &Here<'_>, response: &mut Response) {
    if let Some(major) = here.version.get() {
        response.header(VERSION, HeaderValue::from(major));
    }
}

/// What tells a client from others: who it is, however that was shown; of who isn't known, what it shows
/// all the same, or else its address. Every gateway comes to the same.
fn client(here: &Here<'_>, service: &str) -> u64 {
    here.by_client.set(true);
    // Which major answers is no secret, and each client may ask for either: nobody has to be believed.
    let shown = || {
        let shown = SHOWN.iter().find_map(|name| here.request.header(name));
        shown.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let unknown = if here.principal().is_none() { shown() } else { None };
    let client = unknown.or_else(|| limit::whose(here)).unwrap_or_default();
    // Not the same clients for every service.
    xxh3_64(format!("{service}\n{client}").as_bytes())
}
