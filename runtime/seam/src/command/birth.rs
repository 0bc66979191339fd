//! What `up` gives each process that it starts, over a socket pair whose one end is the process's
//! standard input: the config that holds, so that nobody else reads the file, and the socket of the
//! unit's edge, so that all its instances have one queue of connections.
//!
//! First comes one message: its length in four bytes, little-endian, and a JSON object; the sockets
//! come with it, by `SCM_RIGHTS`, that of `http` before that of `https`. Bytes that come later are words, and the end of the stream says
//! that `up` has gone.

use std::{
    io::{self, IoSlice, IoSliceMut, Read as _},
    mem::MaybeUninit,
    net::TcpListener,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream as Blocking,
    },
    time::Duration,
};

use rustix::{
    cmsg_space,
    io::{FdFlags, fcntl_setfd},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};
use seam_gateway::{EdgeListener, LastOne};
use serde::{Deserialize, Serialize};
use tokio::{io::Interest, net::UnixStream};

use crate::{
    config::{LiveSetting, Over, Source},
    unit::EdgeSockets,
};

/// The longest message: a config file and its profile of the greatest length, in which every byte is
/// escaped, and what was set.
const LONGEST: usize = 16 << 20;
/// How long a process waits for the message of who has started it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The word that says: no other instance of the unit accepts connections once this one doesn't.
pub(super) const LAST: u8 = b'l';

/// What a process begins with.
#[derive(Debug)]
pub(super) struct Birth {
    /// The config that holds.
    pub(super) config: Source,
    /// The sockets of the unit's edge.
    pub(super) edge: Given,
}

/// The sockets of a unit's edge, if it has one.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) http: Option<TcpListener>,
    pub(super) https: Option<TcpListener>,
}

impl Given {
    /// For the edge that shares them; `last` says when nobody else does.
    pub(super) fn shared(self, last: &LastOne) -> EdgeSockets {
        let shared = |socket| EdgeListener::shared(socket, last.clone());
        EdgeSockets { http: self.http.map(shared), https: self.https.map(shared) }
    }
}

/// The message.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Message {
    /// What the config file is called.
    file: String,
    /// Its text.
    config: String,
    /// The file of the profile that lies over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<Box<Over>>,
    /// What was set while the app ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    set: Vec<LiveSetting>,
    /// Whether the socket of `http` comes with it.
    http: bool,
    /// Whether that of `https` does.
    #[serde(default)]
    https: bool,
}

impl Birth {
    /// Gives it to a process.
    ///
    /// # Errors
    /// The process has ended.
    pub(super) async fn give(&self, to: &UnixStream) -> io::Result<()> {
        let Source { name, text, over, set } = self.config.clone();
        let Given { http, https } = &self.edge;
        let (has_http, has_https) = (http.is_some(), https.is_some());
        let message =
            Message { file: name, config: text, over, set, http: has_http, https: has_https };
        let text = serde_json::to_vec(&message)?;
        let length = u32::try_from(text.len()).ok().filter(|length| *length as usize <= LONGEST);
        let length = length.ok_or_else(|| io::Error::other("the config is too long"))?;
        let all = [&length.to_le_bytes()[..], &text].concat();
        let mut sockets: Vec<_> = [http, https].into_iter().flatten().map(AsFd::as_fd).collect();
        let mut rest = &all[..];
        while !rest.is_empty() {
            let sent = to.async_io(Interest::WRITABLE, || send(to, rest, &sockets)).await?;
            rest = &rest[sent..];
            // They have gone with the first bytes.
            sockets.clear();
        }
        Ok(())
    }

    /// Takes it from who has started this process.
    ///
    /// # Errors
    /// It isn't `up` that did, or `up` has gone.
    pub(super) fn take(from: &Blocking) -> io::Result<Self> {
        from.set_read_timeout(Some(PATIENCE))?;
        let mut length = [0; 4];
        let (mut read, mut sockets) = (0, Vec::new());
        while read < length.len() {
            let some = receive(from, &mut length[read..], &mut sockets)?;
            if some == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            read += some;
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it sends no config"));
        }
        let mut text = vec![0; length];
        let mut from = from;
        from.read_exact(&mut text)?;
        from.set_read_timeout(None)?;
        let Message { file, config, over, set, http, https } = serde_json::from_slice(&text)?;
        if usize::from(http) + usize::from(https) != sockets.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the edge's socket is missing"));
        }
        let mut sockets = sockets.into_iter().map(TcpListener::from);
        let mut next = |comes: bool| sockets.next().filter(|_| comes);
        let edge = match (http, https) {
            (true, _) => Given { http: next(true), https: next(https) },
            (false, comes) => Given { http: None, https: next(comes) },
        };
        Ok(Self { config: Source { name: file, text: config, over, set }, edge })
    }
}

/// Sends some of the bytes, and sockets with the first of them.
fn send(to: &UnixStream, bytes: &[u8], sockets: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !sockets.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(sockets));
    }
    Ok(sendmsg(to, &[IoSlice::new(bytes)], &mut control, SendFlags::empty())?)
}

/// Receives some bytes, and the sockets that came with them.
fn receive(from: &Blocking, bytes: &mut [u8], sockets: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let read = loop {
        match recvmsg(from, &mut [IoSliceMut::new(bytes)], &mut control, RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            read => break read?.bytes,
        }
    };
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(come) = message {
            sockets.extend(come);
        }
    }
    for socket in sockets {
        // What this process starts itself has no business with it.
        fcntl_setfd(socket, FdFlags::CLOEXEC)?;
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    async fn given(birth: Birth) -> io::Result<Birth> {
        let (ours, theirs) = Blocking::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let ours = UnixStream::from_std(ours).unwrap();
        let taking = tokio::task::spawn_blocking(move || Birth::take(&theirs));
        birth.give(&ours).await?;
        taking.await.unwrap()
    }

    fn source(text: String) -> Source {
        Source::of("conf/app.toml", text)
    }

    #[tokio::test]
    async fn a_config_of_any_length_arrives_with_the_sockets() {
        let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
        let address = |listener: &TcpListener| listener.local_addr().unwrap();
        // More than a socket holds.
        let text = "# \"\u{1}\u{fc}\"\n".repeat(100_000);
        for which in [(false, false), (true, false), (false, true), (true, true)] {
            let http = which.0.then(listener);
            let https = which.1.then(listener);
            let here = (http.as_ref().map(address), https.as_ref().map(address));
            let birth = Birth { config: source(text.clone()), edge: Given { http, https } };
            let taken = given(birth).await.unwrap();
            assert_eq!((taken.config.name.as_str(), &taken.config.text), ("conf/app.toml", &text));
            let Given { http, https } = &taken.edge;
            assert_eq!((http.as_ref().map(address), https.as_ref().map(address)), here);
        }
    }

    #[test]
    fn who_is_not_started_by_up_is_told_nothing() {
        let (ours, theirs) = Blocking::pair().unwrap();
        drop(ours);
        assert_eq!(Birth::take(&theirs).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        for bytes in [&b"\xff\xff\xff\xffx"[..], b"\x02\0\0\0{}", b"\x01\0\0\0{}"] {
            let (mut ours, theirs) = Blocking::pair().unwrap();
            ours.write_all(bytes).unwrap();
            assert!(Birth::take(&theirs).is_err());
        }
        let message = br#"{"file":"a","config":"","http":true}"#;
        let (mut ours, theirs) = Blocking::pair().unwrap();
        ours.write_all(&u32::to_le_bytes(message.len() as u32)).unwrap();
        ours.write_all(message).unwrap();
        let error = Birth::take(&theirs).unwrap_err().to_string();
        assert!(error.contains("socket is missing"), "{error}");
    }
}
