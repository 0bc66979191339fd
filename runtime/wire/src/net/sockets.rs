//! The system's sockets: TCP and Unix.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::Path;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::process::geteuid;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::quiet::QuietStream;
use super::transport::{Accepting, Opening, Stream, Transport};
use super::{Address, Peer, PeerIdentity, Refusal};

/// Data that isn't acknowledged for so long means that the peer is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(3);

/// Opens TCP and Unix sockets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sockets;

impl Transport for Sockets {
    fn connect(&self, address: &Address) -> Opening<Stream> {
        match address.clone() {
            Address::Tcp { host, port } => Box::pin(async move {
                let stream = TcpStream::connect((host.as_str(), port)).await?;
                tune(&stream)?;
                Ok(Box::new(stream) as Stream)
            }),
            Address::Unix(path) => Box::pin(async move {
                let stream = UnixStream::connect(path).await?;
                let uid = stream.peer_cred()?.uid();
                if uid != geteuid().as_raw() {
                    return Err(Refusal::OtherUser { uid }.into_io());
                }
                Ok(Box::new(QuietStream::new(stream)?) as Stream)
            }),
        }
    }

    fn listen(&self, address: &Address) -> Opening<Box<dyn Accepting>> {
        let address = address.clone();
        Box::pin(async move {
            Ok(match &address {
                Address::Tcp { host, port } => {
                    let listener = TcpListener::bind((host.as_str(), *port)).await?;
                    let port = listener.local_addr()?.port();
                    let address = Address::Tcp { host: host.clone(), port };
                    Box::new(Tcp { listener, address }) as Box<dyn Accepting>
                }
                Address::Unix(path) => {
                    let listener = bind_unix(path).await?;
                    Box::new(Unix { listener, address }) as Box<dyn Accepting>
                }
            })
        })
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// Binds a Unix socket that only its owner may open, in the place of one that nobody serves. A folder
/// that isn't there is made, for its owner alone.
async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let listener = match UnixListener::bind(path) {
        // Whatever isn't a socket refuses connections, too, and is somebody's file.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_socket(path) => {
            match UnixStream::connect(path).await {
                Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    UnixListener::bind(path)?
                }
                _ => return Err(error),
            }
        }
        bound => bound?,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

struct Tcp {
    listener: TcpListener,
    address: Address,
}

impl Accepting for Tcp {
    fn address(&self) -> &Address {
        &self.address
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
        let peer = Peer::unproved(peer.to_string());
        Poll::Ready(tune(&stream).map(|()| (Box::new(stream) as Stream, peer)))
    }
}

struct Unix {
    listener: UnixListener,
    address: Address,
}

impl Accepting for Unix {
    fn address(&self) -> &Address {
        &self.address
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        let (stream, _) = ready!(self.listener.poll_accept(cx))?;
        let peer = who_dialled(&stream, self.address.to_string());
        let stream = QuietStream::new(stream)?;
        Poll::Ready(Ok((Box::new(stream) as Stream, peer)))
    }
}

/// The process at the other end, if the system tells. The address is this side's: who dials a Unix
/// socket has none.
fn who_dialled(stream: &UnixStream, address: String) -> Peer {
    match stream.peer_cred() {
        Ok(process) => {
            Peer::proved(address, PeerIdentity::Process { uid: process.uid(), pid: process.pid() })
        }
        Err(_) => Peer::unproved(address),
    }
}

impl Drop for Unix {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            // Whether it still was there matters to nobody.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[tokio::test]
    async fn who_dials_a_unix_socket_is_known_and_who_dials_over_tcp_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pay.sock");
        let accept = async |address: Address| {
            let mut listener = Sockets.listen(&address).await.unwrap();
            let _stream = Sockets.connect(listener.address()).await.unwrap();
            std::future::poll_fn(|cx| listener.poll_accept(cx)).await.unwrap().1
        };
        let peer = accept(Address::Unix(path.clone())).await;
        assert_eq!(peer.address, format!("unix:{}", path.display()));
        let Some(PeerIdentity::Process { uid, pid }) = peer.identity else { panic!("{peer}") };
        assert_eq!(uid, std::fs::metadata(folder.path()).unwrap().uid());
        assert!(pid.is_none_or(|pid| pid.unsigned_abs() == std::process::id()), "{pid:?}");

        let peer = accept("127.0.0.1:0".parse().unwrap()).await;
        assert!(peer.address.starts_with("127.0.0.1:") && peer.identity.is_none(), "{peer}");
    }

    #[tokio::test]
    async fn a_unix_socket_takes_the_place_of_a_dead_one_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links/pay.sock");
        let first = bind_unix(&path).await.unwrap();
        let mode = std::fs::metadata(folder.path().join("links")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let taken = bind_unix(&path).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse, "somebody serves it");
        drop(first);
        bind_unix(&path).await.unwrap();

        let file = folder.path().join("letter");
        std::fs::write(&file, "dear").unwrap();
        assert_eq!(bind_unix(&file).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "dear");
    }
}
