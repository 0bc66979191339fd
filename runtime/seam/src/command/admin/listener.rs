//! The listener of this process.

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs as _},
    sync::Arc,
};

use seam_admin::{Admin, OperatorToken, Steering};

use super::{
    super::{Failure, Program},
    post::Post,
    units::App,
};
use crate::config::{Address, Config};

/// A socket that listens, and that nobody serves yet.
#[derive(Debug)]
pub(in crate::command) struct Opening {
    socket: TcpListener,
    token: OperatorToken,
    post: Post,
}

/// A listener that serves. Dropped, it is gone.
#[derive(Debug)]
pub(in crate::command) struct Listener {
    _admin: Admin,
    _post: Post,
}

impl Opening {
    /// Takes the address that the config says, for the process of that name; `None` if it says none.
    ///
    /// # Errors
    /// The address is taken, or the data folder can't be written.
    pub(in crate::command) fn take(config: &Config, name: &str) -> Result<Option<Self>, Failure> {
        let Some(listen) = &config.admin.listen else { return Ok(None) };
        let data = &config.app.data;
        let token = OperatorToken::open(data).map_err(Failure::other)?;
        let socket = bind(listen, config.admin.fixed).map_err(|error| taken(listen, &error))?;
        let address = socket.local_addr().map_err(Failure::other)?;
        let post = Post::put(data, name, address).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                Failure::other(format!("an admin listener of `{name}` runs already"))
            }
            _ => Failure::other(format!("the admin listener can't say where it is: {error}")),
        })?;
        Ok(Some(Self { socket, token, post }))
    }

    /// Where it is, with the real port.
    ///
    /// # Errors
    /// The system doesn't tell.
    pub(super) fn address(&self) -> Result<SocketAddr, Failure> {
        self.socket.local_addr().map_err(Failure::other)
    }

    /// Serves from now on.
    ///
    /// # Errors
    /// The system has no more threads, say.
    pub(in crate::command) fn serve<P: Program>(
        self,
        config: &Config,
        app: App<P>,
    ) -> Result<Listener, Failure> {
        let steering = Steering::new(&config.app.data);
        let settings = config.admin.settings();
        app.watch();
        let admin = Admin::start(self.socket, settings, self.token, Arc::new(app), steering);
        let admin = admin.map_err(|error| {
            Failure::other(format!("the admin listener can't be started: {error}"))
        })?;
        Ok(Listener { _admin: admin, _post: self.post })
    }
}

/// One that nobody asked for by its port takes another one if it must.
fn bind(listen: &Address, fixed: bool) -> io::Result<TcpListener> {
    let Address::Tcp { host, port } = listen else {
        return Err(io::Error::other("it serves HOST:PORT, no Unix socket"));
    };
    let none = || io::Error::other("the name stands for no address");
    let address: SocketAddr = (host.as_str(), *port).to_socket_addrs()?.next().ok_or_else(none)?;
    // A name may stand for anything.
    if !address.ip().is_loopback() {
        return Err(io::Error::other(format!("{address} can be reached from other machines")));
    }
    match TcpListener::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && !fixed => {
            TcpListener::bind((address.ip(), 0))
        }
        bound => bound,
    }
}

fn taken(listen: &Address, error: &io::Error) -> Failure {
    let other = "name another in `listen` of [admin], or by SEAM__ADMIN__LISTEN=…";
    let why = match (error.kind(), listen) {
        (io::ErrorKind::AddrInUse, Address::Tcp { port, .. }) => format!(
            "port {port} is taken\n  \
             fix: stop the program that has it (`ss -ltnp 'sport = :{port}'` names it), or {other}"
        ),
        _ => format!("{error}\n  fix: {other}"),
    };
    Failure::other(format!("can't serve the admin listener on {listen}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_nobody_asked_for_gives_way() {
        let first = bind(&"127.0.0.1:0".parse().unwrap(), true).unwrap();
        let taken: Address = first.local_addr().unwrap().to_string().parse().unwrap();
        let other = bind(&taken, false).unwrap();
        assert_ne!(other.local_addr().unwrap(), first.local_addr().unwrap());
        let error = bind(&taken, true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let text = super::taken(&taken, &error).text;
        assert!(text.contains("is taken\n  fix: stop the program"), "{text}");
        assert!(bind(&"0.0.0.0:0".parse().unwrap(), true).is_err());
    }
}
