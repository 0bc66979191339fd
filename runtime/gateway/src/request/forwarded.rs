//! What a proxy says of the client behind it, where it is believed.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::http::header::{HeaderMap, HeaderName, HeaderValue};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whether what an address says of others is believed.
pub(crate) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|net| net.contains(&address))
}

/// Who the client is, and whether it came by TLS if anybody says so: from the right, each trusted
/// proxy says who was before it.
pub(super) fn client(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> (IpAddr, bool) {
    if !is_trusted(trusted, peer) {
        return (peer, false);
    }
    // What stands left of a text that is no address can't be believed.
    let hops = elements(headers, FOR).map_while(address);
    let mut client = peer;
    for hop in hops {
        client = hop;
        if !is_trusted(trusted, hop) {
            break;
        }
    }
    let proto = elements(headers, PROTO).next();
    (client, proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https")))
}

/// The elements of a header's list from the right on, over all its lines.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines: Vec<&HeaderValue> = headers.get_all(name).collect();
    let texts = lines.into_iter().rev().map(|line| line.to_str().unwrap_or_default());
    texts.flat_map(|line| line.rsplit(',')).map(str::trim)
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, lines: &[&'static str], proto: &[&'static str]) -> (String, bool) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FOR, HeaderValue::from_static(line));
        }
        for line in proto {
            headers.append(PROTO, HeaderValue::from_static(line));
        }
        let (client, secure) = client(&headers, peer.parse().unwrap(), &trusted);
        (client.to_string(), secure)
    }

    fn client_of(peer: &str, lines: &[&'static str]) -> String {
        found(peer, lines, &[]).0
    }

    #[test]
    fn the_rightmost_that_is_not_trusted_is_the_client() {
        assert_eq!(client_of("10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client_of("::ffff:10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client_of("::1", &["9.9.9.9, 1.1.1.1 ,10.2.3.4"]), "1.1.1.1");
        assert_eq!(client_of("10.0.0.1", &["9.9.9.9, 1.1.1.1", "10.2.3.4"]), "1.1.1.1");
        assert_eq!(client_of("10.0.0.1", &["9.9.9.9", "2001:db8::7"]), "2001:db8::7");
        assert_eq!(client_of("10.0.0.1", &["[2001:db8::7]:80"]), "2001:db8::7");
        assert_eq!(client_of("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client_of("10.0.0.1", &["1.1.1.1:80"]), "1.1.1.1");
        assert_eq!(client_of("10.0.0.1", &["10.0.0.9, 10.0.0.8"]), "10.0.0.9");
    }

    #[test]
    fn nothing_left_of_what_is_no_address_is_believed() {
        for line in ["1.1.1.1, unknown, 10.0.0.2", "1.1.1.1,, 10.0.0.2", "9.9.9.9, x, 10.0.0.2"] {
            assert_eq!(client_of("10.0.0.1", &[line]), "10.0.0.2", "{line}");
        }
        assert_eq!(client_of("10.0.0.1", &["x"]), "10.0.0.1");
        assert_eq!(client_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn others_are_not_believed() {
        assert_eq!(found("1.2.3.4", &["9.9.9.9"], &["https"]), ("1.2.3.4".into(), false));
    }

    #[test]
    fn the_last_proxy_says_by_what_the_client_came() {
        assert!(found("10.0.0.1", &[], &["https"]).1);
        assert!(found("10.0.0.1", &[], &["http, HTTPS"]).1);
        assert!(!found("10.0.0.1", &[], &["https", "http"]).1);
        assert!(!found("10.0.0.1", &[], &[]).1);
    }
}
