//! What a request brings along: read whole, if it is of the type that is wanted.

use bytes::Bytes;

use super::Here;
use super::route::Found;
use crate::http::header;
use crate::problem::Problem;
use crate::request::{Body, Request};

/// Reads the body that the request's target takes; none where it takes none.
pub(super) async fn read(
    here: &Here<'_>,
    found: &Found<'_>,
    body: &mut Body,
) -> Result<Bytes, Problem> {
    let arguments = match found {
        Found::Route(route, _) => &route.arguments,
        Found::Method(_, method) => &method.arguments,
        Found::Form => return form(here, body).await,
        Found::Health | Found::Readiness => return Ok(Bytes::new()),
    };
    if !arguments.takes_body() {
        return Ok(Bytes::new());
    }
    let body = whole(here, body).await?;
    let is_json = |kind: &[u8]| kind == b"application/json" || kind.ends_with(b"+json");
    if !body.is_empty() && media_type(here.request).is_some_and(|kind| !is_json(kind)) {
        let why =
            "the content type isn't application/json: send that header, as `curl --json` does";
        return Err(Problem::bad_request(why));
    }
    Ok(body)
}

/// A form. The deadline is that of the whole request here, its body included.
async fn form(here: &Here<'_>, body: &mut Body) -> Result<Bytes, Problem> {
    if media_type(here.request) != Some(b"application/x-www-form-urlencoded") {
        let why = "the content type is something else than application/x-www-form-urlencoded";
        return Err(Problem::bad_request(why));
    }
    let body = tokio::time::timeout(here.settings.deadline, whole(here, body)).await;
    body.map_err(|_| Problem::deadline().closing())?
}

async fn whole(here: &Here<'_>, body: &mut Body) -> Result<Bytes, Problem> {
    if let Some(encoding) = here.request.header(&header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Problem::bad_request("the body is compressed, and must not be"));
    }
    body.read(here.settings.limits.body).await
}

/// The content type without its parameters.
fn media_type(request: &Request) -> Option<&[u8]> {
    let value = request.header(&header::CONTENT_TYPE)?;
    value.as_bytes().split(|byte| *byte == b';').next().map(<[u8]>::trim_ascii)
}
