//! The way in to services that this unit may come to host while it runs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::outcome::NotExecuted;
use seam_core::remote::{Inbound, Inlet, Served};

/// The way in to a service that isn't here yet. Peers know it by a number from the first hello on.
pub(super) struct LaterInlet {
    service: ServiceId,
    descriptor: &'static ContractDescriptor,
    inlet: OnceLock<Arc<dyn Inlet>>,
}

impl LaterInlet {
    pub(super) fn new(service: ServiceId, descriptor: &'static ContractDescriptor) -> Self {
        Self { service, descriptor, inlet: OnceLock::new() }
    }

    /// The service is here.
    pub(super) fn open(&self, inlet: Arc<dyn Inlet>) {
        // A service is brought to life once, and comes back to the same host.
        let _ = self.inlet.set(inlet);
    }
}

impl Inlet for LaterInlet {
    fn service(&self) -> ServiceId {
        self.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        self.descriptor
    }

    fn serve(&self, inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served {
        match self.inlet.get() {
            Some(inlet) => inlet.serve(inbound, out),
            None => Served::failed(NotExecuted::unavailable("the service isn't in this unit")),
        }
    }
}

impl fmt::Debug for LaterInlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LaterInlet({})", self.service)
    }
}
