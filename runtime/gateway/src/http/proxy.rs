//! The PROXY protocol, version 2: what a proxy says of the client before its connection's first byte.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use actix_rt::net::TcpStream;
use tokio::io::AsyncReadExt;
use tokio::time::{sleep, timeout};

use super::waits::LINGER;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, and how long the rest is.
const FIXED: usize = 16;
/// What a proxy can send in one piece anywhere; more of what it may add is refused.
const LONGEST: usize = 536 - FIXED;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// This is the client.
    Client(SocketAddr),
    /// The proxy speaks for itself, or of no address.
    Nobody,
}

/// Reads the header at the beginning of a connection, if there is one; the rest is left to be read.
///
/// # Errors
/// What begins like one is none, or doesn't come in time; nothing comes, and `is_over` says that it isn't
/// waited for any longer.
pub(super) async fn read(
    io: &mut TcpStream,
    time: Duration,
    is_over: impl Fn() -> bool,
) -> io::Result<Said> {
    let over = async {
        while !is_over() {
            sleep(LINGER).await;
        }
    };
    let read = async {
        tokio::select! {
            biased;
            header = read_header(io) => header,
            () = over => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    };
    timeout(time, read).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn read_header(io: &mut TcpStream) -> io::Result<Said> {
    let mut first = [0];
    // No request and no TLS begins as a header does, so that one byte tells.
    if io.peek(&mut first).await? == 0 || first[0] != SIGNATURE[0] {
        return Ok(Said::Nobody);
    }
    let mut fixed = [0; FIXED];
    io.read_exact(&mut fixed).await?;
    let length = length(&fixed).ok_or(io::ErrorKind::InvalidData)?;
    let mut rest = vec![0; length];
    io.read_exact(&mut rest).await?;
    said(&fixed, &rest).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// How long the rest of a header is; `None` if it is none, or too long.
fn length(fixed: &[u8; FIXED]) -> Option<usize> {
    let (signature, [version, _, high, low]) = fixed.split_first_chunk::<12>()? else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (signature == SIGNATURE && version >> 4 == 2 && length <= LONGEST).then_some(length)
}

/// What a header says; `None` if that makes no sense.
fn said(fixed: &[u8; FIXED], rest: &[u8]) -> Option<Said> {
    const LOCAL: u8 = 0;
    const PROXY: u8 = 1;
    let [.., command, family, _, _] = *fixed;
    match (command & 0x0f, family >> 4) {
        // Of its own accord, or for a client without an address: what comes may be passed over.
        (LOCAL, _) | (PROXY, 0 | 3) => Some(Said::Nobody),
        (PROXY, 1) => {
            let (source, rest) = rest.split_first_chunk::<4>()?;
            let (_, ports) = rest.split_first_chunk::<4>()?;
            client(Ipv4Addr::from(*source).into(), ports)
        }
        (PROXY, 2) => {
            let (source, rest) = rest.split_first_chunk::<16>()?;
            let (_, ports) = rest.split_first_chunk::<16>()?;
            client(Ipv6Addr::from(*source).to_canonical(), ports)
        }
        _ => None,
    }
}

fn client(address: IpAddr, ports: &[u8]) -> Option<Said> {
    let ([high, low], [_, _, ..]) = ports.split_first_chunk::<2>()? else { return None };
    Some(Said::Client((address, u16::from_be_bytes([*high, *low])).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &[u8]) -> Option<Said> {
        let (fixed, rest) = header.split_first_chunk::<FIXED>()?;
        let length = length(fixed)?;
        said(fixed, rest.get(..length)?)
    }

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family][..], &length, rest].concat()
    }

    #[test]
    fn a_client_is_told_of() {
        let v4 = [1, 2, 3, 4, 10, 0, 0, 1, 0x1f, 0x90, 0, 80];
        let said = Some(Said::Client("1.2.3.4:8080".parse().unwrap()));
        assert_eq!(parsed(&header(0x21, 0x11, &v4)), said);
        let with_more = [&v4[..], &[3, 0, 4, 1, 2, 3, 4]].concat();
        assert_eq!(parsed(&header(0x21, 0x11, &with_more)), said);
        let v6 = [&Ipv6Addr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]).octets()[..], &[0; 16]];
        let v6 = [v6.concat(), vec![0, 80, 0, 80]].concat();
        let said = Some(Said::Client("[2001:db8::7]:80".parse().unwrap()));
        assert_eq!(parsed(&header(0x21, 0x21, &v6)), said);
    }

    #[test]
    fn a_proxy_may_speak_for_itself() {
        assert_eq!(parsed(&header(0x20, 0x00, &[])), Some(Said::Nobody));
        assert_eq!(parsed(&header(0x20, 0x11, &[0; 12])), Some(Said::Nobody));
        assert_eq!(parsed(&header(0x21, 0x00, &[])), Some(Said::Nobody));
        assert_eq!(parsed(&header(0x21, 0x31, &[0; 216])), Some(Said::Nobody));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let v4 = header(0x21, 0x11, &[1, 2, 3, 4, 10, 0, 0, 1, 0x1f, 0x90, 0, 80]);
        for cut in 0..v4.len() {
            assert_eq!(parsed(&v4[..cut]), None, "{cut}");
        }
        for (command, family, length) in [
            (0x11, 0x11, 12),
            (0x22, 0x11, 12),
            (0x21, 0x41, 12),
            (0x21, 0x11, 11),
            (0x21, 0x21, 35),
        ] {
            assert_eq!(parsed(&header(command, family, &vec![0; length])), None, "{command:x}");
        }
        assert_eq!(parsed(&header(0x20, 0x00, &[0; LONGEST + 1])), None);
        for at in 0..12 {
            let mut other = v4.clone();
            other[at] ^= 1;
            assert_eq!(parsed(&other), None);
        }
    }
}
