//! What is added to an edge.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use seam_core::contract::{ContractDescriptor, MethodDescriptor};
use seam_core::metrics::{Ended, Meters, MethodMetrics, Way};
use seam_core::name::{Caller, ServiceId};
use seam_core::record::Recorder;
use seam_core::time::Clock;

use crate::http::{OwnRoutes, StatusCode};
use crate::modules::Modules;
use crate::openapi::About;
use crate::push::Pushes;
use crate::security::SecurityPlugin;
use crate::shape::Shape;
use crate::tickets::Tickets;
use crate::together::Together;

/// What is added to an edge: by its program, and by who keeps calls. Default: nothing.
#[derive(Clone, Default)]
pub struct Own {
    /// What the document of the API is called.
    pub about: About,
    /// Routes that are tried when no contract has one.
    pub routes: Option<OwnRoutes>,
    /// How errors of the edge and the runtime look.
    pub problems: Option<Shape>,
    /// How errors of services look, if not as their contracts say.
    pub errors: Option<Shape>,
    /// Who keeps calls that are made later. Without it such a call is made at once, whatever its
    /// client would rather have, and there is no ticket of any id.
    pub tickets: Option<Arc<dyn Tickets>>,
    /// What says who asks, and who may, beside the edge's own ways; asked in this order.
    pub plugins: Vec<Arc<dyn SecurityPlugin>>,
    /// The way to modules that no contract has. Without it the form gateway knows none.
    pub modules: Option<Arc<dyn Modules>>,
    /// By which it counts together with the app's other edges. Without it, it counts for itself.
    pub together: Option<Arc<dyn Together>>,
    /// Which instance of which unit the edge is of: `front.0`. With it, answers of services say by the
    /// header `x-seam-instance` which one has served them.
    pub instance: Option<Arc<str>>,
    /// What finished requests are written to. Without it they are counted and not recorded.
    pub recorder: Option<Arc<Recorder>>,
    /// Who hears what services push to clients. Without it there is nothing at `/push`.
    pub pushes: Option<Arc<dyn Pushes>>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own")
            .field("about", &self.about)
            .field("routes", &self.routes.is_some())
            .field("problems", &self.problems.is_some())
            .field("errors", &self.errors.is_some())
            .field("tickets", &self.tickets.is_some())
            .field("plugins", &self.plugins.len())
            .field("modules", &self.modules.is_some())
            .field("together", &self.together.is_some())
            .field("instance", &self.instance)
            .field("recorder", &self.recorder.is_some())
            .field("pushes", &self.pushes.is_some())
            .finish()
    }
}

/// What the program's own routes were asked, all of them together.
#[derive(Debug, Default)]
pub(crate) struct OwnMetrics(OnceLock<Meters>);

/// They are counted as one method of the edge.
static COUNTED: LazyLock<ContractDescriptor> = LazyLock::new(|| {
    let method = MethodDescriptor::plain("own", 0);
    let (name, version) = ("edge".into(), "1.0".into());
    ContractDescriptor { name, version, doc: String::new(), methods: vec![method], events: vec![] }
});

impl OwnMetrics {
    /// Counts a request that was answered with `status`, and took so many nanoseconds.
    pub(crate) fn count(&self, status: StatusCode, nanos: u64, clock: &Clock) {
        let Some(edge) = ServiceId::of(&COUNTED.name) else { return };
        let meters = self.0.get_or_init(|| {
            // They are requests, and recorded as such.
            let recorder = Arc::new(Recorder::new(clock, 0));
            Meters::new(edge, &COUNTED, recorder, clock.clone())
        });
        let ended = match status {
            status if status.is_server_error() => Ended::Unknown,
            status if status.is_client_error() => Ended::ServiceError,
            _ => Ended::Answered,
        };
        meters.of(Caller::Edge).count(Way::Near, 0, ended, nanos);
    }

    pub(crate) fn read(&self) -> Option<MethodMetrics> {
        self.0.get()?.served().pop().map(|(_, metrics)| metrics)
    }
}
