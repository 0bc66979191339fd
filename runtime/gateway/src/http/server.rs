//! The threads of an edge: a runtime of its own, started and stopped from any other.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpServiceBuilder, KeepAlive, Request};
use actix_rt::net::TcpStream;
use actix_server::{Server, ServerBuilder, ServerHandle};
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::connections::Connections;
use super::exchange::exchange;
use super::h2;
use super::listener::{EdgeListener, EdgeListeners};
use super::opening::{self, Door, Opened};
use super::stream::WatchedStream;
use super::tls::EdgeTls;
use super::waits::LINGER;
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
    /// The same sockets as the server's: they listen until both are dropped.
    pub(crate) listeners: Vec<EdgeListener>,
}

/// actix's own limits, out of the way of ours.
const WITHOUT_LIMIT: usize = 1 << 20;
/// The grace period is [`Edge::stop`](crate::Edge::stop)'s business; in seconds.
const LONG: u64 = 24 * 60 * 60;

/// Starts the threads; what comes from now on waits in the listeners until they are up.
///
/// There is no actix system around them: then each of the server's threads has a runtime that runs
/// what is local to it as it runs everything else. In a system, connections are in a set of their
/// own within the runtime, which costs each wake-up of one a round through both.
pub(crate) fn start(shared: Arc<Shared>, listeners: EdgeListeners) -> io::Result<Running> {
    let connections = Arc::clone(&shared.connections);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let EdgeListeners { http, https } = listeners;
    if let Some((_, tls)) = &https {
        runtime.spawn(tls.watching());
    }
    let http = http.map(|listener| (listener, None));
    let https = https.map(|(listener, tls)| (listener, Some(tls)));
    let mut listeners = Vec::new();
    let server = {
        let _within = runtime.enter();
        let mut server = server(&shared);
        for (listener, tls) in http.into_iter().chain(https) {
            server = listen(server, &shared, &listener, tls)?;
            listeners.push(listener);
        }
        server.run()
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
        // A look at a certificate's files may hang.
        runtime.shutdown_background();
        let _ = ended.send(());
    })?;
    Ok(Running { handle, lives, over, connections, listeners })
}

fn server(shared: &Shared) -> ServerBuilder {
    Server::build()
        .workers(shared.settings.load().workers.clamp(1, 512))
        .max_concurrent_connections(WITHOUT_LIMIT)
        .shutdown_timeout(LONG)
        .disable_signals()
}

/// Accepts what comes in by `listener`, on all threads.
fn listen(
    server: ServerBuilder,
    shared: &Arc<Shared>,
    listener: &EdgeListener,
    tls: Option<EdgeTls>,
) -> io::Result<ServerBuilder> {
    let address = listener.address()?;
    let idle_time = shared.settings.load().limits.idle_time;
    let (shared, door) = (Arc::clone(shared), Door::new(address, tls));
    let name = if door.tls.is_some() { "edge, by TLS" } else { "edge" };
    server.listen(name, listener.socket().try_clone()?, move || {
        let worker = Rc::new(Worker::new(Arc::clone(&shared)));
        let door = Rc::new(door.clone());
        fn_factory(move || {
            let (worker, door) = (Rc::clone(&worker), Rc::clone(&door));
            async move {
                if !worker.prepare().await {
                    return Err("the program's own routes");
                }
                let http1 = http1(&worker, address, idle_time).new_service(()).await;
                let http1 = Rc::new(http1.map_err(|()| "HTTP/1.1")?);
                Ok(fn_service(move |tcp: TcpStream| {
                    let (worker, door) = (Rc::clone(&worker), Rc::clone(&door));
                    let http1 = Rc::clone(&http1);
                    async move { serve(worker, &door, &*http1, tcp).await }
                }))
            }
        })
    })
}

/// HTTP/1.1 by actix. No `App`: the routes are the contracts' own, and a router with nothing in it
/// has a price.
fn http1(
    worker: &Rc<Worker>,
    address: SocketAddr,
    idle_time: Duration,
) -> impl ServiceFactory<
    (WatchedStream, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> + use<> {
    let worker = Rc::clone(worker);
    let answer = move |request: Request| exchange(Rc::clone(&worker), request);
    HttpServiceBuilder::default()
        .keep_alive(KeepAlive::Timeout(idle_time))
        // Heads are timed by the stream, for each request and not for the first alone.
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(LINGER)
        // A client that goes away ends its request.
        .h1_allow_half_closed(false)
        .local_addr(address)
        .on_connect_ext(|io: &WatchedStream, data| drop(data.insert(io.connection())))
        .h1(fn_service(answer))
}

/// Serves a connection to its end.
async fn serve(
    worker: Rc<Worker>,
    door: &Door,
    http1: &impl Service<(WatchedStream, Option<SocketAddr>), Response = (), Error = DispatchError>,
    tcp: TcpStream,
) -> Result<(), DispatchError> {
    let settings = worker.settings();
    let limits = settings.limits;
    let (tcp, ticket, peer) = opening::admit(tcp, &worker.shared.connections, &settings)
        .await
        .map_err(DispatchError::Io)?;
    let opened = door.open(tcp, &limits, &ticket).await;
    let opened = opened.inspect_err(|error| tracing::debug!(%peer, %error, "no HTTP came of it"));
    match opened.map_err(DispatchError::Io)? {
        Opened::Http1 { io, late } => {
            let (errors, shape) = (Arc::clone(&settings.errors), &worker.shared.own.problems);
            let mut stream = WatchedStream::new(io, limits, ticket, errors, shape.clone());
            if late {
                stream.is_late();
            }
            http1.call((stream, Some(peer))).await
        }
        Opened::Http2(io) => {
            h2::serve(worker, io, limits, ticket, peer).await;
            Ok(())
        }
    }
}
