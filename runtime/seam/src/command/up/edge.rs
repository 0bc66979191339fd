//! The sockets on which a unit serves HTTP: `up` holds them, and all instances of the unit accept
//! connections from them, so that none is reset when one of them leaves.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
};

use seam_gateway::EdgeListener;

use crate::{
    command::birth::Given,
    config::{Address, UnitLayout},
    unit::{StartFailure, Taker, listen},
};

/// The sockets of a unit's edge. Clones are the same.
#[derive(Clone, Debug)]
pub(in crate::command) struct EdgeSocket(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    http: Option<Held>,
    https: Option<Held>,
    /// The instances that serve, or will once they are started again.
    serving: RefCell<BTreeSet<u16>>,
}

/// One of them.
#[derive(Debug)]
struct Held {
    /// Where it is, with the real port.
    address: SocketAddr,
    /// Gone while every instance is away, so that connections are refused.
    listener: RefCell<Option<EdgeListener>>,
}

impl Held {
    fn bind(address: &Address, key: &'static str, unit: &str) -> Result<Self, StartFailure> {
        let listener = listen(address, key, unit, Taker::Unit)?;
        let address = listener.address()?;
        Ok(Self { address, listener: RefCell::new(Some(listener)) })
    }

    /// The same, for another process.
    fn given(&self) -> io::Result<TcpListener> {
        let mut listener = self.listener.borrow_mut();
        let listener = match &mut *listener {
            Some(listener) => listener,
            none => none.insert(EdgeListener::bind(self.address)?),
        };
        listener.socket().try_clone()
    }
}

impl EdgeSocket {
    /// Takes the addresses at which a unit serves HTTP; `None` if it has no edge.
    ///
    /// # Errors
    /// Another program has one of them, say.
    pub(in crate::command) fn bind(layout: &UnitLayout) -> Result<Option<Self>, StartFailure> {
        if !layout.has_edge() {
            return Ok(None);
        }
        let held = |key, address: &Option<Address>| {
            address.as_ref().map(|address| Held::bind(address, key, &layout.unit)).transpose()
        };
        Ok(Some(Self(Rc::new(Shared {
            http: held("http", &layout.http)?,
            https: held("https", &layout.https)?,
            serving: RefCell::default(),
        }))))
    }

    /// The sockets, for a process of an instance that is started now.
    ///
    /// # Errors
    /// Every instance was away, and another program has taken an address meanwhile.
    pub(super) fn enter(&self, instance: u16) -> io::Result<Given> {
        let given = |held: &Option<Held>| held.as_ref().map(Held::given).transpose();
        let given = Given { http: given(&self.0.http)?, https: given(&self.0.https)? };
        self.0.serving.borrow_mut().insert(instance);
        Ok(given)
    }

    /// An instance is told to end, and isn't started again at once. Whether it is the last one, which
    /// shuts the sockets in good order.
    pub(super) fn leave(&self, instance: u16) -> bool {
        let mut serving = self.0.serving.borrow_mut();
        serving.remove(&instance) && serving.is_empty()
    }

    /// A process has ended. If it was the last one, whoever wants to connect is refused from now on.
    pub(super) fn ended(&self) {
        if self.0.serving.borrow().is_empty() {
            for held in [&self.0.http, &self.0.https].into_iter().flatten() {
                held.listener.take();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn they_are_there_for_as_long_as_an_instance_is() {
        let held = |key| Some(Held::bind(&"127.0.0.1:0".parse().unwrap(), key, "front").unwrap());
        let (http, https) = (held("http"), held("https"));
        let addresses = [&http, &https].map(|held| held.as_ref().unwrap().address);
        let edge = EdgeSocket(Rc::new(Shared { http, https, serving: RefCell::default() }));
        let all = |given: &Given| {
            [&given.http, &given.https].map(|socket| socket.as_ref().unwrap().local_addr().unwrap())
        };
        let is_there = || addresses.map(|address| TcpStream::connect(address).is_ok());
        let (one, other) = (edge.enter(0).unwrap(), edge.enter(1).unwrap());
        assert_eq!((all(&one), all(&other)), (addresses, addresses));
        assert!(!edge.leave(0), "the other is left");
        drop(one);
        edge.ended();
        assert_eq!(is_there(), [true; 2]);
        assert!(edge.leave(1) && !edge.leave(1));
        drop(other);
        edge.ended();
        assert_eq!(is_there(), [false; 2]);
        let again = edge.enter(1).unwrap();
        assert_eq!(all(&again), addresses);
        assert_eq!(is_there(), [true; 2]);
    }
}
