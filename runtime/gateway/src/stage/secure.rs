//! Requests that come without TLS, sent to where the edge speaks it.

use super::{Ending, Here, Step};
use crate::http::StatusCode;
use crate::http::header::{self, HeaderValue};
use crate::problem::Problem;
use crate::response::Response;

/// Those that who looks after the process asks, and no client.
const FOR_ALL: [&str; 2] = ["/healthz", "/readyz"];

/// Ends a request that came without TLS and shouldn't have: its client repeats it by TLS.
pub(super) fn redirect(here: &Here<'_>) -> Step {
    let request = here.request;
    if !here.settings.redirect || request.is_secure() || FOR_ALL.contains(&request.path()) {
        return Ok(());
    }
    let Some(port) = here.worker.shared.https else { return Ok(()) };
    let host = request.header(&header::HOST).and_then(|host| host.to_str().ok());
    let target = host.and_then(|host| location(host, port, request.path(), request.query()));
    let Some(target) = target.and_then(|target| HeaderValue::try_from(target).ok()) else {
        let why = "this is served by TLS alone, and the request doesn't say of which host";
        return Err(Problem::bad_request(why).into());
    };
    let mut response = Response::empty(StatusCode::PERMANENT_REDIRECT);
    response.header(header::LOCATION, target);
    Err(Ending::Answer(response))
}

/// The same resource by TLS.
fn location(host: &str, port: u16, path: &str, query: &str) -> Option<String> {
    let end = host.rfind(']').map_or(0, |end| end + 1);
    let name = &host[..host[end..].find(':').map_or(host.len(), |colon| end + colon)];
    if name.is_empty() || !path.starts_with('/') {
        return None;
    }
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("https://{name}{port}{path}{mark}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_stays_and_the_port_is_another() {
        let to = |host, port| location(host, port, "/a", "b=c");
        assert_eq!(to("a.b", 443).unwrap(), "https://a.b/a?b=c");
        assert_eq!(to("a.b:8080", 8443).unwrap(), "https://a.b:8443/a?b=c");
        assert_eq!(to("[::1]:8080", 8443).unwrap(), "https://[::1]:8443/a?b=c");
        assert_eq!(to("[::1]", 443).unwrap(), "https://[::1]/a?b=c");
        assert_eq!(to("", 443), None);
        assert_eq!(location("a", 443, "/", "").unwrap(), "https://a/");
        assert_eq!(location("a", 443, "*", ""), None);
    }
}
