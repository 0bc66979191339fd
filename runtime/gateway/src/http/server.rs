//! The threads of an edge: a runtime of its own, started and stopped from any other.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpServiceBuilder, KeepAlive, Request};
use actix_rt::net::TcpStream;
use actix_server::{Server, ServerHandle};
use actix_service::{ServiceFactoryExt, fn_factory, fn_service};
use ipnet::IpNet;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::connections::{Connections, Phase, Ticket};
use super::exchange::exchange;
use super::listener::EdgeListener;
use super::proxy::{self, Said};
use super::stream::WatchedStream;
use super::waits::LINGER;
use crate::request::is_trusted;
use crate::settings::EdgeLimits;
use crate::worker::{Shared, Worker};

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) handle: ServerHandle,
    /// Dropped to cut off what still runs.
    pub(crate) lives: oneshot::Sender<()>,
    /// Told when the server is gone.
    pub(crate) over: oneshot::Receiver<()>,
    pub(crate) connections: Arc<Connections>,
    /// The same socket as the server's: it listens until both are dropped.
    pub(crate) listener: EdgeListener,
}

/// actix's own limits, out of the way of ours.
const WITHOUT_LIMIT: usize = 1 << 20;
/// The grace period is [`Edge::stop`](crate::Edge::stop)'s business; in seconds.
const LONG: u64 = 24 * 60 * 60;

/// Starts the threads; what comes from now on waits in the listener until they are up.
///
/// There is no actix system around them: then each of the server's threads has a runtime that runs
/// what is local to it as it runs everything else. In a system, connections are in a set of their
/// own within the runtime, which costs each wake-up of one a round through both.
pub(crate) fn start(shared: Arc<Shared>, listener: EdgeListener) -> io::Result<Running> {
    let connections = Arc::clone(&shared.connections);
    let theirs = listener.socket().try_clone()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let server = {
        let _within = runtime.enter();
        server(shared, theirs)?
    };
    let handle = server.handle();
    let (lives, cut_off) = oneshot::channel();
    let (ended, over) = oneshot::channel();
    std::thread::Builder::new().name("edge".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                served = server => if let Err(error) = served {
                    tracing::error!(%error, "the edge's server failed");
                },
                // The server is dropped, and that ends its threads.
                _ = cut_off => {}
            }
        });
        let _ = ended.send(());
    })?;
    Ok(Running { handle, lives, over, connections, listener })
}

fn server(shared: Arc<Shared>, listener: TcpListener) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let connections = Arc::clone(&shared.connections);
    let (workers, idle_time) = {
        let settings = shared.settings.load();
        (settings.workers.clamp(1, 512), settings.limits.idle_time)
    };
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(WITHOUT_LIMIT)
        .shutdown_timeout(LONG)
        .disable_signals();
    let builder = builder.listen("edge", listener, move || {
        let worker = Rc::new(Worker::new(Arc::clone(&shared)));
        let serving = Rc::clone(&worker);
        // No `App`: the routes are the contracts' own, and a router with nothing in it has a price.
        let service = fn_factory(move || {
            let worker = Rc::clone(&serving);
            async move {
                let prepared = worker.prepare().await;
                let answer = move |request: Request| exchange(Rc::clone(&worker), request);
                prepared.then(|| fn_service(answer)).ok_or("the program's own routes")
            }
        });
        let http = HttpServiceBuilder::default()
            .keep_alive(KeepAlive::Timeout(idle_time))
            // Heads are timed by the stream, for each request and not for the first alone.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            // A client that goes away ends its request.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .on_connect_ext(|io: &WatchedStream, data| drop(data.insert(io.connection())))
            .h1(service);
        let connections = Arc::clone(&connections);
        fn_service(move |io: TcpStream| {
            let settings = worker.settings();
            let (limits, errors) = (settings.limits, Arc::clone(&settings.errors));
            let (connections, trusted) = (Arc::clone(&connections), Arc::clone(&settings.trusted));
            let shape = worker.shared.own.problems.clone();
            async move {
                let (io, ticket, address) = admit(io, &connections, &limits, &trusted).await?;
                let stream = WatchedStream::new(io, limits, ticket, errors, shape);
                Ok((stream, Some(address)))
            }
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}

type Admitted = (TcpStream, Ticket, SocketAddr);

async fn admit(
    mut io: TcpStream,
    connections: &Arc<Connections>,
    limits: &EdgeLimits,
    trusted: &[IpNet],
) -> Result<Admitted, DispatchError> {
    let address = io.peer_addr().map_err(DispatchError::Io)?;
    let _ = io.set_nodelay(true);
    let too_many = |address: SocketAddr| {
        tracing::debug!(%address, "a connection too many is closed");
        DispatchError::Io(io::Error::other("too many connections"))
    };
    if !is_trusted(trusted, address.ip()) {
        let ticket = connections.admit(address.ip(), limits).ok_or_else(|| too_many(address))?;
        return Ok((io, ticket, address));
    }
    let ticket = connections.admit_proxy(address.ip(), limits);
    let mut ticket = ticket.ok_or_else(|| too_many(address))?;
    let is_over = || ticket.phase() == Phase::Closing;
    let said = proxy::read(&mut io, limits.head_time, is_over).await.inspect_err(|error| {
        tracing::debug!(%address, %error, "a connection without a PROXY header that is one");
    });
    match said.map_err(DispatchError::Io)? {
        Said::Nobody => Ok((io, ticket, address)),
        Said::Client(client) if ticket.belongs_to(client.ip(), limits) => Ok((io, ticket, client)),
        Said::Client(client) => Err(too_many(client)),
    }
}
