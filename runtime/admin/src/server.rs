//! The listener's socket and its threads.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use tokio::runtime::Builder;

use crate::api::{State, handle};
use crate::auth::OperatorToken;
use crate::settings::AdminSettings;
use crate::steering::Steering;
use crate::units::Units;

/// How many connections there may be.
const CONNECTIONS: usize = 512;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(75);
/// How long a client may take to close its side.
const LINGER: Duration = Duration::from_secs(1);

/// An admin listener that serves. Dropped, it stops at once.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Admin {
    /// Serves on a socket that listens already, on threads of its own.
    ///
    /// # Errors
    /// The system has no more threads, say.
    pub fn start(
        listener: TcpListener,
        settings: AdminSettings,
        operator: OperatorToken,
        units: Arc<dyn Units>,
        steering: Steering,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let state = Data::new(State::new(settings, address, operator, units, steering));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let server = {
            let _within = runtime.enter();
            server(listener, state)?
        };
        let handle = server.handle();
        std::thread::Builder::new().name("admin".into()).spawn(move || {
            if let Err(error) = runtime.block_on(server) {
                tracing::error!(%error, "the admin listener's server failed");
            }
            runtime.shutdown_background();
        })?;
        Ok(Self { address, handle })
    }

    /// Where it serves, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection; done once that is so.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // It is told at once; nobody waits for it.
        drop(self.handle.stop(false));
    }
}

fn server(listener: TcpListener, state: Data<State>) -> io::Result<Server> {
    let app = move || App::new().app_data(state.clone()).default_service(web::to(handle));
    let server = HttpServer::new(app)
        .workers(1)
        .worker_max_blocking_threads(4)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(LINGER)
        .keep_alive(IDLE)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
