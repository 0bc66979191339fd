//! The socket on which a unit serves HTTP: `up` holds it, and all instances of the unit accept
//! connections from it, so that none is reset when one of them leaves.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
};

use seam_gateway::EdgeListener;

use crate::{
    config::Address,
    unit::{StartFailure, Taker, listen},
};

/// The socket of a unit's edge. Clones are the same.
#[derive(Clone, Debug)]
pub(in crate::command) struct EdgeSocket(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Where it is, with the real port.
    address: SocketAddr,
    /// Gone while every instance is away, so that connections are refused.
    listener: RefCell<Option<EdgeListener>>,
    /// The instances that serve, or will once they are started again.
    serving: RefCell<BTreeSet<u16>>,
}

impl EdgeSocket {
    /// Takes the address at which a unit serves HTTP.
    ///
    /// # Errors
    /// Another program has it, say.
    pub(in crate::command) fn bind(http: &Address, unit: &str) -> Result<Self, StartFailure> {
        let listener = listen(http, unit, Taker::Unit)?;
        let address = listener.address()?;
        Ok(Self(Rc::new(Shared {
            address,
            listener: RefCell::new(Some(listener)),
            serving: RefCell::default(),
        })))
    }

    /// The socket, for a process of an instance that is started now.
    ///
    /// # Errors
    /// Every instance was away, and another program has taken the address meanwhile.
    pub(super) fn enter(&self, instance: u16) -> io::Result<TcpListener> {
        let mut listener = self.0.listener.borrow_mut();
        let listener = match &mut *listener {
            Some(listener) => listener,
            none => none.insert(EdgeListener::bind(self.0.address)?),
        };
        let socket = listener.socket().try_clone()?;
        self.0.serving.borrow_mut().insert(instance);
        Ok(socket)
    }

    /// An instance is told to end, and isn't started again at once. Whether it is the last one, which
    /// shuts the socket in good order.
    pub(super) fn leave(&self, instance: u16) -> bool {
        let mut serving = self.0.serving.borrow_mut();
        serving.remove(&instance) && serving.is_empty()
    }

    /// A process has ended. If it was the last one, whoever wants to connect is refused from now on.
    pub(super) fn ended(&self) {
        if self.0.serving.borrow().is_empty() {
            self.0.listener.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn it_is_there_for_as_long_as_an_instance_is() {
        let edge = EdgeSocket::bind(&"127.0.0.1:0".parse().unwrap(), "front").unwrap();
        let address = edge.0.address;
        let (one, other) = (edge.enter(0).unwrap(), edge.enter(1).unwrap());
        assert_eq!((one.local_addr().unwrap(), other.local_addr().unwrap()), (address, address));
        assert!(!edge.leave(0), "the other is left");
        drop(one);
        edge.ended();
        assert!(TcpStream::connect(address).is_ok());
        assert!(edge.leave(1) && !edge.leave(1));
        drop(other);
        edge.ended();
        assert!(TcpStream::connect(address).is_err());
        let again = edge.enter(1).unwrap();
        assert_eq!(again.local_addr().unwrap(), address);
        assert!(TcpStream::connect(address).is_ok());
    }
}
