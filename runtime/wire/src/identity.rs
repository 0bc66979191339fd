//! Who speaks on this side of every connection.

use seam_core::contract::ContractDescriptor;
use seam_core::remote::Form;

use crate::agree::ANY_LAYOUT;
use crate::frame::{Hello, MethodOffer, ServiceOffer, ServiceSetBuf, Versions};
use crate::limits::{DEFAULT_WINDOW, MAX_FRAME};
use crate::violation::EncodeError;

/// The unit on this side, as it says hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The app; a connection between different ones is refused.
    pub app: String,
    /// The unit.
    pub unit: String,
    /// Which of the unit's instances; default 0.
    pub instance: u16,
    /// The build of the app.
    pub release: String,
    /// A random number per process start.
    pub launch: u64,
    /// How many calls a peer may have in flight on one connection; default 1,024.
    pub window: u32,
    /// The largest frame taken; default 4 MiB, and never more.
    pub max_frame: u32,
}

impl Identity {
    /// The identity of this process: a new launch id, and the default limits.
    pub fn new(
        app: impl Into<String>,
        unit: impl Into<String>,
        release: impl Into<String>,
    ) -> Self {
        Self {
            app: app.into(),
            unit: unit.into(),
            instance: 0,
            release: release.into(),
            launch: fastrand::u64(1..),
            window: DEFAULT_WINDOW,
            max_frame: MAX_FRAME as u32,
        }
    }

    /// The same for another instance of the unit.
    #[must_use]
    pub const fn instance(mut self, instance: u16) -> Self {
        self.instance = instance;
        self
    }

    /// Whether this unit can tell others who it is and that it hosts these services, by their names
    /// here and their contracts: whether they fit a hello. For those who lay units out.
    ///
    /// # Errors
    ///
    /// What is too long, or too much.
    pub fn check_hello<'s>(
        &self,
        services: impl IntoIterator<Item = (&'s str, &'s ContractDescriptor)>,
    ) -> Result<(), EncodeError> {
        let offers = services.into_iter().map(|(name, contract)| offer(name, contract));
        let hello = self.hello(offers.collect());
        // In any instance, whichever of them are active there.
        let active = Some(ServiceSetBuf::new(hello.services.iter().map(|_| false)));
        Hello { instance: u16::MAX, active, ..hello }.encode(&mut Vec::new())
    }

    /// The hello of this unit, which offers these services.
    pub(crate) fn hello(&self, services: Vec<ServiceOffer>) -> Hello {
        Hello {
            app: self.app.clone(),
            unit: self.unit.clone(),
            release: self.release.clone(),
            launch: self.launch,
            credit: self.window,
            max_frame: self.max_frame.min(MAX_FRAME as u32),
            services,
            instance: self.instance,
            active: None,
            versions: Some(Versions::CURRENT),
        }
    }
}

/// A service as a hello lists it: its name here, and its contract's version and methods.
pub(crate) fn offer(name: &str, contract: &ContractDescriptor) -> ServiceOffer {
    let methods = contract
        .methods
        .iter()
        .map(|method| MethodOffer { name: method.name.clone(), layout: method.hash });
    ServiceOffer {
        name: name.to_owned(),
        version: contract.version.clone(),
        methods: methods.collect(),
    }
}

/// A service as it is wanted of a peer, whose calls are made in that form.
pub(crate) fn wanted(name: &str, contract: &ContractDescriptor, form: Form) -> ServiceOffer {
    let mut wanted = offer(name, contract);
    if form == Form::Json {
        wanted.methods.iter_mut().for_each(|method| method.layout = ANY_LAYOUT);
    }
    wanted
}
