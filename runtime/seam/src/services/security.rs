//! Plug-ins of the edge, their types hidden: what is known of them, and how they are started.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use seam_core::actor::{Clients, NeededBy, Needs, StartError};
use seam_core::call::ClientOf;
use seam_core::context::Principal;
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::time::Clock;
use seam_gateway::{Asked, AskedRequest, Refusal, SecurityPlugin};
use serde::de::DeserializeOwned;

use crate::config::{KnownPlugin, Settings};

/// A plug-in of the edge: it says who asks, who may, or both.
///
/// It runs on the threads that answer requests, so it mustn't block. Within 500 ms it has to have said
/// what it says: a request that it is silent about, or panics over, is answered by 503.
///
/// ```
/// use seam::edge::{Asked, Refusal, Security, SecuritySetup};
/// use seam::actor::StartError;
///
/// struct Curfew { closed: Vec<String> }
///
/// #[seam::config]
/// struct CurfewConfig { closed: Vec<String> }
///
/// impl Security for Curfew {
///     const NAME: &'static str = "curfew";
///     type Config = CurfewConfig;
///     type Needs = ();
///
///     async fn start(setup: &SecuritySetup<Self>) -> Result<Self, StartError> {
///         Ok(Self { closed: setup.config().closed.clone() })
///     }
///
///     async fn authorize(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
///         match asked.method().is_some_and(|method| self.closed.iter().any(|own| own == method)) {
///             true => Err(Refusal::denied("closed", "this is closed for now")),
///             false => Ok(()),
///         }
///     }
/// }
///
/// let app = seam::App::new("shop").security::<Curfew>();
/// # let _ = app;
/// ```
pub trait Security: Sized + Send + Sync + 'static {
    /// Its name: that of its table, `[edge.plugins.NAME]`, and the one by which it calls services.
    const NAME: &'static str;
    /// Whether it knows clients: only then is it asked who they are, and the edge takes them for known.
    const KNOWS_CLIENTS: bool = false;
    /// `[edge.plugins.NAME]`; `()` if there is nothing to say.
    type Config: DeserializeOwned + Send + Sync + 'static;
    /// The clients of the services that it may call.
    type Needs: Needs;

    /// Makes the plug-in, before the edge serves.
    fn start(setup: &SecuritySetup<Self>) -> impl Future<Output = Result<Self, StartError>> + Send;

    /// Who sent a request; none if this plug-in doesn't know, and then the edge's own ways are tried.
    fn authenticate(
        &self,
        request: &AskedRequest<'_>,
    ) -> impl Future<Output = Result<Option<Principal>, Refusal>> + Send {
        let _ = request;
        async { Ok(None) }
    }

    /// Whether a request may be answered, once its rule has let it in.
    fn authorize(&self, asked: &Asked<'_>) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = asked;
        async { Ok(()) }
    }
}

/// What a plug-in may use.
pub struct SecuritySetup<S: Security> {
    id: ServiceId,
    config: S::Config,
    clients: Arc<dyn Clients>,
    clock: Clock,
}

impl<S: Security> SecuritySetup<S> {
    /// `[edge.plugins.NAME]`.
    pub const fn config(&self) -> &S::Config {
        &self.config
    }

    /// The clock that the runtime goes by.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A client of a service that the plug-in's `Needs` lists; any other is a compile error.
    ///
    /// # Errors
    /// [`StartError::NoSuchService`] if the app has no service of that contract.
    pub fn client<K, I>(&self) -> Result<K, StartError>
    where
        K: ClientOf + NeededBy<S::Needs, I>,
    {
        self.clients.typed(self.id)
    }
}

impl<S: Security> std::fmt::Debug for SecuritySetup<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SecuritySetup").field(&self.id).finish()
    }
}

/// A plug-in that an app has registered.
pub(crate) trait RegisteredPlugin: Send + Sync + 'static {
    /// As whom it calls services.
    fn id(&self) -> ServiceId;

    /// The contracts that its `Needs` lists.
    fn needs(&self) -> Vec<&'static ContractDescriptor>;

    /// What config has to know of it.
    fn known(&self) -> KnownPlugin;

    /// Starts it; `settings` is its table.
    fn start<'a>(
        &'a self,
        settings: &'a Settings,
        clients: Arc<dyn Clients>,
        clock: Clock,
    ) -> BoxFuture<'a, Result<Arc<dyn SecurityPlugin>, String>>;
}

/// The plug-in `S`.
pub(super) struct Plugin<S> {
    id: ServiceId,
    plugin: PhantomData<fn() -> S>,
}

impl<S> Plugin<S> {
    pub(super) const fn new(id: ServiceId) -> Self {
        Self { id, plugin: PhantomData }
    }
}

impl<S: Security> RegisteredPlugin for Plugin<S> {
    fn id(&self) -> ServiceId {
        self.id
    }

    fn needs(&self) -> Vec<&'static ContractDescriptor> {
        S::Needs::contracts()
    }

    fn known(&self) -> KnownPlugin {
        KnownPlugin::new::<S::Config>(S::NAME, S::KNOWS_CLIENTS)
    }

    fn start<'a>(
        &'a self,
        settings: &'a Settings,
        clients: Arc<dyn Clients>,
        clock: Clock,
    ) -> BoxFuture<'a, Result<Arc<dyn SecurityPlugin>, String>> {
        Box::pin(async move {
            let config = settings.read::<S::Config>().map_err(|problem| problem.to_string())?;
            let setup = SecuritySetup::<S> { id: self.id, config, clients, clock };
            let plugin = S::start(&setup).await.map_err(|error| error.to_string())?;
            Ok(Arc::new(Started(plugin)) as _)
        })
    }
}

/// A plug-in at work.
struct Started<S>(S);

impl<S: Security> SecurityPlugin for Started<S> {
    fn name(&self) -> &str {
        S::NAME
    }

    fn knows_clients(&self) -> bool {
        S::KNOWS_CLIENTS
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a AskedRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<Principal>, Refusal>> {
        Box::pin(self.0.authenticate(request))
    }

    fn authorize<'a>(&'a self, asked: &'a Asked<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.0.authorize(asked))
    }
}
