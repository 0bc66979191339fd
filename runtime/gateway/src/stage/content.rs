//! What a request brings along: read whole, if it is of the type that is wanted.

use bytes::Bytes;

use super::Here;
use super::route::Found;
use crate::http::{Method, header};
use crate::problem::Problem;
use crate::request::{Body, Request};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// What bytes are that nobody says anything of.
pub(super) const UNKNOWN_BYTES: &str = "application/octet-stream";

/// Reads the body that the request's target takes.
///
/// GET, HEAD and DELETE take none: what stands between would lose it, or keep the answer for who
/// sends another one.
pub(super) async fn read(
    here: &Here<'_>,
    found: &Found<'_>,
    body: &mut Body,
) -> Result<Bytes, Problem> {
    let method = here.request.method();
    // Where there is no such operation, that is what is wrong with the request.
    let nowhere = matches!(found, Found::Own(_)) && here.worker.own().is_none();
    if body.is_there() && !nowhere && matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
    {
        return Err(Problem::bad_request(format!("a {method} takes no body")));
    }
    match found {
        Found::Route(..) | Found::Method(..) if !body.is_there() => Ok(Bytes::new()),
        Found::Route(route, _) if route.arguments.takes_blob() => {
            plain(here.request)?;
            accepted(media_type(here.request)?, &route.accept)?;
            body.read(here.settings.limits.body).await
        }
        Found::Route(..) | Found::Method(..) => {
            plain(here.request)?;
            json(media_type(here.request)?)?;
            body.read(here.settings.limits.body).await
        }
        Found::Form => {
            plain(here.request)?;
            form(media_type(here.request)?)?;
            // The deadline is that of the whole request here, its body included.
            let body = body.read(here.settings.limits.body);
            let body = tokio::time::timeout(here.settings.deadline, body).await;
            body.map_err(|_| Problem::deadline().closing())?
        }
        Found::Own(_) | Found::Errors | Found::Error(_) | Found::Ticket(_) => Ok(Bytes::new()),
        Found::Api | Found::Docs(_) | Found::Push => Ok(Bytes::new()),
        Found::Health | Found::Readiness => Ok(Bytes::new()),
    }
}

/// Refuses a body that is compressed.
fn plain(request: &Request) -> Result<(), Problem> {
    let mut encodings = request.headers().get_all(header::CONTENT_ENCODING);
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::unsupported("the body is compressed, and must not be"));
    }
    Ok(())
}

/// A body that says nothing of its type is taken for JSON.
fn json(kind: Option<&[u8]>) -> Result<(), Problem> {
    let Some(kind) = kind else { return Ok(()) };
    let (essence, charset) = taken_apart(kind);
    let end = essence.len().saturating_sub(b"+json".len());
    if !essence.eq_ignore_ascii_case(JSON.as_bytes())
        && !essence[end..].eq_ignore_ascii_case(b"+json")
    {
        let why =
            "the content type isn't application/json: send that header, as `curl --json` does";
        return Err(Problem::unsupported(why).accepting(JSON));
    }
    utf8(charset).map_err(|problem| problem.accepting(JSON))
}

fn form(kind: Option<&[u8]>) -> Result<(), Problem> {
    let (essence, charset) = taken_apart(kind.unwrap_or_default());
    if !essence.eq_ignore_ascii_case(FORM.as_bytes()) {
        let why = "the content type is something else than application/x-www-form-urlencoded";
        return Err(Problem::unsupported(why).accepting(FORM));
    }
    utf8(charset).map_err(|problem| problem.accepting(FORM))
}

/// Bytes are of one of the types that are accepted, or of any if none is named. Those that say
/// nothing of their type are `application/octet-stream`.
fn accepted(kind: Option<&[u8]>, accept: &[String]) -> Result<(), Problem> {
    let (essence, _) = taken_apart(kind.unwrap_or(UNKNOWN_BYTES.as_bytes()));
    let mut types = accept.iter().map(String::as_bytes);
    if accept.is_empty() || types.any(|known| essence.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let types = accept.join(", ");
    let why = format!("the content type is none of those that are taken here: {types}");
    Err(Problem::unsupported(why).accepting(types))
}

fn utf8(charset: Option<&[u8]>) -> Result<(), Problem> {
    let known = |charset: &[u8]| {
        charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"utf8")
    };
    match charset.is_none_or(known) {
        true => Ok(()),
        false => Err(Problem::unsupported("the body is text of another charset than UTF-8")),
    }
}

/// The content type as it was sent; one that is named twice is an error, for nobody can say which
/// one counts.
fn media_type(request: &Request) -> Result<Option<&[u8]>, Problem> {
    let mut kinds = request.headers().get_all(header::CONTENT_TYPE);
    let kind = kinds.next().map(|kind| kind.as_bytes());
    match kinds.next() {
        Some(_) => Err(Problem::bad_request("the header `content-type` comes twice")),
        None => Ok(kind),
    }
}

/// A media type without its parameters, and its charset.
fn taken_apart(kind: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = kind.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let essence = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_at_checked(b"charset=".len())?;
        name.eq_ignore_ascii_case(b"charset=").then_some(value)
    });
    (
        essence,
        charset
            .map(|value| value.strip_prefix(b"\"").unwrap_or(value))
            .map(|value| value.strip_suffix(b"\"").unwrap_or(value)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Instead;

    #[test]
    fn types_compare_without_case() {
        for kind in [
            "application/json",
            "Application/JSON",
            "application/problem+json",
            "application/vnd.x+JSON; v=1",
            "application/json;charset=UTF-8",
            "application/json; v=1; Charset=\"utf-8\"",
        ] {
            assert!(json(Some(kind.as_bytes())).is_ok(), "{kind}");
        }
        assert!(json(None).is_ok());
        for kind in
            ["", "text/plain", "application/jsonx", "json", "application/json; charset=latin1"]
        {
            let problem = json(Some(kind.as_bytes())).unwrap_err();
            assert_eq!(problem.status.as_u16(), 415, "{kind}");
            assert_eq!(problem.instead.as_deref(), Some(&Instead::Types(JSON.into())), "{kind}");
        }
        assert!(form(Some(b"Application/X-WWW-Form-Urlencoded; charset=UTF-8")).is_ok());
        assert_eq!(form(None).unwrap_err().status.as_u16(), 415);
    }

    #[test]
    fn bytes_are_of_a_type_that_is_accepted() {
        let pictures = ["image/png".to_owned(), "image/jpeg".to_owned()];
        for kind in ["image/png", "Image/JPEG", "image/png; a=b", " image/jpeg ;q=1"] {
            assert!(accepted(Some(kind.as_bytes()), &pictures).is_ok(), "{kind}");
        }
        for kind in ["image/gif", "image/pngx", "image", "", "application/octet-stream"] {
            let problem = accepted(Some(kind.as_bytes()), &pictures).unwrap_err();
            let types = Instead::Types("image/png, image/jpeg".into());
            assert_eq!(problem.instead.as_deref(), Some(&types), "{kind}");
        }
        assert!(accepted(None, &pictures).is_err());
        assert!(accepted(None, &[UNKNOWN_BYTES.to_owned()]).is_ok());
        assert!(accepted(Some(b"any/thing"), &[]).is_ok() && accepted(None, &[]).is_ok());
    }
}
