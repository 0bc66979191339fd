//! What an edge can be told.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use ipnet::IpNet;
use seam_core::contract::Rule;
use seam_core::policy::Quota;
use seam_core::time::Clock;

use crate::auth::Authenticators;
use crate::openapi::{Asks, Scheme};
use crate::versions::Versions;
use crate::web::WebSettings;

/// Where an edge listens and what it lets in.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// The address to listen on; port 0 takes a free one. Default: `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Threads that serve requests, 1 to 512. Default: as many as cores: with more, connections of
    /// one thread wait while another has the core, for a scheduler's time slice and not a request's.
    pub workers: usize,
    /// What a request may take, from its head to its answer, for methods that declare no shorter
    /// deadline. Default: 12 s, which clients of message-queue gateways expect.
    pub deadline: Duration,
    /// For how long, once it is told to stop, everything is still answered while `/readyz` says no.
    /// Default: 1 s.
    pub notice: Duration,
    /// What stands before a code in a problem's `type`, such as `https://example.com/errors/`.
    /// Default: `/errors/`, the edge's own pages.
    pub errors: Arc<str>,
    /// Whether somebody is known here, by a credential. Where nobody is, and no request says who sent it,
    /// rules have nothing to go by, and all may ask for everything. Default: no.
    pub known: bool,
    /// Who may ask for which method, by `service.method`, in place of what contracts say. Default: none.
    pub allow: Arc<HashMap<String, Rule>>,
    /// Which major of a service is asked for by who doesn't say. Default: the lowest.
    pub versions: Arc<Versions>,
    /// What it says to browsers and caches, and the folders that it shows.
    pub web: Arc<WebSettings>,
    /// By which kinds of credentials, for the document of the API. Default: none.
    pub schemes: Vec<Scheme>,
    /// How clients show who they are. Default: nobody can.
    pub auth: Authenticators,
    /// Whether requests that come without TLS are sent to where the edge speaks it, but for
    /// `/healthz` and `/readyz`. Default: no.
    pub redirect: bool,
    /// What it lets in.
    pub limits: EdgeLimits,
    /// What a method may be asked for, as [`EdgeLimits::rate`] has it for all together: by its name, as
    /// `user.create`, in place of what its contract says. Default: none.
    pub rates: Arc<HashMap<String, Option<Quota>>>,
    /// Whom it believes what they say of the clients behind them, by `X-Forwarded-For`,
    /// `X-Forwarded-Proto` and the PROXY protocol. Default: nobody.
    pub trusted: Arc<[IpNet]>,
    /// The clock of the clients that it calls with. Default: the production clock.
    pub clock: Clock,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            workers: available_parallelism().map_or(2, |cores| cores.get().min(512)),
            deadline: Duration::from_secs(12),
            notice: Duration::from_secs(1),
            errors: "/errors/".into(),
            known: false,
            allow: Arc::default(),
            versions: Arc::default(),
            web: Arc::default(),
            schemes: Vec::new(),
            auth: Authenticators::default(),
            redirect: false,
            limits: EdgeLimits::default(),
            rates: Arc::default(),
            trusted: Arc::default(),
            clock: Clock::fast(),
        }
    }
}

impl EdgeSettings {
    /// What the document of the API says of credentials.
    pub fn asks(&self) -> Asks<'_> {
        Asks { known: self.known, schemes: &self.schemes, allow: &self.allow }
    }
}

/// The limits of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeLimits {
    /// The largest head of a request, in bytes; beyond it: 431. Default: 16 KiB.
    pub head: usize,
    /// What a head may take to arrive; then 408. Default: 5 s.
    pub head_time: Duration,
    /// The largest body, in bytes; beyond it: 413. Default: 1 MiB.
    pub body: usize,
    /// What a body may take to arrive; then 408. Default: 30 s.
    pub body_time: Duration,
    /// How fast a body must arrive on average, in bytes a second; else 408. Default: 1 KiB/s.
    pub body_speed: NonZeroU32,
    /// From when on a body's speed counts. Default: 5 s.
    pub body_patience: Duration,
    /// How long a client may take nothing of what it is sent; then it is left. Default: 10 s.
    pub write_time: Duration,
    /// How long a connection may wait for its next request. Default: 60 s.
    pub idle_time: Duration,
    /// Connections at once; more are closed. Default: 10,000.
    pub connections: usize,
    /// Connections at once from one address; more are closed. Default: 100.
    pub connections_per_address: usize,
    /// Requests of one credential, or without one of one address (for IPv6, of one /64), over all
    /// edges of the app; beyond it: 429. Default: no limit.
    pub rate: Option<Quota>,
    /// Wrong credentials from one address, or /64; beyond it none of it is looked at: 429.
    /// Default: 1,000 in 60 s.
    pub failures: Option<Quota>,
    /// Requests that are answered at once; beyond it: 503. Default: 0, no limit.
    pub in_flight: u32,
    /// What becomes of a key of the query that nothing is read from. Default: the request is
    /// refused.
    pub unknown_query: UnknownQuery,
}

/// What becomes of keys of a query that nothing is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownQuery {
    /// 400, and the key is named.
    #[default]
    Refuse,
    /// They are passed over.
    Ignore,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            head: 16 << 10,
            head_time: Duration::from_secs(5),
            body: 1 << 20,
            body_time: Duration::from_secs(30),
            body_speed: const { NonZeroU32::new(1 << 10).expect("it isn't zero") },
            body_patience: Duration::from_secs(5),
            write_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            connections: 10_000,
            connections_per_address: 100,
            rate: None,
            failures: Quota::new(1000, Duration::from_secs(60)),
            in_flight: 0,
            unknown_query: UnknownQuery::default(),
        }
    }
}
