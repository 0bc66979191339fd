//! The listening side of a unit: accepts connections and lets their calls in.

mod authorities;
mod budget;
mod connection;
mod connections;
mod contexts;
mod offers;
mod running;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use seam_core::call::{Authority, Guests};
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use seam_core::time::Clock;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use self::authorities::Authorities;
use self::budget::Budget;
use self::connection::Shared;
use self::connections::Connections;
use self::offers::Board;
pub use self::offers::Offers;
use crate::identity::{Identity, offer};
use crate::limits::Timeouts;
use crate::net::{Accepting, Address, BeyondLoopback, Sockets, Transport};

/// Connections that one listener holds at most, unless told otherwise.
pub const MAX_CONNECTIONS: usize = 1_024;
/// Connections whose hello hasn't come yet; beyond so many, the oldest of them makes room.
pub const MAX_HANDSHAKES: usize = 64;

/// What connections may hold for large frames, all together.
const MEMORY: usize = 256 << 20;
/// How long to wait after an accept that failed.
const PAUSE: Duration = Duration::from_millis(50);

/// What a server needs besides an address and its services.
#[derive(Clone)]
pub struct ServerConfig {
    /// Who this unit is.
    pub identity: Identity,
    /// How many connections it holds at most; default [`MAX_CONNECTIONS`]. Further ones are turned
    /// away.
    pub connections: usize,
    /// Services that aren't active when it starts; default none. [`Server::offers`] changes that.
    pub inactive: Vec<ServiceId>,
    /// For whom each unit may call; by default anybody for anybody. A unit that isn't among them may call
    /// for nobody but `guests`. What is set holds for the next call of every connection.
    pub authorities: Option<Live<Vec<Authority>>>,
    /// As whom units may call that aren't among those; by default as nobody.
    pub guests: Live<Guests>,
    /// How much memory all connections may hold together for large frames on their way, in bytes;
    /// default 256 MiB. Beyond it, connections that hold some are closed.
    pub memory: usize,
    /// Whether it may listen where other machines can reach it; by default it may not. For who has
    /// the transport prove who they are, or has the network keep strangers away.
    pub exposed: bool,
    /// How long to wait for peers.
    pub timeouts: Timeouts,
    /// Where time comes from.
    pub clock: Clock,
    /// What opens the listener.
    pub transport: Arc<dyn Transport>,
}

impl ServerConfig {
    /// The defaults: the system's sockets and clock.
    pub fn new(identity: Identity) -> Self {
        let (timeouts, clock) = (Timeouts::default(), Clock::fast());
        let transport = Arc::new(Sockets);
        let (connections, inactive) = (MAX_CONNECTIONS, Vec::new());
        let memory = MEMORY;
        let (exposed, authorities) = (false, None);
        Self {
            identity,
            connections,
            inactive,
            authorities,
            guests: Live::new(Guests::default()),
            memory,
            exposed,
            timeouts,
            clock,
            transport,
        }
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// A server can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Other machines could reach it, and it isn't said that they may.
    #[error(transparent)]
    BeyondLoopback(#[from] BeyondLoopback),
    /// The system refuses.
    #[error("can't listen on {address}: {error}")]
    Io {
        /// Where.
        address: Address,
        /// What the system says.
        error: io::Error,
    },
}

/// A listener, and the connections that it has accepted.
///
/// Dropping it ends them all at once; [`Server::drain`] does so in good order.
pub struct Server {
    address: Address,
    board: Arc<Board>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens at `address` and lets calls into `inlets`: all services that it may ever host, whether
    /// they are active now or not. Everything runs on `runtime`.
    ///
    /// # Errors
    ///
    /// If the address is open to other machines, or the system refuses it.
    pub async fn start(
        config: ServerConfig,
        address: &Address,
        inlets: Vec<Arc<dyn Inlet>>,
        runtime: &Handle,
    ) -> Result<Self, ListenError> {
        if !config.exposed {
            address.check_listen()?;
        }
        let ServerConfig {
            identity,
            connections,
            inactive,
            authorities,
            guests,
            memory,
            timeouts,
            clock,
            transport,
            ..
        } = config;
        let budget = Arc::new(Budget::new(memory));
        let opening = transport.listen(address);
        // On the runtime that will drive the listener: a socket belongs to the one it's made on.
        let opened =
            runtime.spawn(opening).await.unwrap_or_else(|gone| Err(io::Error::other(gone)));
        let listener =
            opened.map_err(|error| ListenError::Io { address: address.clone(), error })?;
        let address = listener.address().clone();
        let offers = inlets.iter().map(|inlet| offer(inlet.service().name(), inlet.descriptor()));
        let hello = identity.hello(offers.collect());
        let board = Arc::new(Board::new(inlets, &inactive));
        let authorities = authorities.map(|units| Authorities::new(units, guests));
        let offers = Arc::clone(&board);
        let shared = Arc::new(Shared {
            hello,
            board: offers,
            authorities,
            connections,
            timeouts,
            clock,
            budget,
        });
        let accepting = runtime.spawn(accept(listener, shared));
        Ok(Self { address, board, accepting })
    }

    /// Where it listens; with the port that the system chose, if it was asked to.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Which of its services are active, to be changed while it runs.
    pub fn offers(&self) -> Offers {
        Offers::new(Arc::clone(&self.board))
    }

    /// Withdraws all offers; once peers have seen that, stops listening, says go-away on every
    /// connection, and returns once all calls taken before are answered. How long to wait for that is
    /// the caller's decision: dropping this ends the rest.
    pub async fn drain(mut self) {
        // Calls that left before their callers knew arrive meanwhile, and are taken.
        self.board.withdraw();
        self.board.seen().await;
        self.board.drain();
        // A listener that panicked has nothing left to drain.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

/// Accepts until the unit drains, then waits for the last connection.
async fn accept(mut listener: Box<dyn Accepting>, shared: Arc<Shared>) {
    let board = Arc::clone(&shared.board);
    let mut connections = Connections::new(shared);
    let mut stop = pin!(board.drained());
    loop {
        let next = poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            while connections.poll_ended(cx).is_ready() {}
            listener.poll_accept(cx).map(Some)
        });
        match next.await {
            None => break,
            Some(Ok((stream, peer))) => connections.serve(stream, peer),
            Some(Err(error)) => {
                // Mostly too many open files: give some the time to close.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.ended().await;
}
