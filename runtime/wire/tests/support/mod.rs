//! A contract made by hand, a service that does what the test says, and a server and link for it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of this")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use schemars::JsonSchema;
use seam_core::call::{CallOptions, Callable, Client, Dispatch, Entrance, JsonReply};
use seam_core::codec::CodecError;
use seam_core::context::CallContext;
use seam_core::contract::{
    Contract, ContractDescriptor, Layout, Message, Method, MethodDescriptor, MethodSpec, Never,
    Shape,
};
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted};
use seam_core::remote::{
    Caller, Encode, Form, Inbound, Inlet, Outbound, Remote, RemoteReply, ReplyBody, Served,
};
use seam_core::time::Clock;
use seam_core::turn::{Begun, TurnStart};
use seam_wire::{Address, Identity, Link, LinkConfig, RemoteService, Server, ServerConfig};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Answers at once with its arguments.
pub const ECHO: usize = 0;
/// Answers when the test says so.
pub const LATER: usize = 1;
/// Fails as overloaded.
pub const FULL: usize = 2;
/// Answers with a service error.
pub const REFUSE: usize = 3;
/// Arguments of [`ECHO`] whose answer is degraded.
pub const POOR: &str = "poor";

static SPECS: [MethodSpec; 4] = [
    MethodSpec::plain("echo", 0),
    MethodSpec::plain("later", 1),
    MethodSpec::plain("full", 2),
    MethodSpec::plain("refuse", 3),
];

#[derive(Serialize, Deserialize, JsonSchema)]
struct Arguments<const N: usize>;

impl<const N: usize> Message for Arguments<N> {
    const SHAPE: Shape = Shape::EMPTY;

    fn layout(_: &mut Layout) {}
}

impl<const N: usize> Method for Arguments<N> {
    type Contract = TestContract;
    type Answer = u64;
    type Error = Never;
    const SPEC: &'static MethodSpec = &SPECS[N];
}

impl<const N: usize> Callable for Arguments<N> {
    fn begin(_: TurnStart<'_, Self>, (): &()) -> Begun<Self> {
        panic!("the worker has no host")
    }
}

#[derive(Clone)]
struct TestClient;

impl From<Client<TestContract>> for TestClient {
    fn from(_: Client<TestContract>) -> Self {
        Self
    }
}

struct TestContract;

impl Contract for TestContract {
    const NAME: &'static str = "worker";
    const VERSION: &'static str = "1.0";
    type Host = ();
    type Client = TestClient;

    fn descriptor() -> &'static ContractDescriptor {
        contract()
    }
}

impl Dispatch for TestContract {
    fn serve((): &(), _: &Entrance, _: &mut Inbound<'_>, _: &mut Vec<u8>) -> Option<Served> {
        None
    }

    fn call_json(_: &Client<Self>, _: u16, _: &[u8], _: CallOptions) -> Option<JsonReply> {
        None
    }

    fn kept_json(_: u16, _: &[u8]) -> Option<Result<Vec<u8>, NotExecuted>> {
        None
    }
}

fn describe(version: &'static str) -> ContractDescriptor {
    let methods = vec![
        MethodDescriptor::of::<Arguments<0>>(),
        MethodDescriptor::of::<Arguments<1>>(),
        MethodDescriptor::of::<Arguments<2>>(),
        MethodDescriptor::of::<Arguments<3>>(),
    ];
    ContractDescriptor {
        name: "worker".into(),
        version: version.into(),
        doc: String::new(),
        methods,
        events: Vec::new(),
    }
}

pub fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| describe("1.0"))
}

/// The same contract, but `later` has other types, and `refuse` doesn't exist.
pub fn other_contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let mut contract = describe("1.1");
        contract.methods[LATER].hash += 1;
        contract.methods.truncate(REFUSE);
        contract
    })
}

pub fn worker() -> ServiceId {
    ServiceId::of("worker").unwrap()
}

/// A service that does what the test says, and remembers what it was asked.
pub struct Worker {
    contract: &'static ContractDescriptor,
    /// The arguments of every call, in order.
    pub seen: Mutex<Vec<Vec<u8>>>,
    /// Callers, chains and principals, in order.
    pub contexts: Mutex<Vec<String>>,
    /// Who waits in `later`, by arguments.
    waiting: Mutex<HashMap<Vec<u8>, oneshot::Sender<Vec<u8>>>>,
    /// Calls of `later` that ended without an answer.
    pub left: Arc<AtomicUsize>,
}

struct Leaving(Arc<AtomicUsize>, bool);

impl Drop for Leaving {
    fn drop(&mut self) {
        if !self.1 {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Worker {
    pub fn new(contract: &'static ContractDescriptor) -> Arc<Self> {
        Arc::new(Self {
            contract,
            seen: Mutex::default(),
            contexts: Mutex::default(),
            waiting: Mutex::default(),
            left: Arc::default(),
        })
    }

    /// Answers a call of `later`.
    pub fn answer(&self, arguments: &str, answer: &str) {
        let waiting = self.waiting.lock().remove(arguments.as_bytes()).unwrap();
        waiting.send(answer.into()).unwrap();
    }

    /// Returns once so many calls have come.
    pub async fn has_seen(&self, count: usize) {
        eventually("calls", || self.seen.lock().len() >= count).await;
    }

    pub async fn has_lost(&self, count: usize) {
        eventually("callers gone", || self.left.load(Ordering::SeqCst) >= count).await;
    }
}

impl Inlet for Worker {
    fn service(&self) -> ServiceId {
        worker()
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        self.contract
    }

    fn serve(&self, inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served {
        self.seen.lock().push(inbound.body.to_vec());
        let Inbound { caller, context, now, .. } = &inbound;
        let (chain, principal) = (&context.chain, context.principal.as_deref());
        let once = if context.no_retry { " once" } else { "" };
        self.contexts.lock().push(format!("{caller} {chain:?} {principal:?}{once}"));
        match usize::from(inbound.method) {
            ECHO => {
                out.extend_from_slice(inbound.body);
                let served = Served::Answered(*now);
                if inbound.body == POOR.as_bytes() { served.degraded() } else { served }
            }
            LATER => {
                let (send, receive) = oneshot::channel();
                self.waiting.lock().insert(inbound.body.to_vec(), send);
                let leaving = Leaving(Arc::clone(&self.left), false);
                Served::later(async move {
                    // All of it, lest it be dropped at once.
                    let mut leaving = leaving;
                    let bytes = receive.await.unwrap().into();
                    leaving.1 = true;
                    Ok(ReplyBody { bytes, ..ReplyBody::default() })
                })
            }
            FULL => {
                let retry_after = Duration::from_millis(250);
                Served::failed(NotExecuted::Overloaded { retry_after })
            }
            _ => {
                out.extend_from_slice(b"no");
                Served::ServiceError(*now)
            }
        }
    }
}

/// A body that is its own encoding.
struct Raw<'a>(&'a [u8]);

impl Encode for Raw<'_> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend_from_slice(self.0);
        Ok(())
    }
}

pub fn identity(unit: &str) -> Identity {
    Identity::new("shop", unit, "0.1.0")
}

pub async fn serve_at(address: &str, worker: &Arc<Worker>, clock: &Clock) -> Server {
    let config = ServerConfig { clock: clock.clone(), ..ServerConfig::new(identity("pay")) };
    serve_with(config, address, worker).await
}

pub async fn serve_with(config: ServerConfig, address: &str, worker: &Arc<Worker>) -> Server {
    let address: Address = address.parse().unwrap();
    let inlet = Arc::clone(worker) as Arc<dyn Inlet>;
    Server::start(config, &address, vec![inlet], &Handle::current()).await.unwrap()
}

/// A link to an address, and a caller of the worker there.
pub struct Caller1 {
    pub link: Link,
    pub service: Arc<RemoteService>,
    pub clock: Clock,
}

impl Caller1 {
    pub fn open(address: &Address, clock: &Clock) -> Self {
        let config = LinkConfig { clock: clock.clone(), ..LinkConfig::new(identity("front")) };
        Self::open_with(config, address)
    }

    pub fn open_with(config: LinkConfig, address: &Address) -> Self {
        let clock = config.clock.clone();
        let link = Link::open(config, address.clone(), &Handle::current());
        let service = Arc::new(link.service(worker(), contract()));
        Self { link, service, clock }
    }

    pub async fn connect(address: &Address, clock: &Clock) -> Self {
        let caller = Self::open(address, clock);
        within(caller.link.connected()).await;
        caller
    }

    pub fn call(&self, method: usize, arguments: impl AsRef<[u8]>) -> RemoteReply {
        self.call_for(method, arguments, Duration::from_secs(5))
    }

    pub fn call_for(
        &self,
        method: usize,
        arguments: impl AsRef<[u8]>,
        time: Duration,
    ) -> RemoteReply {
        let context = CallContext::root().with_deadline(self.clock.now().after(time));
        self.call_in(&context, method, arguments)
    }

    pub fn call_in(
        &self,
        context: &CallContext,
        method: usize,
        arguments: impl AsRef<[u8]>,
    ) -> RemoteReply {
        self.call_by(Caller::Program, context, method, arguments)
    }

    /// A call as the edge makes it.
    pub fn call_of_edge(&self, method: usize, arguments: impl AsRef<[u8]>) -> RemoteReply {
        let deadline = self.clock.now().after(Duration::from_secs(5));
        let context = CallContext::root().with_deadline(deadline);
        self.call_by(Caller::Edge, &context, method, arguments)
    }

    fn call_by(
        &self,
        caller: Caller,
        context: &CallContext,
        method: usize,
        arguments: impl AsRef<[u8]>,
    ) -> RemoteReply {
        let sent = self.service.send(Outbound {
            service: worker(),
            method: &SPECS[method],
            caller,
            context,
            body: &Raw(arguments.as_ref()),
            form: Form::Encoded,
            now: self.clock.now(),
            tried: 0,
            key: None,
            waker: std::task::Waker::noop(),
        });
        sent.by(&(Arc::clone(&self.service) as Arc<dyn Remote>))
    }
}

pub fn text(result: Result<ReplyBody, Failure>) -> String {
    let body = result.unwrap();
    format!("{:?} {}", body.kind, String::from_utf8_lossy(&body.bytes))
}

/// Waits for what must come, but not for ever.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("it never came")
}

pub async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}: it never came");
        tokio::task::yield_now().await;
    }
}
